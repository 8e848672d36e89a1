/** Reductions and running sums, in the formulations that ONNX Runtime computes fastest. */

import type { NodeOf } from "../../graph/node.ts";
import { allocate, type Shape, sizeOf } from "../../graph/types.ts";
import type { Builder, Value } from "./builder.ts";
import { fewTerms, longCumsum, longSum, type Middle } from "./long_sums.ts";
import { elementTypes } from "./proto.ts";

/** The axes, counted in `x`, that are really there; along the others it only repeats itself. */
function realAxes(x: Value, full: Shape, axes: readonly number[]): number[] {
  const missing = full.length - x.shape.length;
  return axes.map((axis) => axis - missing).filter((axis) =>
    axis >= 0 && (x.shape[axis] !== 1 || full[axis + missing] === 1)
  );
}

function reduced(x: Value, axes: readonly number[]): Shape {
  return x.shape.map((n, i) => axes.includes(i) ? 1 : n);
}

function isLeading(axes: readonly number[]): boolean {
  return axes.toSorted((a, b) => a - b).every((axis, i) => axis === i);
}

/** Over leading axes: a product with a row of ones, which ONNX Runtime divides among threads better than ReduceSum. */
function sumOfRows(b: Builder, x: Value, count: number): Value {
  const rest = x.shape.slice(count);
  const [rows, columns] = [sizeOf(x.shape.slice(0, count)), sizeOf(rest)];
  const ones = b.tensor("float32", [1, rows], allocate("float32", rows).fill(1), `ones ${rows}`);
  const name = b.op("MatMul", [ones.name, b.reshape(x, [rows, columns]).name]);
  return b.reshape({ name, dtype: x.dtype, shape: [1, columns] }, [...x.shape.slice(0, count).map(() => 1), ...rest]);
}

/** The longest axis that is reduced by cutting it up. */
const shortAxis = 8;

/** Over a short axis: its parts, combined by an element-wise operation of any number of inputs. */
function combineParts(b: Builder, op: "Sum" | "Max" | "Min", x: Value, axis: number): Value {
  const parts = x.shape[axis]!;
  const outputs = Array.from({ length: parts }, () => b.fresh("v"));
  b.append("Split", [x.name, b.sizes(outputs.map(() => 1))], outputs, { axis });
  return { name: b.op(op, outputs), dtype: x.dtype, shape: reduced(x, [axis]) };
}

/** ReduceSum stops at the largest int32, where a sum of int64 that is cut to 32 bits wraps as it should. */
function reduceSum(b: Builder, x: Value, axes: readonly number[]): string {
  if (x.dtype === "float32") return b.op("ReduceSum", [x.name, b.sizes(axes)]);
  const total = b.op("ReduceSum", [b.cast(x.name, elementTypes.int64), b.sizes(axes)]);
  return b.cast(total, elementTypes.int32);
}

/** Axes as neighbours: the last of the runs that they make, and those before it. */
function lastRun(axes: readonly number[]): { run: readonly number[]; rest: readonly number[] } {
  const sorted = axes.toSorted((a, b) => a - b);
  let from = sorted.length - 1;
  while (from > 0 && sorted[from - 1] === sorted[from]! - 1) from--;
  return { run: sorted.slice(from), rest: sorted.slice(0, from) };
}

/** `x` as what lies before, in and behind a run of axes. */
function around(x: Value, run: readonly number[]): Middle {
  const [first, last] = [run[0]!, run.at(-1)!];
  return {
    outer: sizeOf(x.shape.slice(0, first)),
    n: sizeOf(x.shape.slice(first, last + 1)),
    inner: sizeOf(x.shape.slice(last + 1)),
  };
}

const isLong = (x: Value, axes: readonly number[]): boolean =>
  x.dtype === "float32" && axes.reduce((n, axis) => n * x.shape[axis]!, 1) > fewTerms;

/** The sum of `x` over some of its axes, which stay with size 1. */
export function sumOver(b: Builder, x: Value, axes: readonly number[]): Value {
  if (!isLong(x, axes)) return shortSum(b, x, axes);
  const { run, rest } = lastRun(axes);
  const total = b.reshape(longSum(b, x, around(x, run), (y) => sumBetween(b, y)), reduced(x, run));
  return rest.length === 0 ? total : sumOver(b, total, rest);
}

/** Over the second of three axes. */
function sumBetween(b: Builder, x: Value): Value {
  const [outer, ...leading] = x.shape;
  return outer === 1 ? shortSum(b, b.reshape(x, leading), [0]) : shortSum(b, x, [1]);
}

function shortSum(b: Builder, x: Value, axes: readonly number[]): Value {
  const shape = reduced(x, axes);
  const last = Math.max(...axes);
  const inner = sizeOf(x.shape.slice(last + 1));
  if (x.dtype === "float32" && sizeOf(shape) > 1) {
    if (isLeading(axes)) return sumOfRows(b, x, axes.length);
    // Between others ReduceSum makes a product for every index in front of the axis.
    if (axes.length === 1 && inner > 1 && x.shape[last]! <= shortAxis) return combineParts(b, "Sum", x, last);
  }
  // Axes of one element at the end would make an axis before them one between others.
  const trimmed = inner === 1 ? b.reshape(x, x.shape.slice(0, last + 1)) : x;
  const name = reduceSum(b, trimmed, axes);
  return b.reshape({ name, dtype: x.dtype, shape: reduced(trimmed, axes) }, shape);
}

/** The sum over axes. */
export function sum(b: Builder, node: NodeOf<"sum">, x: Value): Value {
  const full = node.inputs[0]!.shape;
  if (sizeOf(full) === 0) return b.scalar(node.dtype, 0);
  const axes = realAxes(x, full, node.attrs.axes);
  const total = axes.length === 0 ? x : sumOver(b, x, axes);
  const times = sizeOf(full) / sizeOf(node.shape) * sizeOf(total.shape) / sizeOf(x.shape);
  if (times === 1) return total;
  const factor = b.scalar(node.dtype, times, total.shape.length).name;
  return { name: b.op("Mul", [total.name, factor]), dtype: node.dtype, shape: total.shape };
}

/** The sum over axes of squares or absolute values: where they are not many, by the ONNX operation for it. */
export function sumOfSizes(b: Builder, op: "ReduceL1" | "ReduceSumSquare", node: NodeOf<"sum">, x: Value): Value {
  const { shape } = node.inputs[0]!;
  if (sizeOf(shape) === 0) return b.scalar(node.dtype, 0);
  const whole = b.materialize(x, shape);
  const { axes } = node.attrs;
  if (!isLong(whole, axes)) {
    return { name: b.op(op, [whole.name, b.sizes(axes)]), dtype: node.dtype, shape: node.shape };
  }
  const sizes = op === "ReduceL1" ? b.op("Abs", [whole.name]) : b.op("Mul", [whole.name, whole.name]);
  return sumOver(b, { ...whole, name: sizes }, axes);
}

/**
 * The largest or smallest over axes; NaN if there is one. Max and Min keep NaN, but ReduceMax and ReduceMin pass over it: a
 * sum of absolute values is NaN exactly where one of them is.
 */
export function extremum(b: Builder, node: NodeOf<"max" | "min">, x: Value): Value {
  const axes = realAxes(x, node.inputs[0]!.shape, node.attrs.axes);
  if (axes.length === 0) return x;
  const op = node.op === "max" ? "Max" : "Min";
  if (axes.length === 1 && x.shape[axes[0]!]! <= shortAxis && sizeOf(x.shape) > 0) {
    return combineParts(b, op, x, axes[0]!);
  }
  const inputs = [x.name, b.sizes(axes)];
  const shape = reduced(x, axes);
  const found = b.op(`Reduce${op}`, inputs);
  if (node.dtype !== "float32") return { name: found, dtype: node.dtype, shape };
  const total = b.op("ReduceL1", inputs);
  return { name: b.op("Where", [b.op("IsNaN", [total]), total, found]), dtype: node.dtype, shape };
}

/** The first index of the largest. ArgMax passes over NaN: where there is one, it is the largest of what says so. */
export function argmax(b: Builder, node: NodeOf<"argmax">, x: Value): Value {
  const whole = b.materialize(x, node.inputs[0]!.shape);
  const find = (name: string): string => b.op("ArgMax", [name], { axis: node.attrs.axis, keepdims: 1 });
  let index = find(whole.name);
  if (x.dtype === "float32") {
    const size = b.op("ReduceL1", [whole.name, b.sizes([node.attrs.axis])]);
    const firstNaN = find(b.cast(b.op("IsNaN", [whole.name]), elementTypes.float32));
    index = b.op("Where", [b.op("IsNaN", [size]), firstNaN, index]);
  }
  return { name: b.cast(index, elementTypes.int32), dtype: "int32", shape: node.shape };
}

/** ONNX Runtime's TopK, of which equal ones come in their order; NaN it could not place. */
export function argsort(b: Builder, node: NodeOf<"argsort">, x: Value): Value {
  const { axis, k, descending } = node.attrs;
  const whole = b.materialize(x, node.inputs[0]!.shape);
  const held = whole.dtype === "float32"
    ? b.op("Where", [b.op("IsNaN", [whole.name]), b.scalar("float32", Infinity).name, whole.name])
    : whole.name;
  const places = b.fresh("v");
  b.append("TopK", [held, b.sizes([k])], [b.fresh("v"), places], { axis, largest: Number(descending), sorted: 1 });
  return { name: b.cast(places, elementTypes.int32), dtype: node.dtype, shape: node.shape };
}

/** Running sums. */
export function cumsum(b: Builder, node: NodeOf<"cumsum">, x: Value): Value {
  const whole = b.materialize(x, node.shape);
  const { axis, reverse } = node.attrs;
  if (isLong(whole, [axis])) return b.reshape(longCumsum(b, whole, around(whole, [axis]), reverse), node.shape);
  const name = b.op("CumSum", [whole.name, b.int64(axis)], { reverse: Number(reverse) });
  return { name, dtype: node.dtype, shape: node.shape };
}
