/** How the operations of the PyTorch fixtures are called here. */

import { concat, stack, where } from "../../lib/tensor/functions.ts";
import { Categorical, Normal } from "../../lib/nn/distributions.ts";
import { Bernoulli, type BernoulliChoice } from "../../lib/nn/distributions/bernoulli.ts";
import { Beta } from "../../lib/nn/distributions/beta.ts";
import { klDivergence, MixtureSameFamily } from "../../lib/nn/distributions/mixture.ts";
import { MultivariateNormal } from "../../lib/nn/distributions/multivariate_normal.ts";
import { Uniform } from "../../lib/nn/distributions/uniform.ts";
import { eye } from "../../lib/tensor/creation.ts";
import { vmap } from "../../lib/tensor/function_transforms.ts";
import { einsum, hstack, meshgrid, vstack } from "../../lib/tensor/joins.ts";
import { solveTriangular } from "../../lib/tensor/linear_algebra.ts";
import type { Sorted, Tensor } from "../../lib/tensor/tensor.ts";
import type { DType } from "../../lib/graph/types.ts";
import type { BinaryName, UnaryName } from "../../lib/graph/primitives.ts";

/** The arguments beside tensors, as make_pytorch.py writes them. */
export interface FixtureArgs {
  readonly [name: string]: unknown;
}

type Call = (inputs: readonly Tensor[], args: never) => Tensor | readonly Tensor[];

interface Reduction {
  readonly axis: number | readonly number[];
  readonly keepDim: boolean;
}

type Composite = "square" | "reciprocal" | "rsqrt" | "silu" | "log2" | "log10" | "sinh" | "cosh" | "trunc" | "isFinite";

function unary(names: readonly (UnaryName | Composite)[]): Record<string, Call> {
  return Object.fromEntries(names.map((name) => [name, ([x]: readonly Tensor[]) => x![name]()]));
}

type Comparison = "greater" | "greaterEqual" | "notEqual" | "remainder" | "floorDivide" | "atan2" | "outer";

function binary(names: readonly (BinaryName | Comparison)[]): Record<string, Call> {
  return Object.fromEntries(names.map((name) => [name, ([a, b]: readonly Tensor[]) => a![name](b!)]));
}

function reductions(
  names: readonly ("sum" | "mean" | "max" | "min" | "logSumExp" | "norm" | "any" | "all")[],
): Record<string, Call> {
  return Object.fromEntries(
    names.map((name) => [name, ([x]: readonly Tensor[], { axis, keepDim }: Reduction) => x![name](axis, keepDim)]),
  );
}

function mlp([x, w1, b1, w2, b2]: readonly Tensor[]): Tensor {
  return x!.matmul(w1!.transpose()).add(b1!).tanh().matmul(w2!.transpose()).add(b2!);
}

function attention([q, k, v]: readonly Tensor[]): Tensor {
  const scores = q!.matmul(k!.transpose()).div(Math.sqrt(q!.shape.at(-1)!));
  return scores.softmax(-1).matmul(v!);
}

function layerNorm([x, weight, bias]: readonly Tensor[], eps: number): Tensor {
  const centred = x!.sub(x!.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(eps).rsqrt()).mul(weight!).add(bias!);
}

function huber([a, b]: readonly Tensor[]): Tensor {
  const distance = a!.sub(b!);
  const size = distance.abs();
  return where(size.less(1), distance.square().mul(0.5), size.sub(0.5));
}

interface Order {
  readonly axis: number;
  readonly descending: boolean;
}

/** Squares, where there are any to be differentiated. */
const positive = (x: Tensor): Tensor => x.dtype === "float32" ? x.square() : x;

const pair = ({ values, indices }: Sorted): Tensor[] => [values, indices];

/** A lower triangular matrix whose diagonal is at least 1. */
const positiveLower = (x: Tensor): Tensor => x.tril(-1).add(x.diagonal(0, -2, -1).square().add(1).diagEmbed());

interface Described<D> {
  logProb(x: Tensor): Tensor;
  entropy(): Tensor;
  readonly variance: Tensor;
  kl(other: D): Tensor;
}

/** What is known of a distribution, and its divergence from another, of a value and the parameters of both. */
function described<D extends Described<D>>(
  [value, ...x]: readonly Tensor[],
  make: (a: Tensor, b: Tensor) => D,
): Tensor[] {
  const half = x.length / 2;
  const [p, q] = [make(x[0]!, x[1]!), make(x[half]!, x[half + 1]!)];
  return [p.logProb(value!), p.entropy(), p.variance, klDivergence(p, q)];
}

function calls(rows: Record<string, Call>): ReadonlyMap<string, Call> {
  return new Map(Object.entries(rows));
}

const table = calls({
  ...unary([
    "neg",
    "abs",
    "sign",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
  ]),
  ...unary(["tanh", "erf", "sigmoid", "softplus", "relu", "floor", "ceil", "round", "not", "isNaN"]),
  ...unary(["square", "reciprocal", "rsqrt", "silu", "log2", "log10", "sinh", "cosh", "trunc", "isFinite"]),
  ...binary(["add", "sub", "mul", "div", "pow", "maximum", "minimum", "and", "or", "less", "lessEqual", "equal"]),
  ...binary(["greater", "greaterEqual", "notEqual", "remainder", "floorDivide", "atan2", "outer"]),
  ...reductions(["sum", "mean", "max", "min", "logSumExp", "norm", "any", "all"]),
  gelu: ([x], { approximate }: { approximate: "none" | "tanh" }) => x!.gelu(approximate),
  clamp: ([x], { low, high }: { low: number | null; high: number | null }) => x!.clamp(low, high),
  elu: ([x], { setting }: { setting?: number }) => x!.elu(setting),
  leakyRelu: ([x], { setting }: { setting?: number }) => x!.leakyRelu(setting),
  tril: ([x], { diagonal }: { diagonal: number }) => x!.tril(diagonal).square(),
  triu: ([x], { diagonal }: { diagonal: number }) => x!.triu(diagonal).square(),
  maskedFill: ([x, mask], { value }: { value: number }) => x!.maskedFill(mask!, value).square(),
  chunk: ([x], { count, axis }: { count: number; axis: number }) => x!.square().chunk(count, axis),
  unbind: ([x], { axis }: { axis: number }) => x!.square().unbind(axis),
  cast: ([x], { dtype }: { dtype: DType }) => x!.cast(dtype),
  withNumber: ([x], { operation, number }: { operation: "add" | "mul" | "div"; number: number }) =>
    x![operation](number),
  powNumber: ([x], { exponent }: { exponent: number }) => x!.pow(exponent),
  where: ([condition, a, b]) => where(condition!, a!, b!),
  variance: ([x], { axis, ...options }: Reduction & { correction?: number }) => x!.variance(axis, options),
  std: ([x], { axis, ...options }: Reduction) => x!.std(axis, options),
  argmax: ([x], { axis, keepDim }: { axis: number | null; keepDim: boolean }) => x!.argmax(axis ?? undefined, keepDim),
  argmin: ([x], { axis, keepDim }: { axis: number | null; keepDim: boolean }) => x!.argmin(axis ?? undefined, keepDim),
  softmax: ([x], { axis }: { axis: number }) => x!.softmax(axis),
  logSoftmax: ([x], { axis }: { axis: number }) => x!.logSoftmax(axis),
  cumsum: ([x], { axis, reverse }: { axis: number; reverse: boolean }) => x!.cumsum(axis, reverse),
  reshape: ([x], { shape }: { shape: number[] }) => x!.reshape(...shape).square(),
  permute: ([x], { order }: { order: number[] }) => x!.permute(...order).square(),
  transpose: ([x], { a, b }: { a: number; b: number }) => x!.transpose(a, b).square(),
  expand: ([x], { shape }: { shape: number[] }) => x!.expand(...shape).square(),
  slice: ([x], { axis, start, end, step }: { axis: number; start: number; end: number; step: number }) =>
    x!.slice(axis, start, end, step).square(),
  select: ([x], { axis, index }: { axis: number; index: number }) => x!.select(axis, index).square(),
  pad: ([x], { axis, before, after, value }: { axis: number; before: number; after: number; value: number | string }) =>
    x!.pad(axis, before, after, Number(value)),
  concat: (inputs, { axis }: { axis: number }) => concat(inputs, axis).square(),
  stack: (inputs, { axis }: { axis: number }) => stack(inputs, axis).square(),
  split: ([x], { axis, sizes }: { axis: number; sizes: number | number[] }) => x!.square().split(sizes, axis),
  flip: ([x], { axis }: { axis: number | number[] }) => x!.flip(axis).square(),
  take: ([x, index], { axis }: { axis: number }) => x!.take(index!, axis).square(),
  takeAlongAxis: ([x, index], { axis }: { axis: number }) => {
    const found = x!.takeAlongAxis(index!, axis);
    return found.dtype === "float32" ? found.square() : found;
  },
  gather: ([x, index], { axis }: { axis: number }) => x!.gather(axis, index!).square(),
  scatterAdd: ([x, index, source], { axis }: { axis: number }) => x!.scatterAdd(axis, index!, source!).square(),
  matmul: ([a, b]) => a!.matmul(b!),
  matmulTransposed: ([a, b], { left, right }: { left: boolean; right: boolean }) =>
    (left ? a!.transpose() : a!).matmul(right ? b!.transpose() : b!),
  mlp: (inputs) => mlp(inputs),
  mlpLoss: (inputs) => mlp(inputs).square().mean(),
  layerNorm: (inputs, { eps }: { eps: number }) => layerNorm(inputs, eps),
  huber: (inputs) => huber(inputs),
  sort: ([x], { axis, descending }: Order) => pair(positive(x!).sort(axis, descending)),
  argsort: ([x], { axis, descending }: Order) => x!.argsort(axis, descending),
  topk: ([x], { k, axis, largest }: { k: number; axis: number; largest: boolean }) =>
    pair(x!.square().topk(k, axis, largest)),
  prod: ([x], { axis, keepDim }: { axis: number | null; keepDim: boolean }) => x!.prod(axis ?? undefined, keepDim),
  cumprod: ([x], { axis }: { axis: number }) => x!.cumprod(axis),
  roll: ([x], { shifts, axis }: { shifts: number | number[]; axis: number | number[] | null }) =>
    x!.roll(shifts, axis ?? undefined).square(),
  repeat: ([x], { sizes }: { sizes: number[] }) => x!.repeat(...sizes).square(),
  tile: ([x], { sizes }: { sizes: number[] }) => x!.tile(...sizes).square(),
  movedim: ([x], { from, to }: { from: number; to: number }) => x!.movedim(from, to).square(),
  unflatten: ([x], { axis, sizes }: { axis: number; sizes: number[] }) => x!.unflatten(axis, sizes).square(),
  diagonal: ([x], { offset, a, b }: { offset: number; a: number; b: number }) => x!.diagonal(offset, a, b).square(),
  diag: ([x], { diagonal }: { diagonal: number }) => x!.diag(diagonal).square(),
  diagEmbed: ([x], { offset }: { offset: number }) => x!.diagEmbed(offset).square(),
  diagflat: ([x]) => x!.diagflat().square(),
  trace: ([x]) => x!.square().trace(),
  lerp: ([x, end, weight]) => x!.lerp(end!, weight!),
  clampMin: ([x], { bound }: { bound: number }) => x!.clampMin(bound),
  clampMax: ([x], { bound }: { bound: number }) => x!.clampMax(bound),
  scatter: ([x, index, source], { axis }: { axis: number }) => x!.scatter(axis, index!, source!).square(),
  scatterNumber: ([x, index], { axis, number }: { axis: number; number: number }) =>
    x!.scatter(axis, index!, number).square(),
  indexAdd: ([x, index, source], { axis, alpha }: { axis: number; alpha: number }) =>
    x!.indexAdd(axis, index!, source!, { alpha }).square(),
  einsum: (inputs, { equation }: { equation: string }) => einsum(equation, ...inputs),
  meshgrid: (inputs, { indexing }: { indexing: "ij" | "xy" }) => meshgrid(inputs, { indexing }).map((x) => x.square()),
  vstack: (inputs) => vstack(inputs).square(),
  hstack: (inputs) => hstack(inputs).square(),
  Bernoulli: (x, { of }: { of: "probs" | "logits" }) =>
    described(x, (p) => new Bernoulli({ [of]: p! } as unknown as BernoulliChoice)),
  Uniform: (x) => {
    const make = (low: Tensor, width: Tensor): Uniform => new Uniform(low, low.add(width));
    return x.length === 3 ? make(x[1]!, x[2]!).logProb(x[0]!) : described(x, make);
  },
  Beta: (x) => described(x, (a, b) => new Beta(a, b)),
  MultivariateNormal: (x) => described(x, (loc, y) => new MultivariateNormal(loc, { scaleTril: positiveLower(y) })),
  MixtureSameFamily: ([value, logits, loc, x], { of }: { of: "Normal" | "MultivariateNormal" }) => {
    const parts = of === "Normal"
      ? new Normal(loc!, x!)
      : new MultivariateNormal(loc!, { scaleTril: positiveLower(x!) });
    const whole = new MixtureSameFamily(new Categorical(logits!), parts);
    return [whole.logProb(value!), whole.mean, whole.variance];
  },
  cholesky: ([x]) => x!.matmul(x!.transpose()).add(eye(x!.shape.at(-1)!)).cholesky(),
  solveTriangular: ([a, b], options: { upper: boolean; left: boolean; unitriangular: boolean }) => {
    const lower = positiveLower(a!);
    return solveTriangular(options.upper ? lower.transpose() : lower, b!, options);
  },
  vmapCholesky: ([x]) => vmap((one: Tensor) => one.cholesky())(x!),
  vmapSolveTriangular: ([a, b], { upper, inAxes }: { upper: boolean; inAxes: (number | null)[] }) =>
    vmap((a: Tensor, b: Tensor) => solveTriangular(a, b, { upper }), inAxes)(a!, b!),
  attention: (inputs) => attention(inputs),
});

/** Applies the operation that a fixture names. */
export function callOperation(op: string, inputs: readonly Tensor[], args: FixtureArgs): readonly Tensor[] {
  const call = table.get(op);
  if (!call) throw new Error(`tests/ops/table.ts does not say how to call \`${op}\`.`);
  const result = call(inputs, args as never);
  return Array.isArray(result) ? result as readonly Tensor[] : [result as Tensor];
}

/** The operations of the table. */
export const operationNames: readonly string[] = [...table.keys()];
