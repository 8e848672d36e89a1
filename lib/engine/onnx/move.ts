/** Movement of lazily broadcast values: axes along which a value only repeats itself are left alone where that is right. */

import type { NodeOf } from "../../graph/node.ts";
import { type Shape, sizeOf } from "../../graph/types.ts";
import type { Builder, Value } from "./builder.ts";

const withoutLeadingOnes = (shape: Shape): string => shape.slice(shape.findIndex((n) => n !== 1)).join();

/** Whether two shapes differ in nothing but ones in front. */
function differInFront(a: Shape, b: Shape): boolean {
  const ones = (shape: Shape): boolean => shape.every((n) => n === 1);
  return ones(a) || ones(b) ? ones(a) && ones(b) : withoutLeadingOnes(a) === withoutLeadingOnes(b);
}

/** From the shape `from` of the node to `to`. */
export function reshape(b: Builder, x: Value, from: Shape, to: Shape): Value {
  if (sizeOf(to) > 0 && (sizeOf(x.shape) === 1 || differInFront(from, to))) {
    return x.shape.length <= to.length ? x : b.reshape(x, x.shape.slice(x.shape.length - to.length));
  }
  return b.reshape(b.materialize(x, from), to);
}

/** Axis i of the result is axis `perm[i]`. */
export function permute(b: Builder, x: Value, perm: readonly number[]): Value {
  if (sizeOf(x.shape) === 1) return x;
  const aligned = b.aligned(x, perm.length);
  const shape = perm.map((p) => aligned.shape[p]!);
  const moved = perm.filter((p) => aligned.shape[p] !== 1);
  if (moved.every((p, i) => i === 0 || p > moved[i - 1]!)) return b.reshape(aligned, shape);
  return { name: b.op("Transpose", [aligned.name], { perm }), dtype: x.dtype, shape };
}

function cut(
  b: Builder,
  x: Value,
  starts: number[],
  ends: number[],
  axes: number[],
  steps: number[],
  shape: Shape,
): Value {
  if (axes.length === 0) return x;
  const inputs = [x.name, b.sizes(starts), b.sizes(ends), b.sizes(axes)];
  if (steps.some((step) => step !== 1)) inputs.push(b.sizes(steps));
  return { name: b.op("Slice", inputs), dtype: x.dtype, shape };
}

/** From `starts` to `ends` by `steps`. */
export function slice(b: Builder, x: Value, node: NodeOf<"slice">): Value {
  const { starts, steps } = node.attrs;
  const full = node.inputs[0]!.shape;
  const whole = node.shape.includes(0) ? b.materialize(x, full) : x;
  const missing = full.length - whole.shape.length;
  const axes = full.flatMap((n, axis) => {
    const all = node.shape[axis] === n;
    const repeated = axis < missing || (whole.shape[axis - missing] === 1 && n !== 1);
    return all || repeated ? [] : [axis];
  });
  const shape = whole.shape.map((n, i) => axes.includes(i + missing) ? node.shape[i + missing]! : n);
  // ONNX Runtime finds nothing where the step is longer than the axis: one element needs no step. Ends stay beyond starts.
  const pace = axes.map((axis) => node.shape[axis] === 1 ? 1 : steps[axis]!);
  const stops = axes.map((axis, i) => starts[axis]! + Math.max(0, (node.shape[axis]! - 1) * pace[i]! + 1));
  return cut(b, whole, axes.map((axis) => starts[axis]!), stops, axes.map((axis) => axis - full.length), pace, shape);
}

/** The order reversed along axes. */
export function flip(b: Builder, x: Value, node: NodeOf<"flip">): Value {
  const rank = node.shape.length;
  const axes = node.attrs.axes.map((axis) => axis - rank).filter((axis) => (x.shape[x.shape.length + axis] ?? 1) > 1);
  const fill = (value: number): number[] => axes.map(() => value);
  return cut(b, x, fill(-1), fill(-(2 ** 31)), axes, fill(-1), x.shape);
}

/** Windows: their entries are looked up, which is as much memory as they have. */
export function unfold(b: Builder, x: Value, node: NodeOf<"unfold">): Value {
  const { axis, size, step, dilation } = node.attrs;
  const [full, count] = [node.inputs[0]!.shape, node.shape[axis]!];
  const places = Int32Array.from({ length: count * size }, (_, k) => {
    return Math.floor(k / size) * step + (k % size) * dilation;
  });
  const index = b.tensor("int32", [count, size], places);
  const name = b.op("Gather", [b.materialize(x, full).name, index.name], { axis });
  const found: Value = { name, dtype: x.dtype, shape: [...full.slice(0, axis), count, size, ...full.slice(axis + 1)] };
  const order = found.shape.map((_, i) => i);
  return permute(b, found, [...order.filter((i) => i !== axis + 1), axis + 1]);
}

/** `value` before and after. */
export function pad(b: Builder, x: Value, node: NodeOf<"pad">): Value {
  const { before, after, value } = node.attrs;
  const whole = b.materialize(x, node.inputs[0]!.shape);
  const inputs = [whole.name, b.sizes([...before, ...after]), b.scalar(node.dtype, value).name];
  return { name: b.op("Pad", inputs), dtype: node.dtype, shape: node.shape };
}

/** One after another. */
export function concat(b: Builder, node: NodeOf<"concat">, x: readonly Value[]): Value {
  const whole = x.map((v, i) => b.materialize(v, node.inputs[i]!.shape).name);
  return { name: b.op("Concat", whole, { axis: node.attrs.axis }), dtype: node.dtype, shape: node.shape };
}
