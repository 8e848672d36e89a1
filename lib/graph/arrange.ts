/**
 * Products, orders, diagonals and repetitions, written in the primitives, as functions of nodes. Axes are counted from 0 and are
 * there.
 */

import { PlumblineError } from "./error.ts";
import type { Node, NodeOf } from "./node.ts";
import * as ops from "./ops.ts";
import { type Axes, describe, sameShape, type Shape, unnamed } from "./types.ts";

/** From `from` up to `to` of one axis. */
function along(x: Node, axis: number, from: number, to: number): Node {
  return ops.slice(x, x.shape.map((_, i) => i === axis ? from : 0), x.shape.map((n, i) => i === axis ? to : n));
}

/** `before` and `after` entries of `value` around one axis. */
function around(x: Node, axis: number, before: number, after: number, value: number): Node {
  const at = (n: number): number[] => x.shape.map((_, i) => i === axis ? n : 0);
  return ops.pad(x, at(before), at(after), value);
}

/** The product along one axis, which stays with size 1: of halves, so that its derivative is right at 0 too. */
function productAlong(x: Node, axis: number): Node {
  const n = x.shape[axis]!;
  if (n === 0) return around(x, axis, 1, 0, 1);
  if (n === 1) return x;
  const half = Math.ceil(n / 2);
  const even = n % 2 === 0 ? x : around(x, axis, 0, 1, 1);
  return productAlong(ops.mul(along(even, axis, 0, half), along(even, axis, half, 2 * half)), axis);
}

/** The product over `axes`, which stay with size 1. */
export function prod(x: Node, axes: readonly number[]): Node {
  return axes.reduce(productAlong, x);
}

/** Running products along `axis` (Hillis and Steele 1986): each step joins runs twice as long, and divides by nothing. */
export function cumprod(x: Node, axis: number): Node {
  const n = x.shape[axis]!;
  let y = x;
  for (let run = 1; run < n; run *= 2) y = ops.mul(y, around(along(y, axis, 0, n - run), axis, run, 0, 1));
  return y;
}

/** The entries of `axis` moved on by `shift` places; what falls off the end comes in at the start. */
export function roll(x: Node, shift: number, axis: number): Node {
  const n = x.shape[axis]!;
  const by = n === 0 ? 0 : ((shift % n) + n) % n;
  return by === 0 ? x : ops.concat([along(x, axis, n - by, n), along(x, axis, 0, n - by)], axis);
}

/** The whole repeated along its axes, as many times as `counts` says, new axes in front. */
export function repeat(x: Node, counts: readonly number[]): Node {
  const missing = counts.length - x.shape.length;
  const shape = [...counts.slice(0, missing).map(() => 1), ...x.shape];
  const names: Axes = [...unnamed(missing), ...x.axes];
  const wide = ops.reshape(x, shape.flatMap((n) => [1, n]));
  const repeated = ops.expand(wide, shape.flatMap((n, i) => [counts[i]!, n]));
  return ops.reshape(repeated, shape.map((n, i) => n * counts[i]!), names);
}

/** Axis `from` at the place `to`. */
export function moveAxis(x: Node, from: number, to: number): Node {
  const order = [...x.shape.keys()].filter((i) => i !== from);
  order.splice(to, 0, from);
  return ops.permute(x, order);
}

/** The entries (i, i + offset) of two axes, along a new last one. */
export function diagonal(x: Node, offset: number, a: number, b: number): Node {
  const others = [...x.shape.keys()].filter((i) => i !== a && i !== b);
  const last = ops.permute(x, [...others, a, b]);
  const [m, n] = last.shape.slice(-2) as [number, number];
  const lead = last.shape.slice(0, -2);
  const names = [...last.axes.slice(0, -2), null];
  const count = Math.max(0, offset >= 0 ? Math.min(m, n - offset) : Math.min(m + offset, n));
  const flat = ops.reshape(last, [...lead, m * n]);
  const start = offset >= 0 ? offset : -offset * n;
  const none = lead.map(() => 0);
  if (count === 0) return ops.reshape(ops.slice(flat, [...none, 0], [...lead, 0]), [...lead, 0], names);
  const end = start + (count - 1) * (n + 1) + 1;
  const found = ops.slice(flat, [...none, start], [...lead, end], [...none.map(() => 1), n + 1]);
  return ops.reshape(found, [...lead, count], names);
}

/** Matrices of 0 whose diagonal, `offset` above the main one, are the entries of the last axis. */
export function diagonalMatrix(x: Node, offset: number): Node {
  const lead = x.shape.slice(0, -1);
  const k = x.shape.at(-1)!;
  const square: Shape = [...lead, k, k];
  const axes = [...x.axes.slice(0, -1), null, null];
  const [rows, columns] = [lead.length, lead.length + 1];
  const hit = ops.binary("equal", ops.iota(square, rows), ops.iota(square, columns));
  const wide = ops.expand(ops.reshape(x, [...lead, 1, k], axes), square, axes);
  const whole = ops.where(hit, wide, ops.fullLike(wide, 0));
  const [before, after] = [square.map(() => 0), square.map(() => 0)];
  if (offset > 0) [before[columns], after[rows]] = [offset, offset];
  if (offset < 0) [before[rows], after[columns]] = [-offset, -offset];
  return ops.pad(whole, before, after);
}

/** An index vector `[k]` repeated to the shape of the entries that it names along `axis`. */
export function spreadIndex(index: Node, like: Node, axis: number): Node {
  return ops.expand(ops.reshape(index, like.shape.map((n, i) => i === axis ? n : 1)), like.shape);
}

/** A copy of `x` with the rows of `source` added at `index` `[k]` along `axis`. */
export function indexAdd(x: Node, index: Node, source: Node, axis: number): Node {
  if (index.shape.length !== 1 || source.shape[axis] !== index.shape[0]) {
    throw new PlumblineError({
      code: "G301",
      message: `indexAdd() along axis ${axis} takes int32 [k] indices and a source of k entries there, not ${
        describe(index)
      } and ${describe(source)}.`,
      made: [index, source],
    });
  }
  return ops.scatterAdd(x, spreadIndex(index, source, axis), source, axis);
}

/** Whether it is one number for all places. A constant tensor is one for each place, with a gradient for each. */
const isNumber = (source: Node): source is NodeOf<"full"> => source.op === "full" && source.shape.length === 0;

function checkScatter(x: Node, index: Node, source: Node, axis: number): void {
  const fits = index.dtype === "int32" && index.shape.length === x.shape.length &&
    index.shape.every((n, i) => i === axis || n === x.shape[i]);
  const isOwn = x.dtype === "float32" && source.dtype === "float32" && sameShape(source.shape, index.shape);
  if (fits && (isNumber(source) || isOwn)) return;
  throw new PlumblineError({
    code: "G301",
    message: `scatter() along axis ${axis} cannot put ${describe(source)} at ${describe(index)} in ${describe(x)}.`,
    made: [x, index, source],
    help:
      "the index is int32, of the sizes of the tensor but along the axis; the source is float32 in the shape of the index, or a number.",
  });
}

/**
 * A copy of `x` with `source` in the place of what `index` names along `axis`. Of several for one place the last is taken: the places
 * are put in order, which keeps equal ones as they come, and all but the last of a kind count as 0.
 */
export function scatter(x: Node, index: Node, source: Node, axis: number): Node {
  checkScatter(x, index, source, axis);
  const n = index.shape[axis]!;
  const order = n > 1 && !isNumber(source) ? ops.argsort(index, axis) : null;
  const at = order ? ops.takeAlongAxis(index, order, axis) : index;
  const values = order ? ops.takeAlongAxis(source, order, axis) : source;
  const nothing = ops.full("float32", x.shape, 0, x.axes);
  const one = ops.full("float32", at.shape, 1);
  const count = ops.scatterAdd(nothing, at, one, axis);
  const isHit = ops.binary("less", ops.fullLike(count, 0), count);
  if (isNumber(source)) ops.refuseCutOff(source.attrs.value, x);
  if (isNumber(source)) return ops.where(isHit, ops.expand(ops.cast(source, x.dtype), x.shape, x.axes), x);
  if (!order) return ops.where(isHit, ops.scatterAdd(nothing, at, values, axis), x);
  const isSame = ops.binary("equal", along(at, axis, 0, n - 1), along(at, axis, 1, n));
  const isLast = ops.unary(
    "not",
    ops.pad(isSame, at.shape.map(() => 0), at.shape.map((_, i) => Number(i === axis)), 0),
  );
  const last = ops.where(isLast, values, ops.fullLike(values, 0));
  return ops.where(isHit, ops.scatterAdd(nothing, at, last, axis), x);
}
