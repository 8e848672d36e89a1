/** Any function of tensors as an .onnx file that ONNX Runtime runs; the parameters that it uses are stored in it. */

import { signature } from "../graph/arguments.ts";
import { rememberFunction } from "../graph/cell.ts";
import { refuseChanging, untilClockMoves } from "../forensics/reads/frozen.ts";
import { collectOpen } from "../forensics/steps/first_step.ts";
import { PlumblineError } from "../graph/error.ts";
import { constant, type Node, placeholder, substitute, topological } from "../graph/node.ts";
import { simplify } from "../graph/simplify.ts";
import { callerSite } from "../graph/site.ts";
import { Storage } from "../graph/storage.ts";
import { anything, callable, told } from "../graph/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";
import { refusePromise, restoring, traced } from "../graph/trace.ts";
import { Variable } from "../tensor/variable.ts";
import { evaluate } from "../tensor/settle.ts";

type Named = Readonly<Record<string, Tensor>>;

/** Throws unless `given` are tensors by their names. */
function checkNamed(given: Named, what: string): Named {
  const isTensor = (x: unknown): boolean => x instanceof Tensor;
  const isRecord = given instanceof Object && !Array.isArray(given) && !isTensor(given);
  if (isRecord && Object.values(given).every(isTensor)) return given;
  const found = isTensor(given) ? "one tensor" : isRecord ? "what is no tensor" : told(given);
  throw new TypeError(`exportOnnx() needs ${what} as tensors by name, { x: tensor }, and found ${found}.`);
}

/** A random key that is moved on would be the same at each run of a file. */
function refuseFrozenKey(assigned: Iterable<object>): void {
  for (const variable of assigned) {
    if (!(variable instanceof Variable) || variable.dtype !== "uint32") continue;
    throw new PlumblineError({
      code: "G203",
      message:
        `an exported function moves \`${variable.label}\` on; a file has no state, so each run would draw the same.`,
      sites: [variable.node.site],
      help: "make a key one of the inputs:  exportOnnx((x, key) => .., { x, key: randomKey(0) })",
    });
  }
}

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

const takesExport = signature("exportOnnx()", { fn: callable, inputs: anything });

/**
 * Traces `fn` with inputs of the shapes and dtypes of `inputs`, and writes it with the current values of the parameters. A file
 * has no state: what `fn` assigns is used by what it returns, and is as before afterwards.
 *
 * @returns the bytes of the file; its inputs and outputs have the names given.
 * @throws PlumblineError G102 for values used while tracing, G203 for a random generator or what else changes from call to call,
 * TypeError for outputs without names.
 *
 * @example
 * ```ts
 * import { exportOnnx, HostRandom, MLP, zeros } from "@plumbline/plumbline";
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
  takesExport(arguments);
  const site = callerSite();
  const { exportOnnx: write } = await import("../engine/onnx/export.ts");
  const names = Object.keys(checkNamed(inputs, "its inputs"));
  if (fn.length > names.length) {
    throw new TypeError(
      `exportOnnx() traces a function of ${fn.length} arguments, and was given ${names.length} inputs: one for each.`,
    );
  }
  const given = names.map((name) => placeholder(inputs[name]!.node, name));
  const known = rememberFunction(fn);
  const name = "the exported function";
  const trace = (): Named =>
    restoring(() =>
      traced(
        () => checkNamed(refusePromise(known(...given.map((x) => new Tensor(x))), name), "its outputs"),
        (record) => Object.values(record).map((x) => x.node),
      ), refuseFrozenKey);
  const results = trace();
  const nodesOf = (record: Named): Node[] => Object.values(record).map((x) => x.node);
  const place = { site, note: "exported here" };
  untilClockMoves();
  refuseChanging(nodesOf(results), nodesOf(collectOpen(trace).result), { name, place });
  const outputs = await embed(nodesOf(results));
  return write(
    { inputs: given, outputs, donated: new Map() },
    { inputs: names, outputs: Object.keys(results) },
  );
}
