/** Any graph as a self-contained .onnx file. */

import { topological } from "../../graph/node.ts";
import type { Graph } from "../engine.ts";
import { Builder } from "./builder.ts";
import { writeModel } from "./program.ts";
import { encodeModel } from "./proto.ts";

/**
 * Writes `graph` as an ONNX model (operator set 18). Inputs that are placeholders become inputs of the model under
 * `names.inputs`, in order; leaves whose numbers are known become part of the file.
 *
 * @throws Error if the names do not fit the graph, or a name occurs twice.
 */
export function exportOnnx(graph: Graph, names: { inputs: string[]; outputs: string[] }): Uint8Array {
  const open = graph.inputs.filter((x) => x.value === null);
  check("inputs", names.inputs, open.length);
  check("outputs", names.outputs, graph.outputs.length);
  const all = [...names.inputs, ...names.outputs];
  const twice = all.find((x, i) => all.indexOf(x) !== i);
  if (twice !== undefined) {
    throw new TypeError(`the name "${twice}" is given to two inputs or outputs of the ONNX model.`);
  }
  const unknown = topological(graph.outputs).find((x) => x.op === "input" && x.value === null && !open.includes(x));
  if (unknown) {
    throw new Error(`the graph depends on ${unknown.dtype} [${unknown.shape}], which is not among its inputs.`);
  }
  const inputs = open.map((node, i) => ({ name: names.inputs[i]!, node }));
  const outputs = graph.outputs.map((node, i) => ({ name: names.outputs[i]!, node }));
  return encodeModel(writeModel(new Builder({ reserved: all }), inputs, outputs));
}

function check(kind: string, names: readonly string[], count: number): void {
  if (names.length !== count) throw new Error(`the graph has ${count} ${kind}, but ${names.length} names were given.`);
}
