/**
 * The one table of primitive operations. A row gives the kind (which engines lower alike) and the shape rule; everything
 * else in the library is written in these. An element-wise row has a method of Tensor, without which it does not compile.
 *
 * Element-wise inputs have the same shape already: `ops.ts` inserts `expand` where PyTorch would broadcast. Reductions
 * keep the reduced axes with size 1.
 *
 * Over 400 lines: it is one table, which is read from top to bottom.
 */

import { type Aval, aval, type Axes, describe, type DType, sameShape, type Shape, sizeOf } from "./types.ts";
import { type ConvolutionAttrs, convolved, faultOfConvolution, windowsAmong } from "./convolution.ts";
import { calledHere, PlumblineError } from "./error.ts";
import { haveSameNames } from "./broadcast.ts";

/** How a primitive behaves, for engines that lower a whole kind alike. */
export type Kind =
  | "leaf"
  | "unary"
  | "binary"
  | "compare"
  | "select"
  | "reduce"
  | "move"
  | "index"
  | "contract"
  | "control";

/** A row of the table. */
export interface Primitive<A, K extends Kind = Kind> {
  readonly kind: K;
  /** The abstract value of the result; throws a sentence when the inputs do not fit. */
  readonly infer: (inputs: readonly Aval[], attrs: A) => Aval;
}

/** Attributes of an operation that has none. */
export type None = Record<never, never>;

type Dtypes = readonly DType[];
const float: Dtypes = ["float32"];
const number: Dtypes = ["float32", "int32"];
const unsigned: Dtypes = ["uint32"];
const logical: Dtypes = ["bool"];
const any: Dtypes = ["float32", "int32", "uint32", "bool"];

/** Throws a sentence whose subject is what the user called. */
function fail(told: string, help?: string): never {
  throw new PlumblineError({
    code: "G301",
    message: `${calledHere("an operation")} ${told}`,
    ...(help ? { help } : {}),
  });
}

function check(inputs: readonly Aval[], dtypes: Dtypes): Aval {
  const [first] = inputs;
  if (!first) return fail("has no inputs.");
  if (!dtypes.includes(first.dtype)) {
    fail(
      `takes ${dtypes.join(" or ")}, not ${describe(first)}.`,
      `convert it first: t.cast("${dtypes[0]}")`,
    );
  }
  for (const other of inputs) {
    if (other.dtype !== first.dtype || !sameShape(other.shape, first.shape)) {
      fail(`has the inputs ${describe(first)} and ${describe(other)}, which differ in dtype or shape.`);
    }
  }
  return first;
}

/** Names of element-wise results: a name wins over no name. Different names are refused before this, by broadcasting. */
function joinAxes(inputs: readonly Aval[]): Axes {
  if (haveSameNames(inputs)) return inputs[0]!.axes;
  return inputs[0]!.axes.map((_, i) => inputs.map((x) => x.axes[i] ?? null).find((name) => name !== null) ?? null);
}

const unary = (dtypes: Dtypes): Primitive<None, "unary"> => ({
  kind: "unary",
  infer: (inputs) => check(inputs, dtypes),
});

const binary = (dtypes: Dtypes): Primitive<None, "binary"> => ({
  kind: "binary",
  infer: (inputs) => ({ ...check(inputs, dtypes), axes: joinAxes(inputs) }),
});

const compare = (dtypes: Dtypes): Primitive<None, "compare"> => ({
  kind: "compare",
  infer: (inputs) => ({ ...check(inputs, dtypes), dtype: "bool", axes: joinAxes(inputs) }),
});

function checkSome(x: Aval, axes: readonly number[]): void {
  if (axes.some((i) => x.shape[i] === 0)) fail(`of nothing has no value: ${describe(x)} is empty.`);
}

const reduce = (dtypes: Dtypes, isExtreme = false): Primitive<{ axes: readonly number[] }> => ({
  kind: "reduce",
  infer: (inputs, { axes }) => {
    const x = check(inputs, dtypes);
    if (isExtreme) checkSome(x, axes);
    return { ...x, shape: x.shape.map((n, i) => axes.includes(i) ? 1 : n) };
  },
});

function resized(x: Aval, axis: number, size: number): Aval {
  return { ...x, shape: x.shape.map((n, i) => i === axis ? size : n) };
}

function matmulShape([a, b]: readonly Aval[], transA: boolean, transB: boolean): Aval {
  check([a!], float);
  check([b!], float);
  const rank = a!.shape.length;
  if (Math.min(rank, b!.shape.length) < 2) {
    fail(`multiplies vectors and matrices, not ${describe(a!)} by ${describe(b!)}.`);
  }
  const batch = a!.shape.slice(0, -2);
  const [m, k] = transA ? [a!.shape[rank - 1]!, a!.shape[rank - 2]!] : [a!.shape[rank - 2]!, a!.shape[rank - 1]!];
  const [k2, n] = transB ? [b!.shape[rank - 1]!, b!.shape[rank - 2]!] : [b!.shape[rank - 2]!, b!.shape[rank - 1]!];
  if (b!.shape.length !== rank || k !== k2 || !sameShape(batch, b!.shape.slice(0, -2))) {
    fail(`cannot multiply ${describe(a!)} by ${describe(b!)}: the inner sizes are ${k} and ${k2}.`);
  }
  const axes = [
    ...a!.axes.slice(0, -2),
    a!.axes[transA ? rank - 1 : rank - 2]!,
    b!.axes[transB ? rank - 2 : rank - 1]!,
  ];
  return { dtype: "float32", shape: [...batch, m!, n!], axes };
}

/** The float32 numbers at either end of what a cast to int32 or uint32 gives. */
export const castLimits = { int32: [-(2 ** 31), 2 ** 31 - 128], uint32: [0, 2 ** 32 - 256] } as const;

/** What the table knows of a loop's body: abstract values. `graph/node.ts` says that they are nodes. */
export interface Body {
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
}

/** Attributes of `scan`; see `graph/scan.ts` for the order of inputs and outputs. */
export interface LoopAttrs<B extends Body = Body> {
  /** Inputs: carries, one slice of each xs, constants. Outputs: next carries, one slice of each ys. */
  body: B;
  /** How many of the body's inputs (and of its first outputs) are carried. */
  carries: number;
  /** How many of the body's inputs are slices of xs. */
  xs: number;
  /** Steps. */
  length: number;
  /** From the last step to the first. */
  reverse: boolean;
}

/** The abstract values of a scan's outputs: final carries, stacked ys, then the stacked carries as each step received them. */
export function scanOutputs({ body, carries, length }: LoopAttrs): Aval[] {
  const stack = (x: Aval): Aval => ({ dtype: x.dtype, shape: [length, ...x.shape], axes: [null, ...x.axes] });
  return [
    ...body.outputs.slice(0, carries).map(({ dtype, shape, axes }): Aval => ({ dtype, shape, axes })),
    ...body.outputs.slice(carries).map(stack),
    ...body.inputs.slice(0, carries).map(stack),
  ];
}

type Unary = Primitive<None, "unary">;
type Binary = Primitive<None, "binary">;
type Compare = Primitive<None, "compare">;
type Reduce = Primitive<{ axes: readonly number[] }>;

/** The table. */
export const primitives = {
  // Leaves.

  /** Numbers from outside: host data, a parameter, an argument of a traced function. */
  input: { kind: "leaf", infer: (_, { aval }) => aval } as Primitive<
    { aval: Aval; placeholder: boolean; name: string | null }
  >,
  /** `value` everywhere. */
  full: { kind: "leaf", infer: (_, { aval }) => aval } as Primitive<{ aval: Aval; value: number }>,
  /** 0, 1, 2 ... along `axis`, int32. */
  iota: { kind: "leaf", infer: (_, { shape }) => aval("int32", shape) } as Primitive<{ shape: Shape; axis: number }>,
  /** Threefry-2x32-20 over a counter, from a key `[2]` uint32. */
  randomBits: {
    kind: "index",
    infer: ([key], { shape }) => {
      if (key!.dtype !== "uint32" || !sameShape(key!.shape, [2])) {
        fail(`takes a random key, uint32 [2], not ${describe(key!)}.`);
      }
      return aval("uint32", shape);
    },
  } as Primitive<{ shape: Shape }>,

  // Element-wise, one input.

  /** -x. */
  neg: unary(number) as Unary,
  /** |x|. Its derivative at 0 is 0. */
  abs: unary(number) as Unary,
  /** -1, 0 or 1. */
  sign: unary(number) as Unary,
  /** e to the power of x. */
  exp: unary(float) as Unary,
  /** exp(x) - 1, accurate near 0. */
  expm1: unary(float) as Unary,
  /** 2 to the power of x. */
  exp2: unary(float) as Unary,
  /** The natural logarithm. */
  log: unary(float) as Unary,
  /** log(1 + x), accurate near 0. */
  log1p: unary(float) as Unary,
  /** The square root. */
  sqrt: unary(float) as Unary,
  /** The sine of x in radians. */
  sin: unary(float) as Unary,
  /** The cosine of x in radians. */
  cos: unary(float) as Unary,
  /** The tangent of x in radians. */
  tan: unary(float) as Unary,
  /** The inverse sine, in radians. */
  asin: unary(float) as Unary,
  /** The inverse cosine, in radians. */
  acos: unary(float) as Unary,
  /** The inverse tangent, in radians. */
  atan: unary(float) as Unary,
  /** The hyperbolic tangent. */
  tanh: unary(float) as Unary,
  /** The error function. */
  erf: unary(float) as Unary,
  /** 1 / (1 + exp(-x)). */
  sigmoid: unary(float) as Unary,
  /** log(1 + exp(x)), without overflow. */
  softplus: unary(float) as Unary,
  /** max(x, 0). Its derivative at 0 is 0. */
  relu: unary(float) as Unary,
  /** The largest integer that is not above x. */
  floor: unary(float) as Unary,
  /** The smallest integer that is not below x. */
  ceil: unary(float) as Unary,
  /** The nearest integer, halves to even. */
  round: unary(float) as Unary,
  /** Logical not. */
  not: unary(logical) as Unary,
  /** True where x is NaN. */
  isNaN: { kind: "unary", infer: (inputs) => ({ ...check(inputs, float), dtype: "bool" }) } as Primitive<None, "unary">,
  /** Converts. Float to int truncates, is held to {@linkcode castLimits}, and NaN is 0; anything but 0 is true. */
  cast: { kind: "unary", infer: (inputs, { dtype }) => ({ ...check(inputs, any), dtype }) } as Primitive<
    { dtype: DType }
  >,
  /** The same value, through which no gradient flows. */
  stopGradient: { kind: "unary", infer: (inputs) => check(inputs, any) } as Primitive<{ why: string | null }>,

  // Element-wise, two inputs.

  /** a + b. */
  add: binary(number) as Binary,
  /** a - b. */
  sub: binary(number) as Binary,
  /** a * b. */
  mul: binary(number) as Binary,
  /** a / b; for int32 the quotient is truncated, 0 where b is 0, and wraps like a sum where it does not fit. Tensors divide as PyTorch does: their `div` is made of this. */
  div: binary(number) as Binary,
  /** a to the power of b. NaN for a negative base with a fractional exponent. */
  pow: binary(float) as Binary,
  /** The larger; NaN if either is NaN. */
  maximum: binary(number) as Binary,
  /** The smaller; NaN if either is NaN. */
  minimum: binary(number) as Binary,
  /** Logical and. */
  and: binary(logical) as Binary,
  /** Logical or. */
  or: binary(logical) as Binary,
  /** Bits in both. */
  bitAnd: binary(unsigned) as Binary,
  /** Bits in either. */
  bitOr: binary(unsigned) as Binary,
  /** Bits in one of the two. */
  bitXor: binary(unsigned) as Binary,
  /** Bits moved up by 0 to 31 places. */
  shiftLeft: binary(unsigned) as Binary,
  /** Bits moved down by 0 to 31 places. */
  shiftRight: binary(unsigned) as Binary,
  /** a < b. */
  less: compare(number) as Compare,
  /** a <= b. */
  lessEqual: compare(number) as Compare,
  /** a == b. */
  equal: compare(any) as Compare,
  /** The second where the first (bool) is true, else the third. */
  where: {
    kind: "select",
    infer: ([condition, a, b]) => {
      check([condition!], logical);
      const x = check([a!, b!], any);
      if (!sameShape(condition!.shape, x.shape)) {
        fail(`has a condition ${describe(condition!)} for ${describe(x)}.`);
      }
      return { ...x, axes: joinAxes([condition!, a!, b!]) };
    },
  } as Primitive<None>,

  // Reductions; the reduced axes stay, with size 1.

  /** The sum over axes; of int32 it wraps. */
  sum: reduce(number) as Reduce,
  /** The largest over axes; NaN if there is one. */
  max: reduce(number, true) as Reduce,
  /** The smallest over axes; NaN if there is one. */
  min: reduce(number, true) as Reduce,
  /** int32: the first index of the largest along `axis`; of a NaN, if there is one. */
  argmax: {
    kind: "reduce",
    infer: (inputs, { axis }) => {
      const x = check(inputs, number);
      checkSome(x, [axis]);
      return { ...resized(x, axis, 1), dtype: "int32" };
    },
  } as Primitive<{ axis: number }>,
  /**
   * int32: the places of the first `k` entries along `axis` in order, the smallest first, or the largest if `descending`. Of equal
   * ones that with the smaller place comes first; NaN counts as Infinity.
   */
  argsort: {
    kind: "index",
    infer: (inputs, { axis, k }) => {
      const x = check(inputs, number);
      const n = x.shape[axis]!;
      if (k > n) fail(`takes at most the ${n} entries that ${describe(x)} has along axis ${axis}, not ${k}.`);
      return { ...resized(x, axis, k), dtype: "int32" };
    },
  } as Primitive<{ axis: number; k: number; descending: boolean }>,
  /** Running sums along `axis`, from the end if `reverse`. */
  cumsum: { kind: "index", infer: (inputs) => check(inputs, number) } as Primitive<{ axis: number; reverse: boolean }>,

  // Movement.

  /** The same numbers, row-major, in another shape. */
  reshape: {
    kind: "move",
    infer: (inputs, { shape, axes }) => {
      const x = check(inputs, any);
      const fits = shape.every((n) => Number.isInteger(n) && n >= 0) && sizeOf(shape) === sizeOf(x.shape);
      if (!fits) fail(`cannot make [${shape}] of ${describe(x)}, which has ${sizeOf(x.shape)} elements.`);
      return { dtype: x.dtype, shape, axes };
    },
  } as Primitive<{ shape: Shape; axes: Axes }>,
  /** Axis i of the result is axis `perm[i]` of the input. */
  permute: {
    kind: "move",
    infer: ([x], { perm }) => ({
      dtype: x!.dtype,
      shape: perm.map((p) => x!.shape[p]!),
      axes: perm.map((p) => x!.axes[p]!),
    }),
  } as Primitive<{ perm: readonly number[] }>,
  /** Axes of size 1 repeated to `shape`, of the same rank. */
  expand: {
    kind: "move",
    infer: ([x], { shape, axes }) => {
      const fits = x!.shape.length === shape.length && x!.shape.every((n, i) => n === 1 || n === shape[i]);
      if (!fits) fail(`cannot repeat ${describe(x!)} to [${shape}]: only axes of size 1 are repeated.`);
      return { dtype: x!.dtype, shape, axes };
    },
  } as Primitive<{ shape: Shape; axes: Axes }>,
  /** From `starts` up to `ends` by `steps` (1 or more), for every axis. */
  slice: {
    kind: "move",
    infer: ([x], { starts, ends, steps }) => {
      const whole = [...starts, ...ends, ...steps].every(Number.isInteger) && steps.every((n) => n >= 1);
      if (!whole) fail(`of ${describe(x!)} takes whole numbers and steps of 1 or more, not steps [${steps}].`);
      return { ...x!, shape: x!.shape.map((_, i) => Math.max(0, Math.ceil((ends[i]! - starts[i]!) / steps[i]!))) };
    },
  } as Primitive<{ starts: readonly number[]; ends: readonly number[]; steps: readonly number[] }>,
  /** `value` added `before` and `after`, for every axis. */
  pad: {
    kind: "move",
    infer: ([x], { before, after }) => {
      const widths = [...before, ...after];
      if (widths.some((n) => n < 0)) fail(`takes widths of at least 0, not [${widths}]; to cut, use slice().`);
      return { ...x!, shape: x!.shape.map((n, i) => n + before[i]! + after[i]!) };
    },
  } as Primitive<{ before: readonly number[]; after: readonly number[]; value: number }>,
  /** One after another along `axis`. */
  concat: {
    kind: "move",
    infer: (inputs, { axis }) => {
      const [first] = inputs;
      for (const x of inputs) {
        const fits = x.dtype === first!.dtype && x.shape.length === first!.shape.length &&
          x.shape.every((n, i) => i === axis || n === first!.shape[i]);
        if (!fits) fail(`along axis ${axis} cannot join ${describe(first!)} and ${describe(x)}.`);
      }
      return { ...resized(first!, axis, inputs.reduce((n, x) => n + x.shape[axis]!, 0)), axes: joinAxes(inputs) };
    },
  } as Primitive<{ axis: number }>,
  /** The order reversed along `axes`. */
  flip: { kind: "move", infer: ([x]) => x! } as Primitive<{ axes: readonly number[] }>,
  /** Windows along `axis`, which then counts them; their entries are a new last axis: x[.., i * step + j * dilation, ..] at [.., i, .., j]. */
  unfold: {
    kind: "move",
    infer: ([x], { axis, size, step, dilation }) => {
      const whole = [size, step, dilation].every((n) => Number.isInteger(n) && n >= 1);
      if (!whole) fail(`takes windows and steps of at least 1, not ${size}, ${step} and ${dilation}.`);
      const wide = resized(x!, axis, windowsAmong(x!.shape[axis]!, size, step, dilation));
      return { ...wide, shape: [...wide.shape, size], axes: [...wide.axes, null] };
    },
  } as Primitive<{ axis: number; size: number; step: number; dilation: number }>,

  // Indexing. Indices are int32 in [-n, n), where -1 is the last. Outside that range ONNX Runtime throws; WebGPU gives NaN (0
  // for integers), also where it would have added.

  /** The entries of x along `axis` that a vector of indices `[k]` names. */
  take: {
    kind: "index",
    infer: ([x, index], { axis }) => {
      if (index!.dtype !== "int32" || index!.shape.length !== 1) {
        fail(`needs int32 [k] indices, not ${describe(index!)}.`);
      }
      return resized(x!, axis, index!.shape[0]!);
    },
  } as Primitive<{ axis: number }>,
  /** torch.take_along_dim: result[.., i, ..] = x[.., index[.., i, ..], ..]; the other axes have equal sizes. */
  takeAlongAxis: {
    kind: "index",
    infer: ([x, index], { axis }) => {
      const fits = index!.dtype === "int32" && index!.shape.length === x!.shape.length &&
        index!.shape.every((n, i) => i === axis || n === x!.shape[i]);
      if (!fits) fail(`along axis ${axis} cannot index ${describe(x!)} with ${describe(index!)}.`);
      return resized(x!, axis, index!.shape[axis]!);
    },
  } as Primitive<{ axis: number }>,
  /** torch.scatter_add: a copy of x with source[.., i, ..] added at index[.., i, ..] along `axis`. float32. */
  scatterAdd: {
    kind: "index",
    infer: ([x, index, source], { axis }) => {
      check([x!], float);
      const fits = index!.dtype === "int32" && source!.dtype === x!.dtype && sameShape(index!.shape, source!.shape) &&
        index!.shape.length === x!.shape.length && index!.shape.every((n, i) => i === axis || n === x!.shape[i]);
      if (!fits) fail(`cannot add ${describe(source!)} at ${describe(index!)} to ${describe(x!)}.`);
      return x!;
    },
  } as Primitive<{ axis: number }>,

  // Contraction.

  /** Batched matrix product `[.., m, k] x [.., k, n]`; the flags transpose the last two axes of an input first. */
  matmul: {
    kind: "contract",
    infer: (inputs, { transA, transB }) => matmulShape(inputs, transA, transB),
  } as Primitive<{ transA: boolean; transB: boolean }>,

  /**
   * Cross-correlation over two axes (torch.nn.functional.conv2d without a bias): `[batch, in, height, width]` and a weight
   * `[out, in / groups, height, width]` to `[batch, out, height, width]`.
   */
  convolution: {
    kind: "contract",
    infer: ([x, w], attrs) => {
      const fault = faultOfConvolution(x!, w!, attrs);
      if (fault !== null) fail(fault);
      return { dtype: "float32", shape: convolved(x!, w!, attrs), axes: x!.axes.with(1, w!.axes[0]!) };
    },
  } as Primitive<ConvolutionAttrs>,

  // Control.

  /** A loop with carried state; its results are taken out by `output`. */
  scan: { kind: "control", infer: () => aval("float32", []) } as Primitive<LoopAttrs>,
  /** Result number `index` of a scan. */
  output: { kind: "control", infer: (_, { aval }) => aval } as Primitive<{ index: number; aval: Aval }>,
};

/** The name of a primitive. */
export type OpName = keyof typeof primitives;

/** The attributes of a primitive. */
export type Attrs<K extends OpName> = typeof primitives[K] extends Primitive<infer A> ? A : never;

type RowsOf<K extends Kind> = {
  [Name in OpName]: typeof primitives[Name] extends Primitive<None, K> ? Name : never;
}[OpName];

/** Element-wise rows of one input and no attributes. */
export type UnaryName = RowsOf<"unary">;

/** Element-wise rows of two inputs. */
export type BinaryName = RowsOf<"binary"> | RowsOf<"compare">;

/** The names of the rows of some kinds. */
export function namesOfKind(...kinds: readonly Kind[]): OpName[] {
  return (Object.keys(primitives) as OpName[]).filter((name) => kinds.includes(primitives[name].kind));
}
