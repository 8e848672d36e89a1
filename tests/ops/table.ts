/** How the operations of the PyTorch fixtures are called here. */

import { concat, stack, where } from "../../lib/tensor/functions.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
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

function calls(rows: Record<string, Call>): ReadonlyMap<string, Call> {
  return new Map(Object.entries(rows));
}

const table = calls({
  ...unary(["neg", "abs", "sign", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"]),
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
