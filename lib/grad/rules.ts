/**
 * The one table of derivative rules. A rule takes the gradient `g` of an operation's result and the operation itself, and
 * gives the gradient of each input; `null` where none flows. Rules are written in the primitives, so they have derivatives
 * themselves.
 */

import { spreadIndex } from "../graph/arrange.ts";
import { square } from "../graph/composite.ts";
import { dilate, fold, unconvolve } from "./convolution.ts";
import type { Node, NodeOf } from "../graph/node.ts";
import {
  add,
  binary,
  cast,
  cumsum,
  div,
  expand,
  flip,
  fullLike,
  matmul,
  mul,
  neg,
  pad,
  permute,
  reshape,
  scatterAdd,
  slice,
  sub,
  sum,
  takeAlongAxis,
  unary,
  where,
  writtenFrom,
} from "../graph/ops.ts";
import type { OpName } from "../graph/primitives.ts";
import { knownSquare } from "../graph/squares.ts";

type Gradients = readonly (Node | null)[];

/** The gradients of the inputs of `node`, given the gradient of its result; `isAsked` tells which of them are of use. */
export type Rule<K extends OpName> = (g: Node, node: NodeOf<K>, isAsked: (input: Node) => boolean) => Gradients;

const one = (x: Node): Node => fullLike(x, 1);
const zero = (x: Node): Node => fullLike(x, 0);
const scale = (x: Node, by: number): Node => mul(x, fullLike(x, by));
const as = (x: NodeOf<OpName>): Node => x as unknown as Node;

/** A rule for f(x) from x and y = f(x). */
const of = <K extends OpName>(rule: (g: Node, x: Node, y: Node) => Node): Rule<K> => (g, node) => [
  rule(g, node.inputs[0]!, as(node)),
];

/** None for the smaller input, half where they are equal; where one is NaN all of it for both, as PyTorch shares it. */
function chosen(g: Node, a: Node, b: Node): Gradients {
  const share = where(binary("equal", a, b), scale(g, 0.5), g);
  return [where(binary("less", a, b), zero(g), share), where(binary("less", b, a), zero(g), share)];
}

/** The gradient shared evenly among all entries that attain the extremum. */
function extremum(g: Node, node: Node): Gradients {
  const x = node.inputs[0]!;
  const attained = cast(binary("equal", x, expand(node, x.shape, x.axes)), "float32");
  const count = sum(attained, x.shape.flatMap((n, i) => n === node.shape[i] ? [] : [i]));
  return [mul(attained, expand(div(g, count), x.shape, x.axes))];
}

/** To the power of a number: no logarithm, and nothing infinite at 0 that a zero would have to undo. */
function constantPower(g: Node, a: Node, b: NodeOf<"full">): Gradients {
  const { value } = b.attrs;
  if (value === 0) return [zero(g), null];
  const less = writtenFrom(b, b.dtype, b.shape, value - 1, b.axes);
  return [mul(g, mul((value === 3 ? knownSquare(a) : null) ?? binary("pow", a, less), as(b))), null];
}

function power(g: Node, a: Node, b: Node, y: Node, isAsked: boolean): Gradients {
  if (b.op === "full" && !isAsked) return constantPower(g, a, b);
  const none = zero(g);
  const base = where(binary("equal", b, zero(b)), none, mul(b, binary("pow", a, sub(b, one(b)))));
  // Where both go to 0 the power does too; that of a negative base has no slope among real numbers, and NaN says so.
  const atZero = binary("and", binary("equal", a, zero(a)), binary("lessEqual", zero(b), b));
  const exponent = where(atZero, none, mul(y, unary("log", where(atZero, one(a), a))));
  return [mul(g, base), mul(g, exponent)];
}

/** What was repeated is summed: over the axes that `x` has with size 1, and those in front that it lacks. */
export function sumToAxesOf(g: Node, x: Node): Node {
  const missing = g.shape.length - x.shape.length;
  return reshape(sum(g, g.shape.flatMap((n, i) => n === x.shape[i - missing] ? [] : [i])), x.shape, x.axes);
}

function inverse(perm: readonly number[]): number[] {
  const result = new Array<number>(perm.length);
  perm.forEach((p, i) => result[p] = i);
  return result;
}

function unslice(g: Node, node: NodeOf<"slice">): Node {
  const x = node.inputs[0]!;
  const { starts, steps } = node.attrs;
  let spread = g;
  steps.forEach((step, axis) => {
    if (step > 1) spread = dilate(spread, axis, step);
  });
  const fits = spread.shape.map((n, i) => Math.min(n, x.shape[i]! - starts[i]!));
  const cut = slice(spread, starts.map(() => 0), fits);
  return reshape(pad(cut, starts, fits.map((n, i) => x.shape[i]! - starts[i]! - n)), x.shape, x.axes);
}

function unconcat(g: Node, node: NodeOf<"concat">): Gradients {
  const { axis } = node.attrs;
  let start = 0;
  return node.inputs.map((x) => {
    const starts = g.shape.map((_, i) => i === axis ? start : 0);
    start += x.shape[axis]!;
    const part = slice(g, starts, g.shape.map((n, i) => i === axis ? start : n));
    return reshape(part, x.shape, x.axes);
  });
}

function unmatmul(g: Node, node: NodeOf<"matmul">): Gradients {
  const [a, b] = node.inputs as [Node, Node];
  const { transA, transB } = node.attrs;
  return [
    transA ? matmul(b, g, transB, true) : matmul(g, b, false, !transB),
    transB ? matmul(g, a, true, transA) : matmul(a, g, !transA, false),
  ];
}

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** Operations that pass no gradient: their results are integers, bits or truths, constant almost everywhere, or stopped. */
const none = null;

/** The table. `scan` and `output` have a file of their own, `grad/scan.ts`. */
export const rules: { readonly [K in Exclude<OpName, "scan" | "output">]: Rule<K> | null } = {
  input: none,
  full: none,
  iota: none,
  randomBits: none,

  neg: of((g) => neg(g)),
  abs: of((g, x) => mul(g, unary("sign", x))),
  sign: none,
  exp: of((g, _, y) => mul(g, y)),
  exp2: of((g, _, y) => mul(g, scale(y, Math.LN2))),
  // Not the result and 1: of a number far below 0 they leave no digits.
  expm1: of((g, x) => mul(g, unary("exp", x))),
  log: of((g, x) => div(g, x)),
  log1p: of((g, x) => div(g, add(x, one(x)))),
  sqrt: of((g, _, y) => div(scale(g, 0.5), y)),
  sin: of((g, x) => mul(g, unary("cos", x))),
  cos: of((g, x) => neg(mul(g, unary("sin", x)))),
  tan: of((g, _, y) => mul(g, add(one(y), square(y)))),
  asin: of((g, x) => div(g, unary("sqrt", sub(one(x), square(x))))),
  acos: of((g, x) => neg(div(g, unary("sqrt", sub(one(x), square(x)))))),
  atan: of((g, x) => div(g, add(one(x), square(x)))),
  tanh: of((g, _, y) => mul(g, sub(one(y), square(y)))),
  erf: of((g, x) => mul(g, scale(unary("exp", neg(square(x))), twoOverRootPi))),
  sigmoid: of((g, _, y) => mul(g, mul(y, sub(one(y), y)))),
  softplus: of((g, x) => mul(g, unary("sigmoid", x))),
  // Not g where x > 0: a NaN is to be seen in the gradient too.
  relu: of((g, x) => where(binary("lessEqual", x, zero(x)), zero(g), g)),
  floor: none,
  ceil: none,
  round: none,
  not: none,
  isNaN: none,
  cast: (g, { inputs: [x] }) => [x!.dtype === "float32" ? g : null],
  stopGradient: none,

  add: (g) => [g, g],
  sub: (g) => [g, neg(g)],
  mul: (g, { inputs: [a, b] }) => [mul(g, b!), mul(g, a!)],
  div: (g, node) => [div(g, node.inputs[1]!), neg(div(mul(g, as(node)), node.inputs[1]!))],
  pow: (g, node, isAsked) => power(g, node.inputs[0]!, node.inputs[1]!, as(node), isAsked(node.inputs[1]!)),
  maximum: (g, { inputs: [a, b] }) => chosen(g, a!, b!),
  minimum: (g, { inputs: [a, b] }) => chosen(g, b!, a!),
  and: none,
  or: none,
  bitAnd: none,
  bitOr: none,
  bitXor: none,
  shiftLeft: none,
  shiftRight: none,
  less: none,
  lessEqual: none,
  equal: none,
  where: (g, { inputs: [condition] }) => [null, where(condition!, g, zero(g)), where(condition!, zero(g), g)],

  sum: (g, { inputs: [x] }) => [expand(g, x!.shape, x!.axes)],
  max: (g, node) => extremum(g, as(node)),
  min: (g, node) => extremum(g, as(node)),
  argmax: none,
  argsort: none,
  cumsum: (g, { attrs }) => [cumsum(g, attrs.axis, !attrs.reverse)],

  reshape: (g, { inputs: [x] }) => [reshape(g, x!.shape, x!.axes)],
  permute: (g, { attrs }) => [permute(g, inverse(attrs.perm))],
  expand: (g, { inputs: [x] }) => [sumToAxesOf(g, x!)],
  slice: (g, node) => [unslice(g, node)],
  pad: (g, { inputs: [x], attrs }) => [slice(g, attrs.before, x!.shape.map((n, i) => n + attrs.before[i]!))],
  concat: (g, node) => unconcat(g, node),
  flip: (g, { attrs }) => [flip(g, attrs.axes)],
  unfold: (g, node) => [fold(g, node)],

  take: (g, { inputs: [x, index], attrs }) => [
    scatterAdd(zero(x!), spreadIndex(index!, g, attrs.axis), g, attrs.axis),
    null,
  ],
  takeAlongAxis: (g, { inputs: [x, index], attrs }) => [scatterAdd(zero(x!), index!, g, attrs.axis), null],
  scatterAdd: (g, { inputs: [, index], attrs }) => [g, null, takeAlongAxis(g, index!, attrs.axis)],

  matmul: unmatmul,
  convolution: unconvolve,
};
