/**
 * Rewrites of a graph into one that kernels run well: long sums and deep matrix products are split so that they fill
 * a parallel device, thin products become sums, scatterAdd a sum over what hits, indices count from the start. Inputs stay the nodes
 * that they are.
 */

import { extremesOf, type IndexUse, liesWithin, ownIndexUses } from "../../graph/indices.ts";
import { makeNode, type Node, type NodeOf, rebuild, type ScanAttrs, topological } from "../../graph/node.ts";
import {
  add,
  binary,
  concat,
  expand,
  full,
  iota,
  mul,
  pad,
  permute,
  reshape,
  slice,
  sum,
  where,
} from "../../graph/ops.ts";
import { withSite } from "../../graph/site.ts";
import { sizeOf } from "../../graph/types.ts";
import { extentOf, lengthOf, reducedAxes, type ReduceNode } from "./draft.ts";
import { convolutionAsProduct } from "./convolution.ts";
import { isPart } from "./part.ts";
import type { Target } from "./target.ts";

/** The same outputs, rewritten. */
export function prepare(outputs: readonly Node[], target: Target): Node[] {
  const image = new Map<Node, Node>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => image.get(x)!);
    const same = inputs.every((x, i) => x === node.inputs[i]);
    image.set(node, withSite(node.site, () => rewrite(same ? node : rebuild(node, inputs), target)));
  }
  return outputs.map((x) => image.get(x)!);
}

/** Indices that may lie outside of their axis, and a node for the largest and the smallest of them, int32 [2]. */
export interface Check {
  readonly use: IndexUse;
  readonly extremes: Node;
}

/** The attributes of a scan whose body has been prepared, with what is to be looked at in each step. */
export interface PreparedScan extends ScanAttrs {
  readonly checks: readonly Check[];
}

/** As {@linkcode prepare}, with the indices that are to be looked at, where the machine refuses those outside. */
export function prepareChecked(outputs: readonly Node[], target: Target): { outputs: Node[]; checks: Check[] } {
  const uses = target.refusesOutside ? ownIndexUses(outputs) : [];
  const all = prepare([...outputs, ...uses.map((use) => withSite(use.node.site, () => extremesOf(use)))], target);
  const checks = uses.map((use, i): Check => ({ use, extremes: all[outputs.length + i]! }));
  return { outputs: all.slice(0, outputs.length), checks };
}

/** A node of its own for the same value. */
export function copyOf(node: Node): Node {
  return withSite(node.site, () => makeNode("stopGradient", [node], { why: null }));
}

/** A node that a kernel can write somewhere: leaves and results of scans are copied. */
export function storable(node: Node): Node {
  const copied = node.op === "input" || node.op === "full" || node.op === "iota" || node.op === "output";
  return copied ? copyOf(node) : node;
}

function rewrite(node: Node, target: Target): Node {
  switch (node.op) {
    case "matmul":
      return rewriteProduct(node, target);
    case "convolution":
      return rewriteConvolution(node, target);
    case "sum":
    case "max":
    case "min":
      return splitReduction(node, target);
    case "take":
    case "takeAlongAxis": {
      const [x, index] = node.inputs;
      return rebuild(node, [x!, fromStart(index!, x!.shape[node.attrs.axis]!)]);
    }
    case "scatterAdd":
      return sumOfHits(node, target);
    case "cumsum":
      return splitRunning(node);
    case "concat":
      return joinInGroups(node, target);
    case "scan":
      return rewriteScan(node, target);
    default:
      return node;
  }
}

function rewriteScan(node: NodeOf<"scan"> & Node, target: Target): Node {
  if (isPart(node)) return node;
  const { body, carries } = node.attrs;
  // A copy of its own for each initial carry: the kernel that computes the original usually writes it too.
  const inputs = node.inputs.map((x, i) => i < carries ? copyOf(x) : x);
  const { outputs, checks } = prepareChecked(body.outputs, target);
  const attrs: PreparedScan = { ...node.attrs, body: { inputs: body.inputs, outputs: outputs.map(storable) }, checks };
  return { ...rebuild(node, inputs), attrs } as Node;
}

/** A kernel may bind few buffers: many pieces are joined a few at a time. */
function joinInGroups(node: NodeOf<"concat">, { mostPieces: limit }: Target): Node {
  let pieces = node.inputs;
  if (pieces.length <= limit) return node;
  while (pieces.length > 1) {
    const next: Node[] = [];
    for (let i = 0; i < pieces.length; i += limit) {
      const some = pieces.slice(i, i + limit);
      next.push(some.length === 1 ? some[0]! : concat(some, node.attrs.axis));
    }
    pieces = next;
  }
  return pieces[0]!;
}

/** Indices of an axis of size `n`, of which negative ones count from the end, as they count from the start. */
function fromStart(index: Node, n: number): Node {
  const isNegative = binary("less", index, full("int32", index.shape, 0));
  return where(isNegative, add(index, full("int32", index.shape, n)), index);
}

function sumOfHits({ inputs, attrs: { axis } }: NodeOf<"scatterAdd">, target: Target): Node {
  const [x, index, source] = inputs;
  const wide = [...x!.shape, index!.shape[axis]!];
  const spread = (y: Node): Node => {
    const order = y.shape.map((_, i) => i).filter((i) => i !== axis);
    const moved = permute(y, [...order, axis]);
    return expand(reshape(moved, wide.map((n, i) => i === axis ? 1 : n)), wide);
  };
  const size = x!.shape[axis]!;
  const place = spread(fromStart(index!, size));
  const hit = binary("equal", place, iota(wide, axis));
  const nothing = full("float32", wide, 0);
  const bound = (n: number): Node => full("int32", wide, n);
  // A kernel cannot throw: what lies outside spoils what it would have been added to, as look-ups do.
  const missed = liesWithin(index!, size, -size, () => false) ? nothing : where(
    binary("and", binary("lessEqual", bound(0), place), binary("less", place, bound(size))),
    nothing,
    full("float32", wide, NaN),
  );
  const parts = where(hit, spread(source!), missed);
  return add(reshape(x!, x!.shape), reshape(splitReduction(sum(parts, [wide.length - 1]), target), x!.shape));
}

/** The smallest number of equal parts in [count, 2 count) that divides `size`, or else `count`. */
function parts(size: number, count: number): number {
  for (let s = count; s < 2 * count; s++) if (size % s === 0) return s;
  return count;
}

/** Splits axis `axis` into `count` rows; what is missing at the end is `fill`. */
function splitAxis(x: Node, axis: number, count: number, fill: number): Node {
  const n = x.shape[axis]!;
  const each = Math.ceil(n / count);
  const none = x.shape.map(() => 0);
  const missing = count * each - n;
  const padded = missing === 0 ? x : pad(x, none, none.map((_, i) => i === axis ? missing : 0), fill);
  return reshape(padded, [...x.shape.slice(0, axis), count, each, ...x.shape.slice(axis + 1)]);
}

/** A short reduction becomes a few operations that fuse with all around them. */
function unrolled(node: NodeOf<"sum"> | NodeOf<"max"> | NodeOf<"min">, length: number): Node {
  const x = node.inputs[0]!;
  const { axes } = node.attrs;
  if (length === 0) return node;
  const join = { sum: "add", max: "maximum", min: "minimum" } as const;
  const step = x.shape.map(() => 1);
  const piece = (r: number): Node => {
    const at = unravel(r, axes.map((axis) => x.shape[axis]!));
    const starts = x.shape.map((_, i) => axes.includes(i) ? at[axes.indexOf(i)]! : 0);
    return makeNode("slice", [x], { starts, ends: node.shape.map((n, i) => starts[i]! + n), steps: step });
  };
  const pieces = Array.from({ length }, (_, r) => piece(r));
  return pieces.reduce((a, b) => makeNode(join[node.op], [a, b], {}));
}

function unravel(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis]!;
    flat = Math.floor(flat / shape[axis]!);
  }
  return index;
}

/** Neighbouring axes that are reduced together, as one axis: only that is long enough to be split. */
function joinAxes(x: Node, axes: readonly number[]): { x: Node; axis: number } | null {
  const [first, last] = [Math.min(...axes), Math.max(...axes)];
  const between = x.shape.slice(first, last + 1);
  if (axes.length < 2 || between.some((n, i) => n > 1 && !axes.includes(first + i))) return null;
  return { x: reshape(x, [...x.shape.slice(0, first), sizeOf(between), ...x.shape.slice(last + 1)]), axis: first };
}

/** A long reduction of few results takes two kernels, so that more than a few workgroups have something to do. */
function splitReduction(node: Node, target: Target): Node {
  if (node.op !== "sum" && node.op !== "max" && node.op !== "min") return node;
  const [x] = node.inputs;
  if (lengthOf(node) <= target.mostUnrolled) return unrolled(node, lengthOf(node));
  if (!target.isParallel) return node;
  const axes = reducedAxes(node as ReduceNode);
  const joined = joinAxes(x!, axes);
  if (joined) {
    return reshape(splitReduction(makeNode(node.op, [joined.x], { axes: [joined.axis] }), target), node.shape);
  }
  const last = x!.shape.findLastIndex((n) => n > 1);
  const strided = !axes.includes(last);
  const size = sizeOf(node.shape);
  const longest = axes.reduce((a, b) => x!.shape[b]! > x!.shape[a]! ? b : a, axes[0] ?? 0);
  const n = x!.shape[longest] ?? 1;
  const each = strided ? 128 : 4096;
  if (lengthOf(node) < 4 * each || n < 2 * each || size * Math.min(n, strided ? 8 : 256) >= 32768) return node;
  const integer = x!.dtype === "int32";
  const fill = { sum: 0, max: integer ? -2147483648 : -Infinity, min: integer ? 2147483647 : Infinity }[node.op];
  const rows = splitAxis(x!, longest, parts(n, Math.ceil(n / each)), fill);
  const inner = axes.map((axis) => axis >= longest ? axis + 1 : axis);
  const partial = makeNode(node.op, [rows], { axes: inner });
  return reshape(splitReduction(makeNode(node.op, [partial], { axes: [longest] }), target), node.shape);
}

/** Running sums of up to so many numbers are made by one thread. */
const mostRunning = 32;

/** Long running sums are those of short runs, plus the sums of all runs before: so they do not drift, and fill the device. */
function splitRunning(node: NodeOf<"cumsum">): Node {
  const { axis, reverse } = node.attrs;
  const [x] = node.inputs;
  const n = node.shape[axis]!;
  if (node.dtype !== "float32" || n <= 2 * mostRunning) return node;
  const count = Math.ceil(n / mostRunning);
  const rows = splitAxis(x!, axis, count, 0);
  const within = makeNode("cumsum", [rows], { axis: axis + 1, reverse });
  const each = rows.shape[axis + 1]!;
  const totals = along(within, axis + 1, reverse ? 0 : each - 1, reverse ? 1 : each);
  const sums = splitRunning(makeNode("cumsum", [totals], { axis, reverse }) as NodeOf<"cumsum"> & Node);
  const kept = reverse ? along(sums, axis, 1, count) : along(sums, axis, 0, count - 1);
  const [one, none] = [kept.shape.map((_, i) => Number(i === axis)), kept.shape.map(() => 0)];
  const before = reverse ? pad(kept, none, one) : pad(kept, one, none);
  const all = reshape(add(within, expand(before, within.shape)), x!.shape.map((m, i) => i === axis ? count * each : m));
  return reshape(along(all, axis, 0, n), node.shape, node.axes);
}

/** From `from` up to `to` of one axis. */
function along(x: Node, axis: number, from: number, to: number): Node {
  return slice(x, x.shape.map((_, i) => i === axis ? from : 0), x.shape.map((n, i) => i === axis ? to : n));
}

function rewriteProduct(node: NodeOf<"matmul">, target: Target): Node {
  const extent = extentOf(node);
  const { batch, m, n, k } = extent;
  if (target.isThin(extent)) return productAsSum(node, target);
  if (!target.isParallel) return node;
  const tiles = batch * Math.ceil(m / 32) * Math.ceil(n / 32);
  const count = Math.min(Math.ceil(256 / Math.max(1, tiles)), Math.floor(k / 128));
  return k >= 512 && tiles < 128 && count > 1 ? splitProduct(node, parts(k, count)) : node;
}

function rewriteConvolution(node: NodeOf<"convolution">, target: Target): Node {
  if (sizeOf(node.shape) === 0) return full("float32", node.shape, 0);
  const { product, finish } = convolutionAsProduct(node);
  return finish(product.op === "matmul" ? rewriteProduct(product, target) : product);
}

/** A thin product would leave most of a tile empty: it is a sum of products along k. */
function productAsSum(node: NodeOf<"matmul">, target: Target): Node {
  const { transA, transB } = node.attrs;
  const rank = node.shape.length;
  const lead = node.shape.slice(0, -2);
  const { m, n, k } = extentOf(node);
  const swap = [...lead.keys(), rank - 1, rank - 2];
  const rows = transA ? permute(node.inputs[0]!, swap) : node.inputs[0]!;
  const columns = transB ? node.inputs[1]! : permute(node.inputs[1]!, swap);
  const wide = [...lead, m, n, k];
  const a = expand(reshape(rows, [...lead, m, 1, k]), wide);
  const b = expand(reshape(columns, [...lead, 1, n, k]), wide);
  return reshape(splitReduction(sum(mul(a, b), [rank]), target), node.shape);
}

/** Few and deep tiles (gradients of weights): `count` products of slices of k, and their sum. */
function splitProduct(node: NodeOf<"matmul">, count: number): Node {
  const { transA, transB } = node.attrs;
  const rank = node.shape.length;
  const slices = (x: Node, axis: number): Node => {
    const split = splitAxis(x, axis, count, 0);
    if (axis === rank - 2) return split;
    return permute(split, [...Array(rank - 2).keys(), rank - 1, rank - 2, rank]);
  };
  const a = slices(node.inputs[0]!, transA ? rank - 2 : rank - 1);
  const b = slices(node.inputs[1]!, transB ? rank - 1 : rank - 2);
  const products = makeNode("matmul", [a, b], { transA, transB });
  return reshape(sum(products, [rank - 2]), node.shape);
}
