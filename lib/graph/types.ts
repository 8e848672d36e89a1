/** What every layer says about a value without knowing it: its dtype, shape and axis names. */

import { isSmall, withRoom } from "./memory.ts";

/** The element types of tensors. `uint32` holds random bits only. */
export type DType = "float32" | "int32" | "uint32" | "bool";

/** Host memory of a tensor; `bool` is one byte an element, 0 or 1. */
export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** Sizes of the axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Names of the axes, one for each; `null` where an axis has none. */
export type Axes = readonly (string | null)[];

/** An abstract value: everything about a tensor except its numbers. */
export interface Aval {
  /** The dtype of the elements. */
  readonly dtype: DType;
  /** The sizes of its axes. */
  readonly shape: Shape;
  /** The names of its axes. */
  readonly axes: Axes;
}

/** The numbers of one tensor outside of any graph, row-major: in checkpoints and reports. */
export interface SavedTensor {
  /** The dtype of the elements. */
  readonly dtype: DType;
  /** The sizes of its axes. */
  readonly shape: Shape;
  /** The numbers, the last axis fastest: as many as the product of the sizes. */
  readonly data: TypedArray;
}

/** The number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Typed arrays by the dtypes that they hold. */
const arrays = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array, bool: Uint8Array } as const;

/** Zeroed host memory for `size` elements of `dtype`. Throws a RangeError if there is no room for it. */
export function allocate(dtype: DType, size: number): TypedArray {
  const Made = arrays[dtype];
  const bytes = size * Made.BYTES_PER_ELEMENT;
  if (isSmall(bytes)) return new Made(size);
  return withRoom(`a tensor of ${size.toLocaleString("en-US")} numbers`, bytes, () => new Made(size));
}

/** Host memory in which all elements are `value`. */
export function filledWith(value: number, { dtype, shape }: Pick<Aval, "dtype" | "shape">): TypedArray {
  const numbers = allocate(dtype, sizeOf(shape));
  return Object.is(value, 0) ? numbers : numbers.fill(value);
}

/** As a person reads it: `float32 [env 60, agent 3, 2]`. */
export function describe(aval: Aval): string {
  const sizes = aval.shape.map((n, i) => aval.axes[i] ? `${aval.axes[i]} ${n}` : `${n}`);
  return `${aval.dtype} [${sizes.join(", ")}]`;
}

/** No names for `rank` axes. */
export function unnamed(rank: number): Axes {
  return new Array<string | null>(rank).fill(null);
}

/** An abstract value with no axis names, unless they are given. */
export function aval(dtype: DType, shape: Shape, axes: Axes = unnamed(shape.length)): Aval {
  return { dtype, shape, axes };
}
