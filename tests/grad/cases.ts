/** For every primitive: functions whose first and second derivatives are checked, or the reason why it has none. */

import type { Node } from "../../lib/graph/node.ts";
import type { ConvolutionAttrs } from "../../lib/graph/convolution.ts";
import * as ops from "../../lib/graph/ops.ts";
import type { BinaryName, OpName, UnaryName } from "../../lib/graph/primitives.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { type Shape, sizeOf } from "../../lib/graph/types.ts";
import { Random } from "../random.ts";
import type { Argument, Differentiable } from "./finite_difference.ts";

/** What a primitive without a derivative is: constant almost everywhere, not a function of floats, or stopped. */
export type WithoutDerivative = "leaf" | "piecewise constant" | "not of floats" | "stopped";

const random = new Random(20);

function uniform(shape: Shape, low = -1, high = 1): Argument {
  return { shape, data: random.floats(sizeOf(shape), low, high) };
}

function given(...data: number[]): Argument {
  return { shape: [data.length], data };
}

function indices(shape: Shape, ...data: number[]): Argument {
  return { shape, data, dtype: "int32" };
}

function at(point: Argument | readonly Argument[], of: Differentiable["of"]): Differentiable {
  return { arguments: "shape" in point ? [point] : point, of };
}

/** An element-wise function on both sides of what matters to it; products make every second derivative depend on both. */
function elementwise(op: UnaryName, ...points: number[]): Differentiable[] {
  return [at(given(...points), (x) => ops.unary(op, x!))];
}

function pairs(op: BinaryName, a: number[], b: number[]): Differentiable[] {
  return [at([given(...a), given(...b)], (x, y) => ops.binary(op, x!, y!))];
}

const all = [-2.5, -1, -0.3, 0, 0.4, 1, 3];
const positive = [0.01, 0.3, 1, 2.5, 40];
const notZero = [-3, -0.7, 0.2, 1, 5];
const square = (x: Node): Node => ops.mul(x, x);

/** x -> x * c + x_t * k, with its ys, for a scan of `length` steps. */
function recurrence(length: number, reverse: boolean): Differentiable {
  const point = [uniform([2]), uniform([length, 2]), uniform([2])];
  return at(point, (init, xs, constant) => {
    const { carries, ys } = makeScan({
      init: [init!],
      xs: [xs!],
      length,
      reverse,
      step: ([c], [x]) => {
        const next = ops.unary("tanh", ops.add(ops.mul(c!, constant!), ops.mul(square(x!), constant!)));
        return { carries: [next], ys: [ops.mul(next, c!)] };
      },
    });
    return [...carries, ...ys];
  });
}

/** The carries as each step received them are outputs too; the derivative of a derivative uses them. */
const history = at([uniform([2]), uniform([3, 2])], (init, xs) => {
  const step = ([c]: readonly Node[], [x]: readonly Node[]) => ({
    carries: [ops.mul(c!, ops.unary("exp", x!))],
    ys: [],
  });
  return makeScan({ init: [init!], xs: [xs!], length: 3, reverse: false, step }).history;
});

/** An integer carry counts steps beside a float carry, and selects from a constant. */
const counting = at([uniform([]), uniform([4])], (init, table) => {
  const { carries } = makeScan({
    init: [init!, ops.full("int32", [1], 0)],
    xs: [],
    length: 4,
    reverse: false,
    step: ([c, i]) => ({
      carries: [
        ops.mul(ops.add(c!, ops.full("float32", [], 0.5)), ops.reshape(ops.take(table!, i!, 0), [])),
        ops.add(i!, ops.full("int32", [1], 1)),
      ],
      ys: [],
    }),
  });
  return carries[0]!;
});

const nested = at([uniform([2]), uniform([3, 2]), uniform([2])], (init, xs, constant) => {
  const inner = (c: Node, x: Node): Node =>
    makeScan({
      init: [c],
      xs: [],
      length: 2,
      reverse: true,
      step: ([d]) => ({ carries: [ops.unary("sin", ops.add(ops.mul(d!, x), constant!))], ys: [] }),
    }).carries[0]!;
  const { carries, ys } = makeScan({
    init: [init!],
    xs: [xs!],
    length: 3,
    reverse: false,
    step: ([c], [x]) => ({ carries: [inner(c!, x!)], ys: [ops.mul(c!, x!)] }),
  });
  return [...carries, ...ys];
});

/** A constant that the body captures and that depends on another captured constant. */
const dependentConstants = at([uniform([2]), uniform([2])], (init, a) => {
  const b = ops.unary("exp", a!);
  const { carries } = makeScan({
    init: [init!],
    xs: [],
    length: 2,
    reverse: false,
    step: ([c]) => ({ carries: [ops.mul(ops.add(c!, a!), b)], ys: [] }),
  });
  return carries[0]!;
});

/** Windows that overlap, leave gaps, reach out of the input, and leave some of it over; parts that know nothing of each other. */
function convolutions(): Differentiable[] {
  const plain = { stride: [1, 1], padding: [[0, 0], [0, 0]], dilation: [1, 1], groups: 1 } as const;
  const of = (x: Shape, w: Shape, attrs: Partial<ConvolutionAttrs>): Differentiable =>
    at([uniform(x), uniform(w)], (a, b) => square(ops.convolution(a!, b!, { ...plain, ...attrs })));
  return [
    of([2, 2, 3, 4], [3, 2, 2, 2], {}),
    of([1, 2, 4, 5], [2, 2, 3, 2], { stride: [2, 3], padding: [[1, 0], [1, 2]] }),
    of([1, 1, 6, 5], [1, 1, 2, 2], { stride: [2, 1], dilation: [3, 2] }),
    of([1, 4, 2, 3], [4, 2, 1, 2], { groups: 2, padding: [[2, 1], [0, 1]] }),
    of([2, 2, 1, 2], [2, 1, 1, 1], { groups: 2, stride: [1, 2], padding: [[0, 0], [1, 1]] }),
  ];
}

function matmuls(): Differentiable[] {
  const flags = [false, true];
  const shape = (m: number, n: number, transposed: boolean): Shape => transposed ? [n, m] : [m, n];
  const plain = flags.flatMap((transA) =>
    flags.map((transB) =>
      at(
        [uniform(shape(2, 3, transA)), uniform(shape(3, 4, transB))],
        (a, b) => ops.matmul(a!, b!, transA, transB),
      )
    )
  );
  return [
    ...plain,
    at([uniform([2, 2, 3]), uniform([2, 3, 2])], (a, b) => ops.matmul(a!, b!)),
    at([uniform([2, 1, 2, 3]), uniform([1, 3, 2, 3])], (a, b) => ops.matmul(a!, b!, false, true)),
    at(uniform([2, 2]), (a) => ops.matmul(a!, a!, true, false)),
  ];
}

/** The table; a primitive without an entry does not type-check. */
export const derivativeCases: { readonly [K in OpName]: readonly Differentiable[] | WithoutDerivative } = {
  input: [at(uniform([3]), (x) => square(x!))],
  full: "leaf",
  iota: "leaf",
  randomBits: "not of floats",

  neg: elementwise("neg", ...all),
  abs: elementwise("abs", ...notZero),
  sign: "piecewise constant",
  exp: elementwise("exp", ...all),
  exp2: elementwise("exp2", ...all),
  expm1: elementwise("expm1", ...all),
  log: elementwise("log", ...positive.slice(1)),
  log1p: elementwise("log1p", -0.5, 0, 0.3, 10),
  sqrt: elementwise("sqrt", ...positive.slice(1)),
  sin: elementwise("sin", ...all),
  cos: elementwise("cos", ...all),
  tan: elementwise("tan", -1, 0, 0.3, 1.2),
  asin: elementwise("asin", -0.8, 0, 0.3, 0.7),
  acos: elementwise("acos", -0.8, 0, 0.3, 0.7),
  atan: elementwise("atan", ...all),
  tanh: elementwise("tanh", ...all),
  erf: elementwise("erf", ...all),
  sigmoid: elementwise("sigmoid", ...all, 20),
  softplus: elementwise("softplus", ...all, 20),
  relu: elementwise("relu", ...notZero),
  floor: "piecewise constant",
  ceil: "piecewise constant",
  round: "piecewise constant",
  not: "not of floats",
  isNaN: "piecewise constant",
  cast: [at(given(0.3, 2.6), (x) => ops.mul(x!, ops.cast(ops.cast(x!, "int32"), "float32")))],
  stopGradient: "stopped",

  add: [...pairs("add", [1, -2], [0.5, 3]), at(uniform([2]), (x) => ops.add(square(x!), x!))],
  sub: [...pairs("sub", [1, -2], [0.5, 3]), at(uniform([2]), (x) => ops.sub(square(x!), x!))],
  mul: [...pairs("mul", [1, -2], [0.5, 3]), at(uniform([2]), (x) => ops.mul(x!, square(x!)))],
  div: [...pairs("div", [1, -2], [0.5, 3]), at(uniform([2], 1, 2), (x) => ops.div(ops.unary("sin", x!), x!))],
  pow: [
    ...pairs("pow", [0.5, 2, 3, 1], [2, -1.5, 0.5, 0.3]),
    at(given(-2, -0.5, 0, 1.5), (x) => ops.binary("pow", x!, ops.fullLike(x!, 3))),
    at(given(-2, 0.5, 0, 1.5), (x) => ops.binary("pow", x!, ops.fullLike(x!, 2))),
    at(given(-2, 0, 1.5), (x) => ops.binary("pow", x!, ops.fullLike(x!, 1))),
    at(given(-2, 1.5), (x) => ops.binary("pow", x!, ops.fullLike(x!, 0))),
    at(given(-2, 0.5, 3), (x) => ops.binary("pow", ops.fullLike(x!, 2), x!)),
  ],
  maximum: pairs("maximum", [1, -2, 3], [0.5, 3, -1]),
  minimum: pairs("minimum", [1, -2, 3], [0.5, 3, -1]),
  and: "not of floats",
  or: "not of floats",
  bitAnd: "not of floats",
  bitOr: "not of floats",
  bitXor: "not of floats",
  shiftLeft: "not of floats",
  shiftRight: "not of floats",
  less: "piecewise constant",
  lessEqual: "piecewise constant",
  equal: "piecewise constant",
  where: [
    at(
      [given(1, -2, 3), given(0.5, 4, -1)],
      (a, b) => ops.where(ops.binary("less", a!, b!), square(a!), ops.mul(a!, b!)),
    ),
  ],

  sum: [[0], [1], [0, 2], [0, 1, 2]].map((axes) => at(uniform([2, 3, 2]), (x) => ops.sum(square(x!), axes))),
  max: [[0], [1], [0, 1]].map((axes) => at(uniform([3, 4]), (x) => ops.max(ops.mul(square(x!), x!), axes))),
  min: [[0], [1], [0, 1]].map((axes) => at(uniform([3, 4]), (x) => ops.min(ops.mul(square(x!), x!), axes))),
  argmax: "piecewise constant",
  argsort: "piecewise constant",
  cumsum: [false, true].flatMap((reverse) =>
    [0, 1].map((axis) => at(uniform([3, 2]), (x) => ops.cumsum(square(x!), axis, reverse)))
  ),

  reshape: [at(uniform([2, 3]), (x) => square(ops.reshape(x!, [3, 1, 2])))],
  permute: [at(uniform([2, 3, 2]), (x) => square(ops.permute(x!, [2, 0, 1])))],
  expand: [at(uniform([2, 1]), (x) => square(ops.expand(x!, [3, 2, 2])))],
  slice: [
    at(uniform([5, 3]), (x) => square(ops.slice(x!, [1, 0], [4, 3]))),
    at(uniform([5, 4]), (x) => square(ops.slice(x!, [1, 0], [5, 4], [2, 3]))),
    at(uniform([7]), (x) => square(ops.slice(x!, [0], [6], [3]))),
    at(uniform([7]), (x) => square(ops.slice(x!, [2], [3], [4]))),
  ],
  pad: [at(uniform([2, 3]), (x) => square(ops.pad(x!, [1, 0], [0, 2], 5)))],
  concat: [at([uniform([2, 1]), uniform([2, 3])], (a, b) => square(ops.concat([a!, b!, a!], 1)))],
  flip: [at(uniform([2, 3]), (x) => ops.mul(x!, ops.flip(x!, [0, 1])))],
  unfold: [
    at(uniform([5, 2]), (x) => square(ops.unfold(x!, 0, 3))),
    at(uniform([2, 7]), (x) => square(ops.unfold(x!, 1, 2, 2, 3))),
    at(uniform([2, 2]), (x) => square(ops.unfold(x!, 1, 3))),
  ],

  take: [
    at([uniform([3, 2]), indices([4], 2, 0, 2, 1)], (x, i) => square(ops.take(x!, i!, 0))),
    at([uniform([2, 3, 2]), indices([2], 1, 1)], (x, i) => square(ops.take(x!, i!, 1))),
    at([uniform([2, 3]), indices([4], -1, 2, -3, -2)], (x, i) => square(ops.take(x!, i!, 1))),
  ],
  takeAlongAxis: [
    at([uniform([2, 3]), indices([2, 4], 0, 2, 2, 1, 1, 1, 0, 2)], (x, i) => square(ops.takeAlongAxis(x!, i!, 1))),
    at([uniform([3, 2]), indices([1, 2], -1, 0)], (x, i) => square(ops.takeAlongAxis(x!, i!, 0))),
  ],
  scatterAdd: [
    at(
      [uniform([2, 3]), indices([2, 4], 0, 2, 2, 1, 1, 1, 0, 2), uniform([2, 4])],
      (x, i, source) => square(ops.scatterAdd(x!, i!, source!, 1)),
    ),
    at(
      [uniform([3, 2]), indices([2, 2], 2, 0, -1, -2), uniform([2, 2])],
      (x, i, source) => square(ops.scatterAdd(x!, i!, source!, 0)),
    ),
  ],

  matmul: matmuls(),
  convolution: convolutions(),

  scan: [
    recurrence(3, false),
    recurrence(3, true),
    recurrence(1, false),
    recurrence(0, false),
    counting,
    nested,
    dependentConstants,
  ],
  output: [history],
};
