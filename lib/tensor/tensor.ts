/**
 * Tensor: an immutable, lazy value. A method makes a graph node and remembers the caller's line; numbers come by
 * `await t.data()`.
 *
 * Over 400 lines: it is one class, whose hundred methods each say what they do.
 */

import { Aliases, aliases } from "./aliases.ts";
import { awaited } from "./awaited.ts";
import { evaluate, evaluateToRead, isReadable } from "./settle.ts";
import { type OwnedGradient, ownedGradients } from "../forensics/steps/backward.ts";
import { noteBackward } from "../forensics/steps/gradient_story.ts";
import { reading, stopped } from "../forensics/reads/drops.ts";
import { hasFirstSteps, lookAtFirstSteps } from "../forensics/steps/zero_step.ts";
import { takeOnly } from "../graph/arguments.ts";
import * as arrange from "../graph/arrange.ts";
import * as composite from "../graph/composite.ts";
import { useCondition } from "../graph/conditions.ts";
import { PlumblineError } from "../graph/error.ts";
import { instance, kindOf, tensorOf } from "../graph/kinds.ts";
import { ofOne, ofTwo } from "../graph/methods.ts";
import { fromStart } from "../graph/indices.ts";
import { constant, type Node } from "../graph/node.ts";
import * as ops from "../graph/ops.ts";
import type { BinaryName, UnaryName } from "../graph/primitives.ts";
import { atCaller } from "../graph/site.ts";
import { knownSquare } from "../graph/squares.ts";
import { Storage } from "../graph/storage.ts";
import {
  aval,
  type Axes,
  describe,
  type DType,
  filledWith,
  type Shape,
  sizeOf,
  type TypedArray,
  unnamed,
} from "../graph/types.ts";
import { guardedList, refuseForeign } from "./foreign.ts";
import { type Axis, type AxisOrAxes, checkNames, isAxisOfScalar, partsOf, resolveAxes, resolveAxis } from "./axis.ts";
import {
  checkCount,
  refuseConstruction,
  refuseConversion,
  refuseImitation,
  refuseInner,
  refuseJson,
  refuseOrder,
  refuseTraced,
  type SpreadOptions,
} from "./refuse.ts";
import { cholesky as factor } from "./triangular.ts";
import { tensorMethods } from "./signatures.ts";
import { toldNow, toldWhole } from "./show.ts";
import { answer, onBoolean } from "../graph/trace.ts";

/** What an operation takes beside a tensor: another, or a number (which takes the tensor's dtype). */
export type TensorLike = Tensor | number | boolean;

/** Nested arrays of numbers, as {@linkcode Tensor.toList} gives them. */
export type NestedList = number | boolean | readonly NestedList[];

/** What {@linkcode Tensor.sort} and {@linkcode Tensor.topk} give. */
export interface Sorted {
  /** The entries in order. */
  readonly values: Tensor;
  /** int32: where each stands in the tensor. */
  readonly indices: Tensor;
}

/** A parameter, which is not known here. */
type Accumulating = OwnedGradient["owner"] & { grad: Tensor | null; accumulate(g: Tensor): void };

/** Whether `x` is a tensor, and not what has its prototype or stands for it. */
let isTensor: (x: unknown) => boolean;

/**
 * A multi-dimensional array of one dtype: immutable, lazy, with optional axis names. Every operation is a method and a function
 * of {@linkcode F}; two inputs are broadcast as in PyTorch, and their axis names must agree. Where PyTorch has an operation it
 * has that name, in camelCase, or its docs name it.
 *
 * What all operations throw: PlumblineError G301 for a dtype or shape that does not fit, G302 for shapes that cannot be
 * broadcast, G304 for an axis that there is not.
 *
 * @example
 * ```ts
 * import { tensor } from "@plumbline/plumbline";
 *
 * const x = tensor([[1, 2, 3], [4, 5, 6]]).named("env", "feature"); // float32 [2, 3]
 * const centred = x.sub(x.mean("feature", true));
 * console.log(await centred.toList()); // [[-1, 0, 1], [-1, 0, 1]]
 * ```
 */
export class Tensor extends Aliases {
  #node: Node;

  static {
    isTensor = (x) => typeof x === "object" && x !== null && #node in x;
  }

  /** Wraps a graph node. To make a tensor from numbers use {@linkcode tensor}. */
  constructor(node: Node) {
    super();
    // Its own alone, so that neither a clone is made of its fields nor two tensors are equal by them: both would be silent.
    (this as { numbers?: symbol }).numbers = Symbol("the numbers of a tensor: await t.data() has them");
    if (node?.inputs === undefined) refuseConstruction(node);
    this.#node = node;
    if (node.dtype === "bool") onBoolean(this);
  }

  /**
   * For the library: the graph node of the current value.
   *
   * @internal
   */
  get node(): Node {
    if (!(#node in this)) refuseImitation();
    return this.#node;
  }

  /** The dtype of the elements. */
  get dtype(): DType {
    return this.node.dtype;
  }

  /** The sizes of the axes. Writing to it throws G103. */
  get shape(): Shape {
    return guardedList(this.node.shape, "shape");
  }

  /** The names of the axes; `null` where one has none. Writing to it throws G103. */
  get axes(): Axes {
    return guardedList(this.node.axes, "axes");
  }

  /** The number of axes. */
  get rank(): number {
    return this.node.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.node.shape);
  }

  // Values.

  /** The numbers, row-major, in an array of the caller's own: writing to it changes no tensor. Throws inside a traced function. */
  data(): Promise<TypedArray> {
    return awaited(answer(this.node, this.#read("data()", true)), "data()");
  }

  /** The only element, as a number or boolean. Throws if there are several, or inside a traced function. */
  item(): Promise<number | boolean> {
    return awaited(answer(this.node, this.#item()), "item()");
  }

  /** The numbers as nested arrays (torch.tolist). Throws inside a traced function. */
  toList(): Promise<NestedList> {
    return awaited(answer(this.node, this.#list()), "toList()");
  }

  // Gradients.

  /**
   * Adds the gradient of this scalar to `.grad` of every parameter that it depends on.
   *
   * @throws PlumblineError G305 if this is not a scalar, G101 if it reaches no parameter, G201 if a parameter has changed
   * since the graph was made.
   */
  backward(): void {
    const owned = ownedGradients(this.node) as (OwnedGradient & { readonly owner: Accumulating })[];
    const before = owned.map(({ owner }) => owner.grad);
    for (const { owner, gradient } of owned) owner.accumulate(new Tensor(gradient));
    noteBackward(this.node, owned.map((x) => x.owner), before);
  }

  /**
   * The same value, through which no gradient flows. Say why, for the reader and the audit.
   *
   * @example
   * ```ts
   * import { Parameter, tensor } from "@plumbline/plumbline";
   *
   * const x = new Parameter(tensor([1, 2]), "x");
   * x.mul(x.detach("the scale is given")).sum().backward();
   * console.log(await x.grad!.toList()); // [1, 2], and not [2, 4]
   * ```
   */
  detach(why: string | null = null): Tensor {
    return new Tensor(stopped(ops.stopGradient(this.node, why)));
  }

  // Element by element, of one tensor. What is not said to take another dtype takes float32.

  /** -x. float32 or int32. */
  neg(): Tensor {
    return this.#one((x) => ops.unary("neg", x));
  }

  /** |x|. float32 or int32. Its derivative at 0 is 0. */
  abs(): Tensor {
    return this.#one((x) => ops.unary("abs", x));
  }

  /** -1, 0 or 1. float32 or int32. No gradient flows. */
  sign(): Tensor {
    return this.#one((x) => ops.unary("sign", x));
  }

  /** e to the power of x. */
  exp(): Tensor {
    return this.#one((x) => ops.unary("exp", x));
  }

  /** 2 to the power of x. */
  exp2(): Tensor {
    return this.#one((x) => ops.unary("exp2", x));
  }

  /** exp(x) - 1, accurate near 0. */
  expm1(): Tensor {
    return this.#one((x) => ops.unary("expm1", x));
  }

  /** The natural logarithm: -Infinity at 0, NaN below. */
  log(): Tensor {
    return this.#one((x) => ops.unary("log", x));
  }

  /** log(1 + x), accurate near 0. */
  log1p(): Tensor {
    return this.#one((x) => ops.unary("log1p", x));
  }

  /** The logarithm to the base of 2. */
  log2(): Tensor {
    return this.#one((x) => ofOne.log2(x));
  }

  /** The logarithm to the base of 10. */
  log10(): Tensor {
    return this.#one((x) => ofOne.log10(x));
  }

  /** The square root: NaN below 0. Its derivative at 0 is infinite. */
  sqrt(): Tensor {
    return this.#one((x) => ops.unary("sqrt", x));
  }

  /** 1 / sqrt(x). */
  rsqrt(): Tensor {
    return this.#one((x) => ofOne.rsqrt(x));
  }

  /** x * x. float32 or int32. */
  square(): Tensor {
    return this.#one((x) => ofOne.square(x));
  }

  /** 1 / x. */
  reciprocal(): Tensor {
    return this.#one((x) => ofOne.reciprocal(x));
  }

  /** The sine of x in radians. */
  sin(): Tensor {
    return this.#one((x) => ops.unary("sin", x));
  }

  /** The cosine of x in radians. */
  cos(): Tensor {
    return this.#one((x) => ops.unary("cos", x));
  }

  /** The tangent of x in radians. */
  tan(): Tensor {
    return this.#one((x) => ops.unary("tan", x));
  }

  /** The inverse sine, in [-pi / 2, pi / 2] radians: NaN outside of [-1, 1]. */
  asin(): Tensor {
    return this.#one((x) => ops.unary("asin", x));
  }

  /** The inverse cosine, in [0, pi] radians: NaN outside of [-1, 1]. */
  acos(): Tensor {
    return this.#one((x) => ops.unary("acos", x));
  }

  /** The inverse tangent, in [-pi / 2, pi / 2] radians. */
  atan(): Tensor {
    return this.#one((x) => ops.unary("atan", x));
  }

  /** The hyperbolic sine. */
  sinh(): Tensor {
    return this.#one((x) => ofOne.sinh(x));
  }

  /** The hyperbolic cosine. */
  cosh(): Tensor {
    return this.#one((x) => ofOne.cosh(x));
  }

  /** The hyperbolic tangent, in [-1, 1]. */
  tanh(): Tensor {
    return this.#one((x) => ops.unary("tanh", x));
  }

  /** The error function, in [-1, 1]. */
  erf(): Tensor {
    return this.#one((x) => ops.unary("erf", x));
  }

  /** 1 / (1 + exp(-x)), in [0, 1]. */
  sigmoid(): Tensor {
    return this.#one((x) => ops.unary("sigmoid", x));
  }

  /** log(1 + exp(x)), without overflow (torch.nn.functional.softplus). */
  softplus(): Tensor {
    return this.#one((x) => ops.unary("softplus", x));
  }

  /** max(x, 0). Its derivative at 0 is 0. */
  relu(): Tensor {
    return this.#one((x) => ops.unary("relu", x));
  }

  /** x above 0, else `slope` x (torch.nn.functional.leaky_relu). */
  leakyRelu(slope?: number): Tensor {
    return this.#one((x) => ofOne.leakyRelu(x, slope));
  }

  /** x above 0, else `alpha` (exp(x) - 1) (torch.nn.functional.elu). */
  elu(alpha?: number): Tensor {
    return this.#one((x) => ofOne.elu(x, alpha));
  }

  /** x * sigmoid(x) (torch.nn.functional.silu). */
  silu(): Tensor {
    return this.#one((x) => ofOne.silu(x));
  }

  /**
   * x times the normal distribution function of x (Hendrycks and Gimpel 2016), exact or by its tanh approximation
   * (torch.nn.functional.gelu).
   */
  gelu(approximate?: "none" | "tanh"): Tensor {
    return this.#one((x) => ofOne.gelu(x, approximate));
  }

  /** The largest whole number that is not above x. No gradient flows. */
  floor(): Tensor {
    return this.#one((x) => ops.unary("floor", x));
  }

  /** The smallest whole number that is not below x. No gradient flows. */
  ceil(): Tensor {
    return this.#one((x) => ops.unary("ceil", x));
  }

  /** The nearest whole number, halves to even. No gradient flows. */
  round(): Tensor {
    return this.#one((x) => ops.unary("round", x));
  }

  /** The whole number next to x towards 0. No gradient flows. */
  trunc(): Tensor {
    return this.#one((x) => ofOne.trunc(x));
  }

  /** bool: true where x is NaN (torch.isnan). */
  isNaN(): Tensor {
    return this.#one((x) => ops.unary("isNaN", x));
  }

  /** bool: true where x is neither infinite nor NaN (torch.isfinite). */
  isFinite(): Tensor {
    return this.#one((x) => ofOne.isFinite(x));
  }

  /** Logical not, of bool (torch.logical_not). */
  not(): Tensor {
    return this.#one((x) => ops.unary("not", x));
  }

  /** The last two axes with 0 above a diagonal: the main one, or as many above it as `diagonal` says. Of any dtype. */
  tril(diagonal?: number): Tensor {
    return this.#one((x) => ofOne.tril(x, diagonal));
  }

  /** The last two axes with 0 below a diagonal: the main one, or as many above it as `diagonal` says. Of any dtype. */
  triu(diagonal?: number): Tensor {
    return this.#one((x) => ofOne.triu(x, diagonal));
  }

  // Element by element, of two. A number takes the dtype of the tensor, or float32 where it would lose its fraction.

  /**
   * The sum. float32 or int32.
   *
   * @example Shapes are broadcast as in PyTorch
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const x = tensor([[1, 2], [3, 4]]); // [2, 2]
   * console.log(await x.add(tensor([10, 20])).toList()); // [[11, 22], [13, 24]]
   * console.log(await x.add(1).toList()); // [[2, 3], [4, 5]]
   * ```
   */
  add(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("add", a, b));
  }

  /** The difference. float32 or int32. */
  sub(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("sub", a, b));
  }

  /** The product, element by element; {@linkcode Tensor.matmul} is that of matrices. float32 or int32. */
  mul(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("mul", a, b));
  }

  /**
   * The quotient, in float32 also of whole numbers (torch.div); for whole quotients there is {@linkcode Tensor.floorDivide}.
   *
   * Where two dtypes meet, in this operation or another, the wider wins, as in PyTorch:
   *
   * |         | bool    | int32   | float32 |
   * | ------- | ------- | ------- | ------- |
   * | bool    | bool    | int32   | float32 |
   * | int32   | int32   | int32   | float32 |
   * | float32 | float32 | float32 | float32 |
   *
   * A number takes the dtype of the tensor beside it if that can hold it; else a whole one is int32, beside bool, and a fraction
   * float32. Nothing is ever cut off. Sums of bool are int32. uint32, which holds random bits, meets its like only.
   */
  div(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.div);
  }

  /** The largest whole number not above the quotient (torch.floor_divide); of int32 by 0 it is 0. */
  floorDivide(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.floorDivide);
  }

  /**
   * x - floor(x / other) * other, with the sign of `other` (torch.remainder); of int32 by 0 it is x. In float32 the quotient is
   * rounded: where it is next to a whole number, 0 and `other` are as good as each other.
   */
  remainder(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.remainder);
  }

  /** x to the power of `other`: NaN for a negative x with a fractional exponent. */
  pow(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => (other === 2 ? knownSquare(a) : null) ?? ops.binary("pow", a, b));
  }

  /** The larger of two; NaN if either is NaN. float32 or int32. Equal ones share the gradient evenly. */
  maximum(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("maximum", a, b));
  }

  /** The smaller of two; NaN if either is NaN. float32 or int32. Equal ones share the gradient evenly. */
  minimum(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("minimum", a, b));
  }

  /** The angle of the point (other, x) in radians, in [-pi, pi], as C has it; at the origin its gradient is 0. */
  atan2(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.atan2);
  }

  /** The product of each entry of this vector with each of another: `[n]` and `[m]` to `[n, m]`. */
  outer(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.outer);
  }

  /** bool: x < other (torch.lt). */
  less(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("less", a, b));
  }

  /** bool: x <= other (torch.le). */
  lessEqual(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("lessEqual", a, b));
  }

  /** bool: x > other (torch.gt). */
  greater(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.greater);
  }

  /** bool: x >= other (torch.ge). */
  greaterEqual(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.greaterEqual);
  }

  /** bool, for each element: x == other (torch.eq; torch.equal is `x.equal(y).all()`). */
  equal(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("equal", a, b));
  }

  /** bool, for each element: x != other (torch.ne). */
  notEqual(other: TensorLike): Tensor {
    return this.#two(other, ofTwo.notEqual);
  }

  /** Logical and, of bool (torch.logical_and). */
  and(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("and", a, b));
  }

  /** Logical or, of bool (torch.logical_or). */
  or(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("or", a, b));
  }

  /** Bits in both, of uint32 (torch.bitwise_and). */
  bitAnd(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("bitAnd", a, b));
  }

  /** Bits in either, of uint32 (torch.bitwise_or). */
  bitOr(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("bitOr", a, b));
  }

  /** Bits in one of the two, of uint32 (torch.bitwise_xor). */
  bitXor(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("bitXor", a, b));
  }

  /** Bits moved up by 0 to 31 places, of uint32 (torch.bitwise_left_shift). */
  shiftLeft(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("shiftLeft", a, b));
  }

  /** Bits moved down by 0 to 31 places, of uint32 (torch.bitwise_right_shift). */
  shiftRight(other: TensorLike): Tensor {
    return this.#two(other, (a, b) => ops.binary("shiftRight", a, b));
  }

  // Element by element, of several.

  /** Held between `low` and `high`; outside, no gradient flows. Either may be null. */
  clamp(low: TensorLike | null = null, high: TensorLike | null = null): Tensor {
    const bound = (x: TensorLike | null): Node | null => x === null ? null : this.#like(x);
    return new Tensor(composite.clamp(this.node, bound(low), bound(high)));
  }

  /** Not below `low`; where it was, no gradient flows (torch.clamp_min). */
  clampMin(low: TensorLike): Tensor {
    return this.clamp(low);
  }

  /** Not above `high`; where it was, no gradient flows (torch.clamp_max). */
  clampMax(high: TensorLike): Tensor {
    return this.clamp(null, high);
  }

  /** From this, where `weight` is 0, to `end`, where it is 1: x + weight (end - x). */
  lerp(end: Tensor, weight: TensorLike): Tensor {
    return atCaller(() => this.add(end.sub(this).mul(weight)));
  }

  /**
   * This where `condition` (bool) is true, else `other`; all are broadcast.
   *
   * @example
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const x = tensor([-1, 2, -3]);
   * console.log(await x.where(x.greater(0), 0).toList()); // [0, 2, 0]
   * ```
   */
  where(condition: Tensor, other: TensorLike): Tensor {
    return new Tensor(ops.where(condition.node, this.node, this.#like(other)));
  }

  /** `value` where `mask` (bool) is true, else this (torch.masked_fill). */
  maskedFill(mask: Tensor, value: TensorLike): Tensor {
    return new Tensor(ops.where(mask.node, this.#like(value), this.node));
  }

  /**
   * Converts (torch.to). Float to int truncates, held to the range of the dtype, and NaN is 0; anything but 0 is true. Gradients
   * flow from float32 to float32 only.
   */
  cast(dtype: DType): Tensor {
    return new Tensor(ops.cast(this.node, dtype));
  }

  // Reductions: over one axis, several, or all when none is given.

  /**
   * The sum, over an axis, several, or all. Booleans are counted as int32.
   *
   * @example
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const x = tensor([[1, 2], [3, 4]]);
   * console.log(await x.sum().item()); // 10
   * console.log(await x.sum(0).toList()); // [4, 6]
   * console.log(await x.sum(-1, true).toList()); // [[3], [7]]
   * ```
   */
  sum(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => ops.sum(this.#counted(), axes), axis, keepDim);
  }

  /** The product, over an axis, several, or all; its derivative is right where some are 0. Booleans are counted as int32. */
  prod(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => arrange.prod(this.#counted(), axes), axis, keepDim);
  }

  /** The mean, over an axis, several, or all. */
  mean(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => composite.mean(this.node, axes), axis, keepDim);
  }

  /** The variance (torch.var), divided by the count less `correction` (1: unbiased, as in PyTorch). */
  variance(axis?: AxisOrAxes, options: SpreadOptions = {}): Tensor {
    const { correction = 1, keepDim = false } = options;
    return this.#reduce((axes) => composite.variance(this.node, axes, correction), axis, keepDim);
  }

  /** The standard deviation, from {@linkcode Tensor.variance}; where all are equal its gradient is 0. */
  std(axis?: AxisOrAxes, options: SpreadOptions = {}): Tensor {
    const { correction = 1, keepDim = false } = options;
    return this.#reduce((axes) => composite.std(this.node, axes, correction), axis, keepDim);
  }

  /** The largest; equal ones share the gradient evenly (torch.amax). */
  max(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => ops.max(this.node, axes), axis, keepDim);
  }

  /** The smallest; equal ones share the gradient evenly (torch.amin). */
  min(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => ops.min(this.node, axes), axis, keepDim);
  }

  /** int32: the first index of the largest (of a NaN, if there is one) along `axis`; if none is given, in all of it, row-major. */
  argmax(axis?: Axis, keepDim = false): Tensor {
    return this.#find(ops.argmax, axis, keepDim);
  }

  /** int32: the first index of the smallest (of a NaN, if there is one) along `axis`; if none is given, in all of it, row-major. */
  argmin(axis?: Axis, keepDim = false): Tensor {
    return this.#find(composite.argmin, axis, keepDim);
  }

  /** log(sum(exp(x))), without overflow (torch.logsumexp). */
  logSumExp(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => composite.logSumExp(this.node, axes), axis, keepDim);
  }

  /** The Euclidean norm (torch.linalg.vector_norm); its gradient at 0 is 0. */
  norm(axis?: AxisOrAxes, keepDim?: boolean): Tensor {
    if (keepDim === undefined) refuseOrder(axis);
    return this.#reduce((axes) => composite.norm(this.node, axes), axis, keepDim ?? false);
  }

  /** bool: whether any is true. */
  any(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => composite.any(this.node, axes), axis, keepDim);
  }

  /** bool: whether all are true. */
  all(axis?: AxisOrAxes, keepDim = false): Tensor {
    return this.#reduce((axes) => composite.all(this.node, axes), axis, keepDim);
  }

  /**
   * exp(x) / sum(exp(x)) along `axis`; with `where` (bool) over the entries where it is true. The others are exactly 0, also
   * in a row where all of them are. Without it a row with Infinity, or of -Infinity alone, is NaN, as in PyTorch.
   *
   * @example
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const x = tensor([[1, 1, 5]]);
   * const allowed = tensor([[true, true, false]]);
   * console.log(await x.softmax(-1, { where: allowed }).toList()); // [[0.5, 0.5, 0]]
   * ```
   */
  softmax(axis: Axis, options: { where?: Tensor } = {}): Tensor {
    const at = resolveAxis(this.node, axis);
    return new Tensor(
      options.where ? composite.maskedSoftmax(this.node, options.where.node, at) : composite.softmax(this.node, at),
    );
  }

  /** log(softmax(x)) along `axis`, without overflow; NaN in a row with Infinity, or of -Infinity alone, as in PyTorch. */
  logSoftmax(axis: Axis): Tensor {
    return new Tensor(composite.logSoftmax(this.node, resolveAxis(this.node, axis)));
  }

  /** Running sums along `axis`, from the end if `reverse`. Booleans are counted as int32. */
  cumsum(axis: Axis, reverse = false): Tensor {
    return new Tensor(ops.cumsum(this.#counted(), resolveAxis(this.node, axis), reverse));
  }

  /** Running products along `axis`; the derivative is right where some are 0. Booleans are counted as int32. */
  cumprod(axis: Axis): Tensor {
    return atCaller(() => new Tensor(arrange.cumprod(this.#counted(), resolveAxis(this.node, axis))));
  }

  // Order. Equal entries keep theirs; NaN counts as Infinity.

  /**
   * The entries along `axis` in order, the smallest first, or the largest if `descending`, and where each stood. float32 or int32.
   *
   * @example
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const { values, indices } = tensor([3, 1, 2]).sort();
   * console.log(await values.toList()); // [1, 2, 3]
   * console.log(await indices.toList()); // [1, 2, 0]
   * ```
   */
  sort(axis: Axis = -1, descending = false): Sorted {
    return this.#sorted(resolveAxis(this.node, axis), undefined, descending);
  }

  /** int32: where the entries along `axis` stand in order, that of the smallest first, or of the largest if `descending`. */
  argsort(axis: Axis = -1, descending = false): Tensor {
    return new Tensor(ops.argsort(this.node, resolveAxis(this.node, axis), undefined, descending));
  }

  /**
   * The `k` largest along `axis`, the largest first, and where each stood; the smallest if not `largest`.
   *
   * @throws PlumblineError G301 if there are fewer than `k`.
   */
  topk(k: number, axis: Axis = -1, largest = true): Sorted {
    return this.#sorted(resolveAxis(this.node, axis), k, largest);
  }

  // Shape.

  /**
   * The same numbers, row-major, in another shape; one size may be -1: what is left. Axis names are dropped.
   *
   * @example
   * ```ts
   * import { arange } from "@plumbline/plumbline";
   *
   * console.log(await arange(6).reshape(2, -1).toList()); // [[0, 1, 2], [3, 4, 5]]
   * ```
   */
  reshape(...shape: number[]): Tensor {
    const known = shape.reduce((n, size) => size === -1 ? n : n * size, 1);
    const full = shape.map((size) => size === -1 ? this.size / known : size);
    if (
      shape.filter((size) => size === -1).length > 1 || !full.every((n) => Number.isInteger(n) && n >= 0) ||
      sizeOf(full) !== this.size
    ) {
      throw new PlumblineError({
        code: "G301",
        message: `reshape() cannot make [${shape}] of ${describe(this.node)}, which has ${this.size} elements.`,
        made: [this.node],
      });
    }
    return new Tensor(ops.reshape(this.node, full));
  }

  /** Axes `first` to `last` in one; `first` is not after `last`. */
  flatten(first: Axis = 0, last: Axis = -1): Tensor {
    if (this.rank === 0) return this.reshape(1);
    const [from, to] = [resolveAxis(this.node, first), resolveAxis(this.node, last)];
    if (from > to) {
      throw new PlumblineError({
        code: "G304",
        message: `flatten(${first}, ${last}) of ${describe(this.node)} begins after its end.`,
      });
    }
    const size = sizeOf(this.node.shape.slice(from, to + 1));
    const axes = [...this.node.axes.slice(0, from), null, ...this.node.axes.slice(to + 1)];
    return new Tensor(
      ops.reshape(this.node, [...this.node.shape.slice(0, from), size, ...this.node.shape.slice(to + 1)], axes),
    );
  }

  /** Axis i of the result is axis `order[i]` of this. */
  permute(...order: Axis[]): Tensor {
    const perm = resolveAxes(this.node, order);
    if (perm.length !== this.rank) {
      throw new PlumblineError({
        code: "G304",
        message: `permute(${order}) must name each of the ${this.rank} axes of ${describe(this.node)} once.`,
      });
    }
    return new Tensor(ops.permute(this.node, perm));
  }

  /** Two axes exchanged; the last two if none are given (`x.mT` of PyTorch). */
  transpose(a: Axis = -2, b: Axis = -1): Tensor {
    const [i, j] = [resolveAxis(this.node, a), resolveAxis(this.node, b)];
    return new Tensor(ops.permute(this.node, this.node.shape.map((_, k) => k === i ? j : k === j ? i : k)));
  }

  /** Axes of size 1 repeated, new axes in front, to `shape`. */
  expand(...shape: number[]): Tensor {
    const missing = shape.length - this.rank;
    if (missing < 0) {
      throw new PlumblineError({
        code: "G301",
        message: `expand() cannot make [${shape}] of ${describe(this.node)}, which has more axes.`,
        made: [this.node],
        help: "sum() over an axis, or select() from it, to have one less.",
      });
    }
    const axes = [...unnamed(Math.max(0, missing)), ...this.node.axes];
    const full = shape.map((size, i) => size === -1 ? this.node.shape[i - missing] ?? 1 : size);
    return new Tensor(ops.expand(this.node, full, axes.slice(0, shape.length)));
  }

  /** A new axis of size 1 at `position`, with a name if one is given. */
  unsqueeze(position: number, name: string | null = null): Tensor {
    const at = position < 0 ? position + this.rank + 1 : position;
    if (!Number.isInteger(at) || at < 0 || at > this.rank) {
      throw new PlumblineError({
        code: "G304",
        message: `unsqueeze(${position}) is outside of ${describe(this.node)}, which has ${this.rank} axes.`,
      });
    }
    const insert = <T>(list: readonly T[], x: T): T[] => [...list.slice(0, at), x, ...list.slice(at)];
    const wide = new Tensor(ops.reshape(this.node, insert(this.node.shape, 1), insert(this.node.axes, null)));
    return name === null ? wide : wide.named(...insert(this.node.axes, name));
  }

  /** Without `axis`, whose size must be 1; without every axis of size 1 if none is given. */
  squeeze(axis?: AxisOrAxes): Tensor {
    const gone = axis === undefined
      ? this.node.shape.flatMap((n, i) => n === 1 ? [i] : [])
      : resolveAxes(this.node, axis);
    if (gone.some((i) => this.node.shape[i] !== 1)) {
      throw new PlumblineError({
        code: "G304",
        message: `squeeze(${axis}) needs axes of size 1; this is ${describe(this.node)}.`,
      });
    }
    return new Tensor(dropAxes(this.node, gone));
  }

  /**
   * From `start` up to `end` (from the end if negative) by `step` (1 or more) along `axis`: `x[start:end:step]` of PyTorch.
   *
   * @example
   * ```ts
   * import { arange } from "@plumbline/plumbline";
   *
   * console.log(await arange(6).slice(0, 1, -1, 2).toList()); // [1, 3]
   * ```
   */
  slice(axis: Axis, start: number, end: number = Infinity, step = 1): Tensor {
    const i = resolveAxis(this.node, axis);
    const n = this.node.shape[i]!;
    const bound = (x: number): number => Math.min(n, Math.max(0, x < 0 ? x + n : x));
    const [from, to] = [bound(start), Math.max(bound(start), bound(end))];
    return new Tensor(ops.slice(
      this.node,
      this.node.shape.map((_, k) => k === i ? from : 0),
      this.node.shape.map((size, k) => k === i ? to : size),
      this.node.shape.map((_, k) => k === i ? step : 1),
    ));
  }

  /** Entry `index` (from the end if negative) of `axis`, which goes: `x[index]` of PyTorch. */
  select(axis: Axis, index: number): Tensor {
    const i = resolveAxis(this.node, axis);
    const at = index < 0 ? index + this.node.shape[i]! : index;
    if (at < 0 || at >= this.node.shape[i]!) {
      throw new PlumblineError({
        code: "G304",
        message: `select(${axis}, ${index}) is outside of ${describe(this.node)}, whose axis ${i} has size ${
          this.node.shape[i]
        }.`,
      });
    }
    return this.slice(i, at, at + 1).squeeze(i);
  }

  /**
   * Cut along `axis` in parts of the given sizes, which add up to the size of the axis; or of one size, of which the last part
   * may fall short.
   */
  split(sizes: number | readonly number[], axis: Axis = 0): Tensor[] {
    const i = resolveAxis(this.node, axis);
    if (typeof sizes === "number" && sizes >= 1) return this.split(partsOf(this.node.shape[i]!, sizes), i);
    const fits = Array.isArray(sizes) && sizes.every((n) => Number.isInteger(n) && n >= 0) &&
      sizes.reduce((sum, n) => sum + n, 0) === this.node.shape[i];
    if (!fits) {
      throw new PlumblineError({
        code: "G304",
        message: `split() takes the sizes of all parts of axis ${i} of ${describe(this.node)} as an array; ${
          JSON.stringify(sizes)
        } does not add up to ${this.node.shape[i]}.`,
      });
    }
    let start = 0;
    return sizes.map((size: number) => this.slice(axis, start, start += size));
  }

  /** In at most `count` parts of equal size along `axis`; the last may be smaller. */
  chunk(count: number, axis: Axis = 0): Tensor[] {
    const n = this.node.shape[resolveAxis(this.node, axis)]!;
    return this.split(Math.max(1, Math.ceil(n / checkCount(count))), axis);
  }

  /** The entries of `axis`, which goes. */
  unbind(axis: Axis = 0): Tensor[] {
    return Array.from({ length: this.node.shape[resolveAxis(this.node, axis)]! }, (_, i) => this.select(axis, i));
  }

  /** `value` added along `axis`: `before` entries in front, `after` behind (torch.nn.functional.pad of one axis). */
  pad(axis: Axis, before: number, after: number, value = 0): Tensor {
    const i = resolveAxis(this.node, axis);
    const at = (n: number): number[] => this.node.shape.map((_, k) => k === i ? n : 0);
    return new Tensor(ops.pad(this.node, at(before), at(after), value));
  }

  /** The order reversed along axes. */
  flip(axis: AxisOrAxes): Tensor {
    return new Tensor(ops.flip(this.node, resolveAxes(this.node, axis)));
  }

  /** The entries moved on by `shifts` places along `axis`, the last ones to the start; row-major in all of it if no axis is given. */
  roll(shifts: number | readonly number[], axis?: AxisOrAxes): Tensor {
    if (axis === undefined) return this.#rolledFlat([shifts].flat());
    const [by, axes] = [[shifts].flat(), resolveAxes(this.node, axis)];
    if (by.length !== axes.length) {
      throw new PlumblineError({
        code: "G304",
        message: `roll() was given ${by.length} shifts for ${axes.length} axes.`,
        made: [this.node],
      });
    }
    return atCaller(() => new Tensor(axes.reduce((x, at, i) => arrange.roll(x, by[i]!, at), this.node)));
  }

  /** The whole repeated along its axes, as many times as `sizes` says, new axes in front. */
  repeat(...sizes: number[]): Tensor {
    if (sizes.length < this.rank || sizes.some((n) => n < 0)) {
      throw new PlumblineError({
        code: "G301",
        message:
          `repeat() takes how often for each axis of ${
            describe(this.node)
          }, at least ${this.rank} counts of 0 or more, ` +
          `not [${sizes}].`,
        made: [this.node],
        help: "tile() repeats the last axes.",
      });
    }
    return atCaller(() => new Tensor(arrange.repeat(this.node, sizes)));
  }

  /** As {@linkcode Tensor.repeat}, of the last axes if fewer counts are given. */
  tile(...sizes: number[]): Tensor {
    return this.repeat(...new Array<number>(Math.max(0, this.rank - sizes.length)).fill(1), ...sizes);
  }

  /** Axis `from` at the place `to`; the others keep their order. */
  movedim(from: Axis, to: Axis): Tensor {
    return new Tensor(arrange.moveAxis(this.node, resolveAxis(this.node, from), resolveAxis(this.node, to)));
  }

  /** `axis` in several of the given sizes, row-major; one size may be -1: what is left. */
  unflatten(axis: Axis, sizes: readonly number[]): Tensor {
    const at = resolveAxis(this.node, axis);
    return this.reshape(...this.node.shape.slice(0, at), ...sizes, ...this.node.shape.slice(at + 1));
  }

  /** The entries (i, i + offset) of two axes, along a new last one. */
  diagonal(offset = 0, a: Axis = 0, b: Axis = 1): Tensor {
    const [i, j] = resolveAxes(this.node, [a, b]);
    return atCaller(() => new Tensor(arrange.diagonal(this.node, offset, i!, j!)));
  }

  /** The matrix, 0 elsewhere, whose diagonal this vector is, `diagonal` above the main one; of a matrix that diagonal. */
  diag(diagonal = 0): Tensor {
    if (this.rank === 2) return this.diagonal(diagonal);
    if (this.rank === 1) return this.diagEmbed(diagonal);
    throw new PlumblineError({
      code: "G301",
      message: `diag() takes a vector or a matrix, not ${describe(this.node)}.`,
      made: [this.node],
      help: "diagonal() takes the diagonal of two axes, diagEmbed() makes matrices of the last.",
    });
  }

  /** Matrices, 0 elsewhere, whose diagonal is the last axis of this, `offset` above the main one. */
  diagEmbed(offset = 0): Tensor {
    resolveAxis(this.node, -1);
    return atCaller(() => new Tensor(arrange.diagonalMatrix(this.node, offset)));
  }

  /** The matrix, 0 elsewhere, whose diagonal are all entries of this, row-major, `offset` above the main one. */
  diagflat(offset = 0): Tensor {
    return this.flatten().diagEmbed(offset);
  }

  /** The lower triangular factor of a symmetric positive definite matrix: {@linkcode cholesky}. */
  cholesky(): Tensor {
    return atCaller(() => new Tensor(factor(this.node)));
  }

  /** The sum of the diagonal of a matrix. */
  trace(): Tensor {
    return this.diagonal().sum();
  }

  /** The same tensor with names for its axes; `null` for none (torch.Tensor.refine_names). */
  named(...axes: (string | null)[]): Tensor {
    checkNames(axes, this.node, "named()");
    return new Tensor(ops.reshape(this.node, this.node.shape, axes));
  }

  // Indexing. An index outside of the axis is an error (G308), told when the values are computed.

  /** torch.index_select: the entries along `axis` that `index` (int32 [k], from 0) names. */
  take(index: Tensor, axis: Axis): Tensor {
    return atCaller(() => new Tensor(ops.take(this.node, fromStart(index.node), resolveAxis(this.node, axis))));
  }

  /**
   * torch.gather: result[i, j, ..] = this[.., index[i, j, ..], ..], the index (int32, from 0) along `axis`; along the other axes
   * it may be shorter than this.
   *
   * @example
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const values = tensor([[1, 2], [3, 4]]);
   * const actions = tensor([[1], [0]], { dtype: "int32" });
   * console.log(await values.gather(1, actions).toList()); // [[2], [3]]
   * ```
   */
  gather(axis: Axis, index: Tensor): Tensor {
    const at = resolveAxis(this.node, axis);
    const { node } = index;
    const fits = node.dtype === "int32" && node.shape.length === this.rank &&
      node.shape.every((n, i) => i === at || n <= this.shape[i]!);
    if (!fits) {
      throw new PlumblineError({
        code: "G301",
        message: `gather() along axis ${at} cannot index ${describe(this.node)} with ${describe(node)}.`,
        made: [this.node, node],
        help: "the index is int32 and of the same rank; along the other axes it is no longer than the tensor.",
      });
    }
    const ends = this.node.shape.map((n, i) => i === at ? n : Math.min(n, node.shape[i] ?? n));
    return atCaller(() => {
      const within = ops.slice(this.node, ends.map(() => 0), ends);
      return new Tensor(ops.takeAlongAxis(within, fromStart(node), at));
    });
  }

  /** torch.take_along_dim: one entry along `axis` for every index (int32, -1 is the last; sizes as this but along `axis`). */
  takeAlongAxis(index: Tensor, axis: Axis): Tensor {
    return new Tensor(
      ops.takeAlongAxis(this.node, index.node, resolveAxis(this.node, axis)),
    );
  }

  /** torch.scatter_add: a copy with `source` added at `index` (int32, from 0; shape of `source`) along `axis`. */
  scatterAdd(axis: Axis, index: Tensor, source: Tensor): Tensor {
    const at = fromStart(index.node);
    return atCaller(() => new Tensor(ops.scatterAdd(this.node, at, source.node, resolveAxis(this.node, axis))));
  }

  /**
   * torch.scatter: a copy with `source`, a tensor of the shape of `index` or a number, in the place of what `index` (int32, from 0)
   * names along `axis`. Of several for one place the last is taken. float32, unless `source` is a number.
   *
   * @example
   * ```ts
   * import { tensor, zeros } from "@plumbline/plumbline";
   *
   * const index = tensor([[2], [0]], { dtype: "int32" });
   * console.log(await zeros([2, 3]).scatter(1, index, 1).toList()); // [[0, 0, 1], [1, 0, 0]]
   * ```
   */
  scatter(axis: Axis, index: Tensor, source: TensorLike): Tensor {
    const at = resolveAxis(this.node, axis);
    const places = fromStart(index.node);
    return atCaller(() => new Tensor(arrange.scatter(this.node, places, this.#like(source), at)));
  }

  /** torch.index_add: a copy with `alpha` times the entries of `source` added at `index` (int32 [k], from 0) along `axis`. */
  indexAdd(axis: Axis, index: Tensor, source: Tensor, options: { alpha?: number } = {}): Tensor {
    const { alpha = 1 } = options;
    const at = resolveAxis(this.node, axis);
    const places = fromStart(index.node);
    return atCaller(() => {
      const scaled = alpha === 1 ? source : source.mul(alpha);
      return new Tensor(arrange.indexAdd(this.node, places, scaled.node, at));
    });
  }

  // Products.

  /**
   * torch.matmul: `[.., m, k] x [.., k, n]`, the axes before broadcast; vectors `[k]` at either side are taken as rows or columns.
   *
   * @example
   * ```ts
   * import { tensor } from "@plumbline/plumbline";
   *
   * const a = tensor([[1, 2], [3, 4]]);
   * console.log(await a.matmul(tensor([1, 10])).toList()); // [21, 43]
   * ```
   */
  matmul(other: Tensor): Tensor {
    refuseInner(this.node, other.node);
    const left = this.rank === 1 ? this.unsqueeze(0) : this;
    const right = other.rank === 1 ? other.unsqueeze(1) : other;
    let product = new Tensor(ops.matmul(left.node, right.node));
    if (this.rank === 1) product = product.squeeze(-2);
    return other.rank === 1 ? product.squeeze(-1) : product;
  }

  // What JavaScript would do silently and wrongly.

  /** Throws: a tensor is no number. */
  [Symbol.toPrimitive](): never {
    return refuseConversion(this.node, "used as a number or text");
  }

  /** Throws: a tensor is no number. */
  override valueOf(): never {
    return refuseConversion(this.node, "used as a number");
  }

  /** Throws: the entries of a tensor are taken by `select` or `split`. */
  [Symbol.iterator](): never {
    return refuseConversion(this.node, "iterated");
  }

  /** Throws: JSON holds numbers, and those of a tensor may not be computed yet. */
  toJSON(): unknown {
    return refuseJson(this.node);
  }

  /** For people: dtype, shape and axis names. */
  override toString(): string {
    return `Tensor ${describe(this.node)}`;
  }

  /** What `console.log` shows: the numbers too, if they are in host memory and it stands alone. */
  [Symbol.for("Deno.customInspect")](_inspect?: unknown, options: { currentDepth?: number } = {}): string {
    if (!isTensor(this)) return "no tensor, but a Proxy or a copy of one, or its prototype";
    return options.currentDepth ? this.toString() : toldNow(this.toString(), this.node);
  }

  /** What a notebook shows of a cell that ends in it: the numbers, of a large one the edges. It is no read. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    return { "text/plain": await toldWhole(this.toString(), this.node) };
  }

  async #item(): Promise<number | boolean> {
    refuseTraced(this.node, "item()");
    if (this.size !== 1) {
      throw new PlumblineError({
        code: "G305",
        message: `item() needs a tensor with one element; this is ${describe(this.node)}.`,
        made: [this.node],
        help: "reduce it first (mean(), sum()), or read all of it with data() or toList().",
      });
    }
    const value = (await this.#read("item()"))[0]!;
    return this.dtype === "bool" ? value !== 0 : value;
  }

  async #list(): Promise<NestedList> {
    const data = await this.#read("toList()");
    const convert = (offset: number, axis: number): NestedList => {
      if (axis === this.rank) return this.dtype === "bool" ? data[offset] !== 0 : data[offset]!;
      const stride = sizeOf(this.node.shape.slice(axis + 1));
      return Array.from({ length: this.node.shape[axis]! }, (_, i) => convert(offset + i * stride, axis + 1));
    };
    return convert(0, 0);
  }

  async #read(kind: string, copies = false): Promise<TypedArray> {
    const { node } = this;
    refuseTraced(node, kind);
    if (node.dtype === "bool") useCondition(node);
    const given = reading(node, kind);
    // Equal numbers are written out for who reads: a copy of them would take as much again.
    const filled = node.op === "full" && node.value === null ? node.attrs.value : null;
    if (filled !== null || !isReadable(node)) await evaluateToRead(filled === null ? [node] : []);
    if (hasFirstSteps()) await lookAtFirstSteps(evaluate);
    if (filled !== null) return given(filledWith(filled, node));
    const numbers = node.value!.share().host ?? await node.value!.read();
    return given(copies ? numbers.slice() as TypedArray : numbers);
  }

  /** For sums: truths as numbers. */
  #counted(): Node {
    return this.dtype === "bool" ? ops.cast(this.node, "int32") : this.node;
  }

  /** Of this alone. Its nodes share the caller's line, whose method has the name of the operation. */
  #one(operation: (x: Node) => Node): Tensor {
    return atCaller(() => new Tensor(operation(this.node)));
  }

  /** Of this and another, or a number. */
  #two(other: TensorLike, operation: (a: Node, b: Node) => Node): Tensor {
    return atCaller(() => new Tensor(operation(this.node, this.#like(other))));
  }

  #like(x: TensorLike): Node {
    return likeNode(this.node, x);
  }

  #reduce(f: (axes: readonly number[]) => Node, axis: AxisOrAxes | undefined, keepDim: boolean): Tensor {
    const isWhole = axis === undefined || isAxisOfScalar(this.node, axis);
    const axes = isWhole ? this.node.shape.map((_, i) => i) : resolveAxes(this.node, axis);
    return atCaller(() => {
      const result = f(axes);
      return new Tensor(keepDim ? result : dropAxes(result, axes));
    });
  }

  #sorted(axis: number, k: number | undefined, descending: boolean): Sorted {
    return atCaller(() => {
      const indices = ops.argsort(this.node, axis, k, descending);
      return { values: new Tensor(ops.takeAlongAxis(this.node, indices, axis)), indices: new Tensor(indices) };
    });
  }

  #rolledFlat(shifts: readonly number[]): Tensor {
    if (shifts.length === 1) return this.flatten().roll(shifts, 0).reshape(...this.node.shape).named(...this.node.axes);
    throw new PlumblineError({
      code: "G304",
      message: `roll() was given ${shifts.length} shifts and no axes.`,
      made: [this.node],
      help: "an axis for each: x.roll([1, 2], [0, 1]).",
    });
  }

  #find(f: (x: Node, axis: number) => Node, axis: Axis | undefined, keepDim: boolean): Tensor {
    const isWhole = axis === undefined || isAxisOfScalar(this.node, axis);
    if (!isWhole) return this.#reduce(([a]) => f(this.node, a!), resolveAxis(this.node, axis), keepDim);
    return atCaller(() => {
      const index = f(ops.reshape(this.node, [this.size]), 0);
      return new Tensor(ops.reshape(index, keepDim ? this.node.shape.map(() => 1) : []));
    });
  }
}

function dropAxes(x: Node, gone: readonly number[]): Node {
  const keep = <T>(list: readonly T[]): T[] => list.filter((_, i) => !gone.includes(i));
  return ops.reshape(x, keep(x.shape), keep(x.axes));
}

/** A node for `x`; a number takes the dtype of `beside`, or the next wider one that can hold it. */
export function likeNode(beside: Node, x: TensorLike): Node {
  if (x instanceof Tensor) return x.node;
  if (typeof x === "boolean") return ops.full("bool", [], x ? 1 : 0);
  const isWhole = Number.isInteger(x);
  const dtype = beside.dtype === "bool" ? (isWhole ? "int32" : "float32") : beside.dtype;
  return ops.full(dtype === "int32" && !isWhole ? "float32" : dtype, [], x);
}

/** A tensor of host numbers; the array is kept, not copied. */
export function fromData(data: TypedArray, dtype: DType, shape: Shape, axes: Axes = unnamed(shape.length)): Tensor {
  const own = aval(dtype, [...shape], [...axes]);
  return new Tensor(constant(own, new Storage(dtype, data.length, data).share()));
}

/** Every element-wise operation has its method above, or this does not compile. */
Tensor.prototype satisfies Record<UnaryName | BinaryName | keyof typeof ofOne | keyof typeof ofTwo, unknown>;

const taken = tensorMethods(
  { ...instance("a tensor", Tensor), example: tensorOf },
  kindOf("a tensor or a number", (x) => x instanceof Tensor || typeof x === "number" || typeof x === "boolean"),
);
const named = Object.entries(aliases).map(([name, method]) => {
  const { value } = Object.getOwnPropertyDescriptor(Tensor.prototype, method)!;
  // The function has the alias's name, which messages read from the stack.
  const alias = {
    [name](this: Tensor, ...given: unknown[]): unknown {
      return value.apply(this, given);
    },
  };
  Object.defineProperty(alias[name]!, "length", { value: value.length });
  Object.defineProperty(Aliases.prototype, name, { value: alias[name], configurable: true });
  return [name, taken.methods[method] ?? {}] as const;
});
takeOnly(Tensor, taken.methods, [], isTensor);
takeOnly(Aliases, { ...Object.fromEntries(named), ...taken.ofAliases }, [], isTensor);
refuseForeign(Tensor.prototype, Aliases.prototype as Tensor);
