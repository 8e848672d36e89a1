/** Any function of tensors as an .onnx file that ONNX Runtime runs; the parameters that it uses are stored in it. */

import { signature } from "../graph/arguments.ts";
import { rememberFunction } from "../graph/cell.ts";
import { refuseChanging, untilClockMoves } from "../forensics/reads/frozen.ts";
import { collectOpen } from "../forensics/steps/first_step.ts";
import { PlumblineError } from "../graph/error.ts";
import { constant, type Node, placeholder, substitute, topological } from "../graph/node.ts";
import { simplify } from "../graph/simplify.ts";
import { callerSite, type Site } from "../graph/site.ts";
import { Storage } from "../graph/storage.ts";
import { anything, callable, kindOf, options, told } from "../graph/kinds.ts";
import { type Aval, aval } from "../graph/types.ts";
import type { Graph } from "../engine/engine.ts";
import type { FreeAxis } from "../engine/onnx/free_axis.ts";
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

/** Settings of {@linkcode exportOnnx}. */
export interface ExportOptions {
  /**
   * Axes of inputs whose size is free, with one name for all of them, as torch.onnx.export has it:
   * `{ x: { 0: "batch" } }`. Which axes of the outputs follow is found.
   */
  dynamicAxes?: Readonly<Record<string, Readonly<Record<number, string>>>>;
}

const takesExport = signature("exportOnnx()", {
  fn: callable,
  inputs: anything,
  options: options<ExportOptions>({
    dynamicAxes: kindOf('axes by the names of inputs, { x: { 0: "batch" } }', isNested),
  }),
});

function isNested(x: unknown): boolean {
  const isRecord = (y: unknown): y is object => typeof y === "object" && y !== null && !Array.isArray(y);
  return isRecord(x) &&
    Object.values(x).every((y) => isRecord(y) && Object.values(y).every((z) => typeof z === "string"));
}

/** The free axes, each with its input; throws if they are not there or have several names. */
function freeAxes(inputs: Named, { dynamicAxes = {} }: ExportOptions): FreeAxis[] {
  const found = Object.entries(dynamicAxes).flatMap(([input, axes]) =>
    Object.entries(axes).map(([axis, name]) => {
      const rank = inputs[input]?.rank ?? 0;
      if (Number.isInteger(Number(axis)) && Number(axis) >= 0 && Number(axis) < rank) {
        return { input, axis: Number(axis), name };
      }
      throw new TypeError(
        `exportOnnx() has dynamicAxes of axis ${axis} of \`${input}\`, ${
          inputs[input] ? `which has ${rank} axes, from 0` : "which is no input"
        }.`,
      );
    })
  );
  const names = new Set(found.map((x) => x.name));
  if (names.size <= 1) return found;
  throw new TypeError(`exportOnnx() leaves one size free, and dynamicAxes name several: ${[...names].join(", ")}.`);
}

/**
 * Traces `fn` with inputs of the shapes and dtypes of `inputs`, and writes it with the current values of the parameters. A file
 * has no state: what `fn` assigns is used by what it returns, and is as before afterwards.
 *
 * With `dynamicAxes` a size is left free, as that of a batch: `fn` is traced for three sizes, and what is written is what it is for
 * all of them. A file runs with any size that `fn` would take.
 *
 * @returns the bytes of the file; its inputs and outputs have the names given.
 * @throws PlumblineError G102 for values used while tracing, G203 for a random generator or what else changes from call to call,
 * G301 for a free size on which the program itself depends, TypeError for outputs without names and for free axes that are not there.
 *
 * @example
 * ```ts
 * import { exportOnnx, HostRandom, MLP, zeros } from "@plumbline/plumbline";
 *
 * const net = new MLP([4, 8, 2], new HostRandom(0));
 * const dynamicAxes = { x: { 0: "batch" } };
 * const bytes = await exportOnnx((x) => ({ y: net.forward(x) }), { x: zeros([1, 4]) }, { dynamicAxes });
 * console.log(bytes.length > 0); // true
 * ```
 */
export async function exportOnnx(
  fn: (...inputs: Tensor[]) => Readonly<Record<string, Tensor>>,
  inputs: Readonly<Record<string, Tensor>>,
  settings: ExportOptions = {},
): Promise<Uint8Array> {
  takesExport(arguments);
  const site = callerSite();
  const { exportOnnx: write, exportWithFreeAxis } = await import("../engine/onnx/export.ts");
  const names = Object.keys(checkNamed(inputs, "its inputs"));
  if (fn.length > names.length) {
    throw new TypeError(
      `exportOnnx() traces a function of ${fn.length} arguments, and was given ${names.length} inputs: one for each.`,
    );
  }
  const known = rememberFunction(fn);
  const free = freeAxes(inputs, settings);
  const traceOf = async (size: number | null): Promise<{ graph: Graph; outputs: string[] }> => {
    const given = names.map((name) => placeholder(sized(inputs[name]!.node, name, free, size), name));
    const results = traceTwice(known, given, site);
    const outputs = await embed(nodesOf(results));
    return { graph: { inputs: given, outputs, donated: new Map() }, outputs: Object.keys(results) };
  };
  const [first] = free;
  if (!first) {
    const { graph, outputs } = await traceOf(null);
    return write(graph, { inputs: names, outputs });
  }
  const { sampleSizes } = await import("../engine/onnx/free_axis.ts");
  const all: Awaited<ReturnType<typeof traceOf>>[] = [];
  for (const size of sampleSizes) all.push(await traceOf(size));
  return exportWithFreeAxis(all.map((x) => x.graph), { inputs: names, outputs: all[0]!.outputs }, first);
}

/** The abstract value of an input, its free axes of `size`. */
function sized(node: Node, name: string, free: readonly FreeAxis[], size: number | null): Aval {
  const isFree = (axis: number): boolean => free.some((x) => x.input === name && x.axis === axis);
  return aval(node.dtype, node.shape.map((n, axis) => size !== null && isFree(axis) ? size : n), node.axes);
}

const nodesOf = (record: Named): Node[] => Object.values(record).map((x) => x.node);

/** Traces the function, and once more, to see that it is the same. */
function traceTwice(known: (...inputs: Tensor[]) => Named, given: readonly Node[], site: Site): Named {
  const name = "the exported function";
  const trace = (): Named =>
    restoring(() =>
      traced(
        () => checkNamed(refusePromise(known(...given.map((x) => new Tensor(x))), name), "its outputs"),
        (record) => Object.values(record).map((x) => x.node),
      ), refuseFrozenKey);
  const results = trace();
  untilClockMoves();
  refuseChanging(nodesOf(results), nodesOf(collectOpen(trace).result), {
    name,
    place: { site, note: "exported here" },
  });
  return results;
}
