/** Primitives as functions of nodes, with PyTorch's broadcasting and checked axis names. Every node is made here. */

import type { ConvolutionAttrs } from "./convolution.ts";
import { broadcastAxes, broadcastShape, haveSameNames } from "./broadcast.ts";
import { calledHere, PlumblineError } from "./error.ts";
import { refuseFlatVectors } from "./flat.ts";
import { makeNode, type Node, type NodeOf } from "./node.ts";
import { type BinaryName, castLimits, type UnaryName } from "./primitives.ts";
import { knownSquare } from "./squares.ts";
import { aval, type Axes, describe, type DType, sameShape, type Shape, unnamed } from "./types.ts";

const limits = { int32: [-(2 ** 31), 2 ** 31 - 1], uint32: [0, 2 ** 32 - 1] } as const;

/**
 * `value` as an element: whole numbers are cut off as PyTorch does, but none is taken for another that the dtype cannot hold.
 *
 * @throws PlumblineError G301
 */
export function elementOf(value: number, dtype: DType): number {
  if (dtype === "float32") return value;
  if (dtype === "bool") return value === 0 ? 0 : 1;
  const [least, most] = limits[dtype];
  const whole = Math.trunc(value);
  if (whole >= least && whole <= most) return whole;
  throw new PlumblineError({
    code: "G301",
    message: `${value} does not fit in ${dtype}, which goes from ${least} to ${most}.`,
    help: 'compute in float32: t.cast("float32"), or dtype: "float32" where the tensor is made.',
  });
}

/** `value` everywhere. */
export function full(dtype: DType, shape: Shape, value: number, axes: Axes = unnamed(shape.length)): Node {
  return makeNode("full", [], { aval: aval(dtype, shape, axes), value: elementOf(value, dtype) });
}

/** What `x`, a constant, is elsewhere: no operation is needed, but its gradient is that of `x`. */
export function writtenFrom(x: NodeOf<"full">, dtype: DType, shape: Shape, value: number, axes: Axes): Node {
  const node = full(dtype, shape, value, axes);
  node.origin = x as Node;
  return node;
}

/** `value` in the dtype, shape and axes of `x`. */
export function fullLike(x: Node, value: number): Node {
  return full(x.dtype, x.shape, value, x.axes);
}

/** 0, 1, 2 ... along `axis`, int32. */
export function iota(shape: Shape, axis: number): Node {
  return makeNode("iota", [], { shape, axis });
}

/** A copy of `shape`, which stays the caller's. */
export function ownShape(shape: Shape): Shape {
  return [...shape];
}

/** Random bits from a key. */
export function randomBits(key: Node, shape: Shape): Node {
  return makeNode("randomBits", [key], { shape: ownShape(shape) });
}

/** The same numbers in another shape of the same size. */
export function reshape(x: Node, shape: Shape, axes: Axes = unnamed(shape.length)): Node {
  const same = sameShape(shape, x.shape) && axes.every((name, i) => name === x.axes[i]);
  return same ? x : makeNode("reshape", [x], { shape, axes });
}

/** Broadcasts as PyTorch's `expand`: new axes in front, axes of size 1 repeated. */
export function expand(x: Node, shape: Shape, axes: Axes = unnamed(shape.length)): Node {
  const missing = shape.length - x.shape.length;
  const names = [...unnamed(missing), ...x.axes];
  const padded = reshape(x, [...new Array<number>(missing).fill(1), ...x.shape], names);
  const same = sameShape(padded.shape, shape) && axes.every((name, i) => name === padded.axes[i]);
  return same ? padded : makeNode("expand", [padded], { shape, axes });
}

function broadcast(nodes: readonly Node[]): Node[] {
  if (nodes.every((x) => sameShape(x.shape, nodes[0]!.shape))) {
    if (!haveSameNames(nodes)) broadcastAxes(nodes);
    return [...nodes];
  }
  refuseFlatVectors(nodes);
  const shape = broadcastShape(nodes);
  const axes = broadcastAxes(nodes);
  return nodes.map((x) => {
    if (sameShape(x.shape, shape)) return x;
    // A constant needs no movement: it is written in the shape that is wanted.
    if (x.op === "full") return writtenFrom(x, x.dtype, shape, x.attrs.value, axes);
    return expand(x, shape, axes);
  });
}

/** From narrow to wide. uint32, which holds bits, meets its like only. */
const widths = { bool: 1, int32: 2, float32: 3, uint32: NaN } as const satisfies Record<DType, number>;

/** PyTorch's rule of promotion: the wider dtype wins. Every other mixture is left to the table to refuse. */
function promote(a: Node, b: Node): [Node, Node] {
  if (widths[a.dtype] < widths[b.dtype]) return [cast(a, b.dtype), b];
  return widths[b.dtype] < widths[a.dtype] ? [a, cast(b, a.dtype)] : [a, b];
}

/** Whole numbers as truths, as PyTorch's logical operations take them: anything but 0 is true. */
export function truth(x: Node): Node {
  return x.dtype === "int32" || x.dtype === "uint32" ? cast(x, "bool") : x;
}

/** Two nodes in the shape, and the wider dtype, that they have together. */
export function together(a: Node, b: Node): [Node, Node] {
  return broadcast(promote(a, b)) as [Node, Node];
}

/**
 * `x`, which is float32.
 *
 * @throws PlumblineError G301 for another dtype: what is made of several primitives says it of what was given, not of a part.
 */
export function floating(x: Node): Node {
  if (x.dtype === "float32") return x;
  throw new PlumblineError({
    code: "G301",
    message: `${calledHere("an operation")} takes float32, not ${describe(x)}.`,
    made: [x],
    help: 'convert it first: t.cast("float32")',
  });
}

/** An element-wise primitive of one input. */
export function unary(op: UnaryName, x: Node): Node {
  return makeNode(op, [op === "not" ? truth(x) : x], {});
}

/** An element-wise primitive of two inputs, which are broadcast. */
export function binary(op: BinaryName, a: Node, b: Node): Node {
  const operands = op === "and" || op === "or" ? [truth(a), truth(b)] : promote(a, b);
  return (op === "mul" && a === b ? knownSquare(a) : null) ?? makeNode(op, broadcast(operands), {});
}

/** a + b. */
export const add = (a: Node, b: Node): Node => binary("add", a, b);
/** a - b. */
export const sub = (a: Node, b: Node): Node => binary("sub", a, b);
/** a * b. */
export const mul = (a: Node, b: Node): Node => binary("mul", a, b);
/** a / b. */
export const div = (a: Node, b: Node): Node => binary("div", a, b);
/** -x. */
export const neg = (x: Node): Node => unary("neg", x);

/** A number cast as the engines cast it. */
function converted(value: number, from: DType, to: DType): number {
  if (to === "float32" || to === "bool") return elementOf(value, to);
  if (from !== "float32") return to === "int32" ? value | 0 : value >>> 0;
  const [least, most] = castLimits[to];
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(most, Math.max(least, Math.fround(value))));
}

/** Converts to `dtype`. */
export function cast(x: Node, dtype: DType): Node {
  if (x.dtype === dtype) return x;
  if (x.op === "full") return writtenFrom(x, dtype, x.shape, converted(x.attrs.value, x.dtype, dtype), x.axes);
  return makeNode("cast", [x], { dtype });
}

/** `a` where `condition` is true, else `b`. */
export function where(condition: Node, a: Node, b: Node): Node {
  return makeNode("where", broadcast([truth(condition), ...promote(a, b)]), {});
}

/** Sums over `axes`, which stay with size 1. */
export function sum(x: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? x : makeNode("sum", [x], { axes });
}

/** The largest over `axes`, which stay with size 1. */
export function max(x: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? x : makeNode("max", [x], { axes });
}

/** The smallest over `axes`, which stay with size 1. */
export function min(x: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? x : makeNode("min", [x], { axes });
}

/** The first index of the largest along `axis`, which stays with size 1. */
export function argmax(x: Node, axis: number): Node {
  return makeNode("argmax", [x], { axis });
}

/** The places of the first `k` entries along `axis` in order. */
export function argsort(x: Node, axis: number, k: number = x.shape[axis]!, descending = false): Node {
  return makeNode("argsort", [x], { axis, k, descending });
}

/** Running sums along `axis`. */
export function cumsum(x: Node, axis: number, reverse = false): Node {
  return makeNode("cumsum", [x], { axis, reverse });
}

/** Axis i of the result is axis `perm[i]` of `x`. */
export function permute(x: Node, perm: readonly number[]): Node {
  return perm.every((p, i) => p === i) ? x : makeNode("permute", [x], { perm });
}

/** From `starts` up to `ends` by `steps`, for every axis. */
export function slice(
  x: Node,
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Node {
  const whole = x.shape.every((n, i) => starts[i] === 0 && ends[i] === n && steps[i] === 1);
  return whole ? x : makeNode("slice", [x], { starts, ends, steps });
}

/**
 * Throws G301 for a fraction that is to stand among whole numbers or truths, whose dtype nobody has named: nothing is cut off. NaN
 * and infinities are refused by {@linkcode elementOf}.
 */
export function refuseCutOff(value: number, among: Node): void {
  if (among.dtype === "float32" || !Number.isFinite(value) || Number.isInteger(value)) return;
  throw new PlumblineError({
    code: "G301",
    message: `${calledHere("an operation")} cannot put ${value} into ${describe(among)}, which holds no fractions.`,
    made: [among],
    help: 'convert it first: t.cast("float32")',
  });
}

/** `value` added before and after, for every axis. */
export function pad(x: Node, before: readonly number[], after: readonly number[], value = 0): Node {
  refuseCutOff(value, x);
  const nothing = before.every((n) => n === 0) && after.every((n) => n === 0);
  return nothing ? x : makeNode("pad", [x], { before, after, value: elementOf(value, x.dtype) });
}

/** One after another along `axis`; of several dtypes the widest wins. */
export function concat(nodes: readonly Node[], axis: number): Node {
  if (nodes.length === 1) return nodes[0]!;
  const widest = nodes.reduce((a, b) => widths[b.dtype] > widths[a.dtype] ? b : a).dtype;
  const alike = nodes.map((x) => widths[x.dtype] < widths[widest] ? cast(x, widest) : x);
  return makeNode("concat", alike, { axis });
}

/** The order reversed along `axes`. */
export function flip(x: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? x : makeNode("flip", [x], { axes });
}

/** The entries along `axis` that a vector of indices names. */
export function take(x: Node, index: Node, axis: number): Node {
  return makeNode("take", [x, index], { axis });
}

/** One entry along `axis` for every index. */
export function takeAlongAxis(x: Node, index: Node, axis: number): Node {
  return makeNode("takeAlongAxis", [x, index], { axis });
}

/** `source` added to a copy of `x` at `index` along `axis`. */
export function scatterAdd(x: Node, index: Node, source: Node, axis: number): Node {
  return makeNode("scatterAdd", [x, index, source], { axis });
}

/** Matrix product over the last two axes; the axes before are broadcast. */
export function matmul(a: Node, b: Node, transA = false, transB = false): Node {
  const shape = broadcastShape([a, b], 2);
  const axes = broadcastAxes([a, b], 2);
  const spread = (x: Node): Node =>
    sameShape(x.shape.slice(0, -2), shape)
      ? x
      : expand(x, [...shape, ...x.shape.slice(-2)], [...axes, ...x.axes.slice(-2)]);
  return makeNode("matmul", [spread(a), spread(b)], { transA, transB });
}

/** Windows of `size` entries along `axis`, each `step` after the one before, their entries along a new last axis. */
export function unfold(x: Node, axis: number, size: number, step = 1, dilation = 1): Node {
  return makeNode("unfold", [x], { axis, size, step, dilation });
}

/** Cross-correlation over the last two axes. */
export function convolution(x: Node, weight: Node, attrs: ConvolutionAttrs): Node {
  return makeNode("convolution", [x, weight], attrs);
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Node, why: string | null = null): Node {
  return makeNode("stopGradient", [x], { why });
}
