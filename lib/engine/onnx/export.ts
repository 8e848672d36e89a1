/** Any graph as a self-contained .onnx file. */

import { topological } from "../../graph/node.ts";
import type { Graph } from "../engine.ts";
import { Builder } from "./builder.ts";
import { type FreeAxis, withFreeAxis } from "./free_axis.ts";
import { writeModel } from "./program.ts";
import { encodeModel, type OnnxGraph } from "./proto.ts";

/** Names of the inputs and outputs of a file. */
interface Names {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Writes `graph` as an ONNX model (operator set 18). Inputs that are placeholders become inputs of the model under
 * `names.inputs`, in order; leaves whose numbers are known become part of the file.
 *
 * @throws Error if the names do not fit the graph, or a name occurs twice.
 */
export function exportOnnx(graph: Graph, names: Names): Uint8Array {
  return encodeModel(modelOf(graph, names).model);
}

/**
 * The same of one program for {@linkcode sampleSizes}, in their order, as one model whose size is free.
 *
 * @throws PlumblineError G301 if the programs differ in more than what follows from the size.
 */
export function exportWithFreeAxis(graphs: readonly Graph[], names: Names, free: FreeAxis): Uint8Array {
  const all = graphs.map((graph) => modelOf(graph, names, [free.name]));
  const { b } = all[0]!;
  return encodeModel(
    withFreeAxis(all.map((x) => x.model), free, { fresh: (prefix) => b.fresh(prefix), origins: b.origins }),
  );
}

function modelOf(graph: Graph, names: Names, others: readonly string[] = []): { model: OnnxGraph; b: Builder } {
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
  const b = new Builder({ reserved: [...all, ...others] });
  return { model: writeModel(b, inputs, outputs), b };
}

function check(kind: string, names: readonly string[], count: number): void {
  if (names.length !== count) throw new Error(`the graph has ${count} ${kind}, but ${names.length} names were given.`);
}
