/** Tensors from numbers. */

import { noteCopy } from "../forensics/reads/drops.ts";
import { PlumblineError } from "../graph/error.ts";
import * as ops from "../graph/ops.ts";
import { allocate, type DType, type Shape, sizeOf, type TypedArray, unnamed } from "../graph/types.ts";
import { checkNames } from "./axis.ts";
import { nameOf } from "./refuse.ts";
import { fromData, type NestedList, Tensor } from "./tensor.ts";

/** How a new tensor is to be. */
export interface TensorOptions {
  /** float32, unless the data says otherwise: booleans alone are bool, typed arrays keep their type. */
  dtype?: DType;
  /** The sizes, for flat data. */
  shape?: readonly number[];
  /** Names of the axes. */
  axes?: readonly (string | null)[];
}

function shapeOf(data: NestedList): number[] {
  return Array.isArray(data) ? [data.length, ...(data.length > 0 ? shapeOf(data[0] as NestedList) : [])] : [];
}

function flattenInto(target: TypedArray, data: NestedList, dtype: DType, shape: Shape, offset: number): void {
  if (!Array.isArray(data)) {
    if (shape.length > 0) ragged(shape);
    if (typeof data !== "number" && typeof data !== "boolean") refuseElement(data);
    target[offset] = ops.elementOf(Number(data), dtype);
    return;
  }
  if (data.length !== shape[0]) ragged(shape);
  const stride = sizeOf(shape.slice(1));
  data.forEach((x, i) => flattenInto(target, x as NestedList, dtype, shape.slice(1), offset + i * stride));
}

function refuseElement(x: unknown): never {
  throw new PlumblineError({
    code: "G301",
    message: `tensor() takes numbers and booleans, but one element is ${
      x === null ? "null" : `a value of type ${typeof x}`
    }.`,
    help: "a tensor among the numbers? join tensors with stack().",
  });
}

function ragged(shape: Shape): never {
  throw new PlumblineError({
    code: "G301",
    message: `tensor() was given nested arrays of uneven lengths: one of them does not fit [${shape}].`,
  });
}

function dtypeOfArray(data: ArrayBufferView): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof Uint8Array) return "bool";
  throw new PlumblineError({
    code: "G301",
    message: `tensor() was given a ${data.constructor.name}, whose numbers no dtype holds as they are.`,
    help: "convert it: Float32Array.from(data) for float32, Int32Array.from(data) for int32.",
  });
}

/** Whether there are booleans, and nothing else. */
function areBooleans(data: NestedList): boolean {
  return Array.isArray(data) ? data.length > 0 && data.every(areBooleans) : typeof data === "boolean";
}

/** A tensor over `data`, whose numbers are kept as they are. */
function overArray(data: TypedArray, options: TensorOptions, what: string): Tensor {
  const own = dtypeOfArray(data);
  const shape = options.shape ?? [data.length];
  checkSize(data.length, shape, what);
  if (options.axes) checkNames(options.axes, { dtype: own, shape }, what);
  return fromData(data, own, shape, options.axes ?? unnamed(shape.length)).cast(options.dtype ?? own);
}

/**
 * A tensor of the given numbers: a number, nested arrays, or a typed array with its shape. The numbers are copied: an array may
 * be used again for others. See {@linkcode fromBuffer} for a view.
 *
 * @example
 * ```ts
 * import { tensor } from "@plumbline/plumbline";
 *
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(await x.sum(1).toList()); // [3, 7]
 * ```
 *
 * @throws PlumblineError G301 if the arrays are ragged or the shape does not fit.
 */
export function tensor(data: NestedList | TypedArray, options: TensorOptions = {}): Tensor {
  if (ArrayBuffer.isView(data)) {
    dtypeOfArray(data);
    const copy = (data as TypedArray).slice() as TypedArray;
    noteCopy(data as TypedArray, copy);
    return overArray(copy, options, "tensor()");
  }
  const list = data as NestedList;
  const found = shapeOf(list);
  const dtype = options.dtype ?? (areBooleans(list) ? "bool" : "float32");
  ops.checkDtype(dtype);
  const array = allocate(dtype, sizeOf(found));
  flattenInto(array, list, dtype, found, 0);
  const shape = options.shape ?? found;
  checkSize(array.length, shape);
  if (options.axes) checkNames(options.axes, { dtype, shape }, "tensor()");
  return fromData(array, dtype, shape, options.axes ?? unnamed(shape.length));
}

/**
 * A tensor over a typed array that is not copied (torch.frombuffer): for large data that nobody writes to any more. What is
 * written to the array later may be seen by what is made of the tensor, or not: on a GPU a copy is kept.
 *
 * @example
 * ```ts
 * import { fromBuffer } from "@plumbline/plumbline";
 *
 * const images = fromBuffer(new Float32Array(1000 * 28 * 28), { shape: [1000, 28, 28] });
 * console.log(images.shape); // [1000, 28, 28]
 * ```
 *
 * @throws PlumblineError G301 if it is given no typed array, or the shape does not fit.
 */
export function fromBuffer(data: TypedArray, options: Pick<TensorOptions, "shape" | "axes"> = {}): Tensor {
  if (ArrayBuffer.isView(data)) return overArray(data, options, "fromBuffer()");
  throw new PlumblineError({
    code: "G301",
    message: `fromBuffer() takes a typed array, not ${nameOf(data)}.`,
    help: "tensor() makes one of numbers and of nested arrays.",
  });
}

function checkSize(length: number, shape: Shape, what = "tensor()"): void {
  if (sizeOf(shape) === length) return;
  throw new PlumblineError({ code: "G301", message: `${what} was given ${length} numbers for the shape [${shape}].` });
}

/** `value` everywhere. */
export function full(shape: Shape, value: number, options: Pick<TensorOptions, "dtype" | "axes"> = {}): Tensor {
  const own = ops.ownShape(shape);
  if (typeof value !== "number" && typeof value !== "boolean") {
    throw new PlumblineError({ code: "G301", message: `full() needs a number to fill [${shape}] with, not ${value}.` });
  }
  const { dtype = "float32", axes } = options;
  if (axes) checkNames(axes, { dtype, shape }, "full()");
  return new Tensor(ops.full(dtype, own, Number(value), axes && [...axes]));
}

/** 0 everywhere. */
export function zeros(shape: Shape, options: Pick<TensorOptions, "dtype" | "axes"> = {}): Tensor {
  return full(shape, 0, options);
}

/** 1 everywhere. */
export function ones(shape: Shape, options: Pick<TensorOptions, "dtype" | "axes"> = {}): Tensor {
  return full(shape, 1, options);
}

/** 0 everywhere, in the shape, dtype and axes of `x`. */
export function zerosLike(x: Tensor): Tensor {
  return new Tensor(ops.fullLike(x.node, 0));
}

/** 1 everywhere, in the shape, dtype and axes of `x`. */
export function onesLike(x: Tensor): Tensor {
  return new Tensor(ops.fullLike(x.node, 1));
}

/**
 * From `start` by `step` up to, and without, `end`; with one number from 0 up to that. int32 if all are whole numbers, else
 * float32.
 *
 * @throws PlumblineError G301 if a step does not lead from start to end.
 */
export function arange(start: number, end?: number, step = 1): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count) || count < 0) {
    throw new PlumblineError({
      code: "G301",
      message: `arange() cannot go from ${from} to ${to} in steps of ${step}.`,
    });
  }
  if (![from, to, step].every(Number.isInteger)) {
    return fromData(Float32Array.from({ length: count }, (_, i) => from + i * step), "float32", [count]);
  }
  const numbers = new Tensor(ops.iota([count], 0));
  const spaced = step === 1 ? numbers : numbers.mul(step);
  return from === 0 ? spaced : spaced.add(from);
}

/** `count` numbers from `first` to `last`, both included, evenly spaced. */
export function linspace(first: number, last: number, count: number): Tensor {
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  return fromData(Float32Array.from({ length: count }, (_, i) => first + i * step), "float32", [count]);
}

/** The identity matrix `[n, columns]`; square unless told otherwise. */
export function eye(n: number, columns: number = n): Tensor {
  return arange(columns).unsqueeze(0).equal(arange(n).unsqueeze(1)).cast("float32");
}
