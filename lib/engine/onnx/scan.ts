/**
 * `scan` as ONNX Scan. Only what the taken outputs depend on is computed, carried and stacked; constants are read from the
 * outer graph.
 */

import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import type { ScanAttrs } from "../../graph/node.ts";
import { scanOutputs } from "../../graph/primitives.ts";
import { allocate } from "../../graph/types.ts";
import { type Builder, declare, type Value } from "./builder.ts";
import type { TakenScan } from "./tiles.ts";

/** Emits what `outputs` need, given the values of leaves. */
export type Lower = (b: Builder, outputs: readonly Node[], known: ReadonlyMap<Node, Value>) => (node: Node) => Value;

/** What is left of a scan when only some of its outputs are taken. */
interface LiveScan {
  /** Indices of the carries that matter. */
  readonly carries: readonly number[];
  /** Indices, among the body's inputs, of the xs and of the constants that matter. */
  readonly xs: readonly number[];
  readonly constants: readonly number[];
  /** Indices of scan outputs that are stacked. */
  readonly stacked: readonly number[];
}

/** The body's node whose values the scan's output `index` collects. */
function collected({ body }: ScanAttrs, index: number): Node {
  return index < body.outputs.length ? body.outputs[index]! : body.inputs[index - body.outputs.length]!;
}

/** What the outputs in `taken` need. */
function liveScan(attrs: ScanAttrs, taken: readonly number[]): LiveScan {
  const { body, carries, xs } = attrs;
  const stacked = [...new Set(taken)].filter((i) => i >= carries).sort((a, b) => a - b);
  const live = new Set(taken.filter((i) => i < carries));
  const inputs = new Set(body.inputs);
  let used = new Set<Node>();
  for (let before = -1; before < live.size;) {
    before = live.size;
    const roots = [...stacked.map((i) => collected(attrs, i)), ...[...live].map((i) => body.outputs[i]!)];
    used = new Set(topological(roots, (x) => inputs.has(x)));
    for (let i = 0; i < carries; i++) if (used.has(body.inputs[i]!)) live.add(i);
  }
  const among = (from: number, to: number): number[] =>
    body.inputs.slice(from, to).flatMap((x, i) => used.has(x) ? [from + i] : []);
  return {
    carries: [...live].sort((a, b) => a - b),
    xs: among(carries, carries + xs),
    constants: among(carries + xs, body.inputs.length),
    stacked,
  };
}

/** The nodes outside that a scan needs for its taken outputs. */
export function scanInputs({ node, taken }: TakenScan): Node[] {
  const { carries, xs, constants } = liveScan(node.attrs, taken);
  return [...carries, ...xs, ...constants].map((i) => node.inputs[i]!);
}

/** No steps: the carries as they were, and nothing stacked. */
function emitNothing(b: Builder, node: NodeOf<"scan">, taken: readonly number[], outer: (x: Node) => Value): Value[] {
  const avals = scanOutputs(node.attrs);
  return taken.map((i) => {
    const { dtype, shape } = avals[i]!;
    return i < node.attrs.carries ? outer(node.inputs[i]!) : b.tensor(dtype, shape, allocate(dtype, 0));
  });
}

/** Emits the loop; gives the value of each taken output. `lower` emits its body. */
export function emitScan(b: Builder, { node, taken }: TakenScan, outer: (x: Node) => Value, lower: Lower): Value[] {
  const { attrs } = node;
  if (attrs.length === 0) return emitNothing(b, node, taken, outer);
  const live = liveScan(attrs, taken);
  const fed = [...live.carries, ...live.xs];
  const inner = b.child();
  const known = new Map<Node, Value>(live.constants.map((i) => [attrs.body.inputs[i]!, outer(node.inputs[i]!)]));
  const inputs = fed.map((i) => {
    const x = attrs.body.inputs[i]!;
    const name = inner.fresh("s");
    known.set(x, { name, dtype: x.dtype, shape: x.shape });
    return declare(name, x);
  });
  const feeds = fed.map((i) => b.materialize(outer(node.inputs[i]!), node.inputs[i]!.shape).name);
  if (live.xs.length === 0) {
    // ONNX counts the steps by what is scanned.
    inputs.push({ name: inner.fresh("s"), type: "bool", dims: [] });
    feeds.push(b.tensor("bool", [attrs.length], allocate("bool", attrs.length)).name);
  }
  const all = [...live.carries, ...live.stacked];
  const results = all.map((i, at) => at < live.carries.length ? attrs.body.outputs[i]! : collected(attrs, i));
  const names = inner.outputs(results, lower(inner, results, known));
  const body = inner.finish(inner.fresh("body"), inputs, results.map((x, i) => declare(names[i]!, x)));
  const outputs = all.map(() => b.fresh("v"));
  const scanned = inputs.length - live.carries.length;
  const backwards = (count: number): number[] => new Array<number>(count).fill(Number(attrs.reverse));
  b.append("Scan", feeds, outputs, {
    body,
    num_scan_inputs: scanned,
    scan_input_directions: backwards(scanned),
    scan_output_directions: backwards(live.stacked.length),
  });
  const avals = scanOutputs(attrs);
  return taken.map((i) => {
    const { dtype, shape } = avals[i]!;
    return { name: outputs[all.indexOf(i)]!, dtype, shape };
  });
}
