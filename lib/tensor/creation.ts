/** Tensors from numbers. */

import { noteCopy } from "../forensics/reads/drops.ts";
import { type Advice, signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { told } from "../graph/kinds.ts";
import * as ops from "../graph/ops.ts";
import { allocate, type DType, type Shape, sizeOf, type TypedArray, unnamed } from "../graph/types.ts";
import { checkNames } from "./axis.ts";
import * as kind from "./kinds.ts";
import { fromData, type NestedList, Tensor } from "./tensor.ts";

/** How a new tensor is to be. */
export interface TensorOptions {
  /** float32, unless the data says otherwise: booleans alone are bool, typed arrays keep their type, bytes are int32. */
  dtype?: DType;
  /** The sizes, for flat data. */
  shape?: readonly number[];
  /** Names of the axes. */
  axes?: readonly (string | null)[];
}

/** More axes no tensor has; a list that contains itself has. */
const mostAxes = 64;

function shapeOf(data: NestedList): number[] {
  const shape: number[] = [];
  for (let list: unknown = data; Array.isArray(list); list = list[0]) {
    if (shape.push(list.length) > mostAxes) {
      throw new PlumblineError({
        code: "G301",
        message: `tensor() was given lists in lists more than ${mostAxes} deep: does one contain itself?`,
      });
    }
  }
  return shape;
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
  // Not forEach(), which passes over holes.
  for (let i = 0; i < data.length; i++) flattenInto(target, data[i], dtype, shape.slice(1), offset + i * stride);
}

function refuseElement(x: unknown): never {
  throw new PlumblineError({
    code: "G301",
    message: `tensor() takes numbers and booleans, but one element is ${told(x)}.`,
    help: kind.isStrayPromise(x)
      ? "`await` is missing before what gives it."
      : "a tensor among the numbers? join tensors with stack().",
  });
}

function ragged(shape: Shape): never {
  throw new PlumblineError({
    code: "G301",
    message: `tensor() was given nested arrays of uneven lengths: one of them does not fit [${shape}].`,
  });
}

/** The dtype whose numbers a typed array holds, and its numbers so: whole numbers of 8 and 16 bits are int32, or truths. */
function numbersOf(data: ArrayBufferView, wanted: DType | undefined): { dtype: DType; numbers: TypedArray } {
  if (data instanceof Float32Array) return { dtype: "float32", numbers: data };
  if (data instanceof Int32Array) return { dtype: "int32", numbers: data };
  if (data instanceof Uint32Array) return { dtype: "uint32", numbers: data };
  const isShort = data instanceof Uint8Array || data instanceof Uint8ClampedArray || data instanceof Int8Array ||
    data instanceof Uint16Array || data instanceof Int16Array;
  if (isShort && wanted === "bool") return { dtype: "bool", numbers: Uint8Array.from(data, (x) => x === 0 ? 0 : 1) };
  if (isShort) return { dtype: "int32", numbers: Int32Array.from(data) };
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
function overArray(
  data: TypedArray,
  own: DType,
  options: TensorOptions,
  what: string,
): Tensor {
  const shape = options.shape ?? [data.length];
  checkSize(data.length, shape, what);
  if (options.axes) checkNames(options.axes, { dtype: own, shape }, what);
  return fromData(data, own, shape, options.axes ?? unnamed(shape.length)).cast(options.dtype ?? own);
}

/** Whether it is a typed array whose memory is still its own. */
function isHeld(x: unknown): boolean {
  return ArrayBuffer.isView(x) && !isLost(x);
}

function isLost({ buffer }: ArrayBufferView): boolean {
  return "detached" in buffer && buffer.detached === true;
}

/** What is wrong with an array whose memory went to another thread: it would be one of no numbers. */
function lostMemory(x: unknown): kind.Fault | null {
  if (!ArrayBuffer.isView(x) || !isLost(x)) return null;
  const sentence =
    `was given a ${x.constructor.name} that has no memory any more: it was transferred to another thread.`;
  return {
    at: "",
    says: "",
    found: x,
    sentence,
    help: "give it before, or post a copy: worker.postMessage(x.slice()).",
  };
}

const options = kind.options<TensorOptions>({ dtype: kind.dtype, shape: kind.shape, axes: kind.axisNames }, {
  requiresGrad: "what learns is a parameter: new Parameter(tensor(x)).",
});
const numbers: kind.Kind = {
  ...kind.kindOf(
    "a number, lists of numbers or a typed array",
    (x) => typeof x === "number" || typeof x === "boolean" || Array.isArray(x) || isHeld(x),
  ),
  inside: lostMemory,
};
const takesTensor = signature("tensor()", { data: numbers, options });

/**
 * A tensor of the given numbers: a number, nested arrays, or a typed array with its shape. The numbers are copied: an array may
 * be used again for others. See {@linkcode fromBuffer} for a view. Bytes are numbers (int32); of those that are truths it is said:
 * `{ dtype: "bool" }`.
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
  takesTensor(arguments);
  if (ArrayBuffer.isView(data)) {
    const { dtype: own, numbers } = numbersOf(data, options.dtype);
    const copy = numbers === data ? numbers.slice() as TypedArray : numbers;
    noteCopy(data as TypedArray, copy);
    return overArray(copy, own, options, "tensor()");
  }
  const list = data as NestedList;
  const found = shapeOf(list);
  const dtype = options.dtype ?? (areBooleans(list) ? "bool" : "float32");
  const array = allocate(dtype, sizeOf(found));
  flattenInto(array, list, dtype, found, 0);
  const shape = options.shape ?? found;
  checkSize(array.length, shape);
  if (options.axes) checkNames(options.axes, { dtype, shape }, "tensor()");
  return fromData(array, dtype, shape, options.axes ?? unnamed(shape.length));
}

const takesBuffer = signature("fromBuffer()", {
  data: { ...kind.kindOf("a typed array", isHeld), inside: lostMemory },
  options: kind.options({ shape: kind.shape, axes: kind.axisNames }),
}, ([data]) => ArrayBuffer.isView(data) ? undefined : "tensor() makes one of numbers and of nested arrays.");

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
  takesBuffer(arguments);
  const { dtype: own, numbers } = numbersOf(data, undefined);
  if (numbers === data) return overArray(data, own, options, "fromBuffer()");
  throw new PlumblineError({
    code: "G301",
    message: `fromBuffer() keeps float32, int32 and uint32 numbers as they are; of ${told(data)} it would need a copy.`,
    help: "tensor() makes one.",
  });
}

function checkSize(length: number, shape: Shape, what = "tensor()"): void {
  if (sizeOf(shape) === length) return;
  throw new PlumblineError({ code: "G301", message: `${what} was given ${length} numbers for the shape [${shape}].` });
}

const shapeFirst: Advice = ([first, second]) =>
  Number.isInteger(first) && (second === undefined || Number.isInteger(second))
    ? "a shape is a list of sizes: zeros([2, 3]), not zeros(2, 3)."
    : undefined;
const fullOptions = kind.options({ dtype: kind.dtype, axes: kind.axisNames });
const takesFull = signature("full()", {
  shape: kind.shape,
  value: kind.either(kind.number, kind.boolean),
  options: fullOptions,
}, shapeFirst);

/** `value` everywhere. */
export function full(shape: Shape, value: number, options: Pick<TensorOptions, "dtype" | "axes"> = {}): Tensor {
  takesFull(arguments);
  const own = ops.ownShape(shape);
  const { dtype = "float32", axes } = options;
  if (axes) checkNames(axes, { dtype, shape }, "full()");
  return new Tensor(ops.full(dtype, own, Number(value), axes && [...axes]));
}

const takesZeros = signature("zeros()", { shape: kind.shape, options: fullOptions }, shapeFirst);

/** 0 everywhere. */
export function zeros(shape: Shape, options: Pick<TensorOptions, "dtype" | "axes"> = {}): Tensor {
  takesZeros(arguments);
  return full(shape, 0, options);
}

const takesOnes = signature("ones()", { shape: kind.shape, options: fullOptions }, shapeFirst);

/** 1 everywhere. */
export function ones(shape: Shape, options: Pick<TensorOptions, "dtype" | "axes"> = {}): Tensor {
  takesOnes(arguments);
  return full(shape, 1, options);
}

const takesZerosLike = signature("zerosLike()", { x: kind.tensor });

/** 0 everywhere, in the shape, dtype and axes of `x`. */
export function zerosLike(x: Tensor): Tensor {
  takesZerosLike(arguments);
  return new Tensor(ops.fullLike(x.node, 0));
}

const takesOnesLike = signature("onesLike()", { x: kind.tensor });

/** 1 everywhere, in the shape, dtype and axes of `x`. */
export function onesLike(x: Tensor): Tensor {
  takesOnesLike(arguments);
  return new Tensor(ops.fullLike(x.node, 1));
}

const takesArange = signature("arange()", {
  start: kind.number,
  end: kind.optional(kind.number),
  step: kind.optional(kind.number),
});

/**
 * From `start` by `step` up to, and without, `end`; with one number from 0 up to that. int32 if all are whole numbers, else
 * float32.
 *
 * @throws PlumblineError G301 if a step does not lead from start to end, or whole numbers do not fit in int32.
 */
export function arange(start: number, end?: number, step = 1): Tensor {
  takesArange(arguments);
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count) || count < 0) {
    throw new PlumblineError({
      code: "G301",
      message: `arange() cannot go from ${from} to ${to} in steps of ${step}.`,
    });
  }
  if (![from, to, step].every(Number.isInteger)) {
    return fromData(float32Of(count, (i) => from + i * step), "float32", [count]);
  }
  for (const x of [from, from + Math.max(0, count - 1) * step]) ops.elementOf(x, "int32");
  const numbers = new Tensor(ops.iota([count], 0));
  const spaced = step === 1 ? numbers : numbers.mul(step);
  return from === 0 ? spaced : spaced.add(from);
}

function float32Of(count: number, number: (index: number) => number): TypedArray {
  const numbers = allocate("float32", count);
  for (let i = 0; i < count; i++) numbers[i] = number(i);
  return numbers;
}

const takesLinspace = signature("linspace()", { first: kind.finite, last: kind.finite, count: kind.count(0) });

/** `count` numbers from `first` to `last`, both included, evenly spaced. */
export function linspace(first: number, last: number, count: number): Tensor {
  takesLinspace(arguments);
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  return fromData(float32Of(count, (i) => first + i * step), "float32", [count]);
}

const takesEye = signature("eye()", { n: kind.count(0), columns: kind.optional(kind.count(0)) });

/** The identity matrix `[n, columns]`; square unless told otherwise. */
export function eye(n: number, columns: number = n): Tensor {
  takesEye(arguments);
  return arange(columns).unsqueeze(0).equal(arange(n).unsqueeze(1)).cast("float32");
}
