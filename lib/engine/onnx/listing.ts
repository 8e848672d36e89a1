/** An ONNX graph as lines to read. */

import type { OnnxAttribute, OnnxGraph, OnnxNode } from "./proto.ts";

function attributeText(value: OnnxAttribute): string {
  if (typeof value !== "object") return String(value);
  return "nodes" in value ? value.name : `[${value}]`;
}

function line({ op, inputs, outputs, attributes }: OnnxNode): string {
  const settings = Object.entries(attributes).map(([key, value]) => ` ${key}=${attributeText(value)}`);
  return `${outputs.join(", ")} = ${op}(${inputs.join(", ")})${settings.join("")}`;
}

/** One line an operation; the body of a loop follows it, indented. */
export function listModel(graph: OnnxGraph): string[] {
  return graph.nodes.flatMap((node) => [
    line(node),
    ...Object.values(node.attributes).flatMap((x) =>
      typeof x === "object" && "nodes" in x ? listModel(x).map((text) => `  ${text}`) : []
    ),
  ]);
}
