/** Any function of tensors as an .onnx file that ONNX Runtime runs; the parameters that it uses are stored in it. */

import { constant, type Node, placeholder, substitute, topological } from "../graph/node.ts";
import { simplify } from "../graph/simplify.ts";
import { Storage } from "../graph/storage.ts";
import { Tensor } from "../tensor/tensor.ts";
import { restoring, traced } from "../tensor/trace.ts";
import { evaluate } from "./evaluate.ts";

/** Values that are known (parameters) as leaves with their numbers in host memory. */
async function embed(outputs: readonly Node[]): Promise<Node[]> {
  const known = (x: Node): boolean => !x.traced && (x.owner !== null || x.op === "input");
  const nodes = topological(outputs, known).filter(known);
  await evaluate(nodes);
  const leaves = await Promise.all(nodes.map(async (x) => {
    const data = await x.value!.read();
    return [x, constant(x, new Storage(x.dtype, data.length, data).share())] as const;
  }));
  return simplify(substitute(outputs, new Map(leaves)));
}

/**
 * Traces `fn` with inputs of the shapes and dtypes of `inputs`, and writes it with the current values of the parameters. A file
 * has no state: what `fn` assigns is used by what it returns, and is as before afterwards.
 *
 * @returns the bytes of the file; its inputs and outputs have the names given.
 *
 * @example
 * ```ts
 * import { exportOnnx, HostRandom, MLP, zeros } from "../../mod.ts";
 *
 * const net = new MLP([4, 8, 2], new HostRandom(0));
 * const bytes = await exportOnnx((x) => ({ y: net.forward(x) }), { x: zeros([1, 4]) });
 * console.log(bytes.length > 0); // true
 * ```
 */
export async function exportOnnx(
  fn: (...inputs: Tensor[]) => Readonly<Record<string, Tensor>>,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Uint8Array> {
  const { exportOnnx: write } = await import("./onnx/export.ts");
  const names = Object.keys(inputs);
  const given = names.map((name) => placeholder(inputs[name]!.node, name));
  const results = restoring(() =>
    traced(
      () => fn(...given.map((x) => new Tensor(x))),
      (record) => Object.values(record).map((x) => x.node),
    )
  );
  const outputs = await embed(Object.values(results).map((x) => x.node));
  return write(
    { inputs: given, outputs, donated: new Map() },
    { inputs: names, outputs: Object.keys(results) },
  );
}
