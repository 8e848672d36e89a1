/**
 * Random graphs of all primitives, from a seed. Values stay small, and what jumps (comparison, rounding, argmax) is applied
 * only to values that float32 and float64 hold alike, so that an engine must agree with the oracle everywhere.
 */

import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import type { BinaryName, OpName, UnaryName } from "../../lib/graph/primitives.ts";
import { type DType, sizeOf } from "../../lib/graph/types.ts";
import { Random } from "../random.ts";
import { Builder, type Entry, exactly, plain, type Recipe, roughly, type Variety } from "./random_builder.ts";
import { loop, randomLoop } from "./random_loop.ts";

/** A graph with the numbers of its inputs. */
export interface RandomGraph {
  readonly inputs: readonly Node[];
  readonly feeds: readonly (readonly number[])[];
  readonly outputs: readonly Node[];
  /** The primitives that were chosen. */
  readonly used: readonly OpName[];
}

const largest = 4;

/** A smooth function whose values are at most `bound` for arguments that `prepare` has made safe. */
function smooth(op: UnaryName, bound: (x: number) => number, prepare: (x: Node) => Node = (x) => x): Recipe {
  return (b) => {
    const x = b.any("float32");
    return roughly(ops.unary(op, prepare(x.node)), bound(x.bound));
  };
}

/** A function that jumps, of values that are exact. */
function jumping(op: UnaryName, dtype: DType = "float32"): Recipe {
  return (b) => {
    const x = b.any(dtype, 0, true);
    return exactly(ops.unary(op, x.node), x.bound + 1);
  };
}

function arithmetic(op: BinaryName, bound: (a: number, b: number) => number): Recipe {
  return (b) => {
    const x = b.any(b.random.pick(["float32", "float32", "int32"]));
    const y = b.beside(x);
    const result = ops.binary(op, x.node, y.node);
    return result.dtype === "int32" ? exactly(result) : roughly(result, bound(x.bound, y.bound));
  };
}

function onExact(op: BinaryName, dtypes: readonly DType[]): Recipe {
  return (b) => {
    const x = b.any(b.random.pick(dtypes), 0, true);
    return exactly(ops.binary(op, x.node, b.beside(x, true).node));
  };
}

const shift = (op: "shiftLeft" | "shiftRight"): Recipe => (b) => {
  const x = b.any("uint32");
  return exactly(ops.binary(op, x.node, b.leaf("uint32", x.node.shape, 0, 31).node));
};

/** The same numbers in other places, of any dtype. */
function moving(minRank: number, move: (b: Builder, x: Entry) => Node): Recipe {
  return (b) => {
    const x = b.any(b.random.pick(["float32", "float32", "int32", "bool", "uint32"]), minRank);
    return { ...x, node: move(b, x), bound: Math.max(x.bound, 1) };
  };
}

function extreme(of: typeof ops.max): Recipe {
  return (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]), 1);
    return { ...x, node: of(x.node, b.axes(x)) };
  };
}

function reshaped(b: Builder, x: Entry): Node {
  const { shape } = x.node;
  const merged = b.random.pick([
    [sizeOf(shape)],
    [...shape, 1],
    [1, ...shape],
    [shape[0]! * (shape[1] ?? 1), ...shape.slice(2)],
    [...shape.toReversed()],
  ]);
  return ops.reshape(x.node, merged);
}

function sliced(b: Builder, x: Entry): Node {
  const { shape } = x.node;
  const starts = shape.map((n) => b.random.integer(0, n - 1));
  const ends = shape.map((n, i) => b.random.integer(starts[i]! + 1, n));
  return ops.slice(x.node, starts, ends, shape.map(() => b.random.pick([1, 1, 2, 3])));
}

function product(b: Builder): Entry {
  const x = b.summable("float32", 2);
  const [transA, transB] = [b.random.chance(0.5), b.random.chance(0.5)];
  const [inner, columns] = [x.node.shape.at(transA ? -2 : -1)!, b.random.integer(1, b.variety.isVaried ? 20 : 5)];
  const batch = x.node.shape.slice(0, -2).map((n) => b.random.chance(0.3) ? 1 : n);
  const shape = [...batch, ...(transB ? [columns, inner] : [inner, columns])];
  const y = b.variety.isSpecial ? b.few(shape) : b.fresh("float32", shape);
  return roughly(ops.matmul(x.node, y.node, transA, transB), x.bound * y.bound * inner);
}

/** How far the entries of a window of `size` are apart, which fits into `whole`. */
function gap(b: Builder, size: number, whole: number): number {
  return size === 1 || 2 * (size - 1) + 1 > whole ? 1 : b.random.integer(1, 2);
}

/** A convolution of what is brought to four axes: channels and filters in groups, windows that overlap or leave gaps. */
function convolved(b: Builder): Entry {
  const x = b.summable("float32", 4);
  const image = ops.reshape(x.node, [...x.node.shape.slice(0, 3), sizeOf(x.node.shape.slice(3))]);
  const [, channels] = image.shape as [number, number];
  const groups = b.random.chance(0.3) ? channels : 1;
  const size = [2, 3].map((axis) => b.random.integer(1, Math.min(3, image.shape[axis]!)));
  const shape = [groups * b.random.integer(1, 2), channels / groups, ...size];
  const w = b.variety.isSpecial ? b.few(shape) : b.fresh("float32", shape);
  const pair = (of: () => number): [number, number] => [of(), of()];
  const attrs = {
    stride: pair(() => b.random.integer(1, 2)),
    padding: [pair(() => b.random.integer(0, 1)), pair(() => b.random.integer(0, 1))] as const,
    dilation: size.map((n, i) => gap(b, n, image.shape[2 + i]!)) as [number, number],
    groups,
  };
  return roughly(ops.convolution(image, w.node, attrs), x.bound * w.bound * sizeOf(shape.slice(1)));
}

function scattered(b: Builder): Entry {
  const x = b.summable("float32", 1);
  const axis = b.axis(x);
  const shape = x.node.shape.with(axis, b.random.integer(1, 6));
  const index = b.places(shape, x.node.shape[axis]!);
  const source = b.variety.isSpecial ? b.few(shape) : b.fresh("float32", shape);
  return roughly(ops.scatterAdd(x.node, index, source.node, axis), x.bound + source.bound * shape[axis]!);
}

const aboveHalf = (x: Node): Node => ops.add(ops.unary("abs", x), ops.fullLike(x, 0.5));
const within = (x: Node): Node => ops.mul(ops.unary("tanh", x), ops.fullLike(x, 0.9));

function constantOf(b: Builder): Entry {
  const [dtype, shape] = [b.random.pick(["float32", "int32", "bool"] as const), b.shape()];
  return exactly(ops.full(dtype, shape, dtype === "bool" ? 1 : b.random.integer(-4, 4)), 4);
}

function joined(b: Builder): Entry {
  const x = b.any(b.random.pick(["float32", "int32", "bool"]), 1);
  const axis = b.axis(x);
  const y = b.fresh(x.node.dtype, x.node.shape.with(axis, b.random.integer(1, 3)));
  const parts = b.random.chance(0.3) ? [x, y, x] : b.random.chance(0.5) ? [x, y] : [y, x];
  return { node: ops.concat(parts.map((e) => e.node), axis), bound: Math.max(x.bound, y.bound), exact: x.exact };
}

const conversions: readonly (readonly [DType, DType])[] = [
  ["float32", "int32"],
  ["float32", "bool"],
  ["int32", "float32"],
  ["bool", "float32"],
  ["bool", "int32"],
  ["int32", "bool"],
];
const ofBits: readonly (readonly [DType, DType])[] = [
  ["float32", "uint32"],
  ["int32", "uint32"],
  ["bool", "uint32"],
  ["uint32", "float32"],
  ["uint32", "int32"],
  ["uint32", "bool"],
];

/** How each primitive is put into a graph; a primitive without a recipe does not type-check. */
const recipes: { readonly [K in Exclude<OpName, "output">]: Recipe } = {
  input: (b) => b.fresh(b.random.pick(["float32", "int32", "bool", "uint32"])),
  full: constantOf,
  iota: (b) => {
    const shape = b.shape(1);
    return exactly(ops.iota(shape, b.random.integer(0, shape.length - 1)), 5);
  },
  randomBits: (b) => exactly(ops.randomBits(b.fresh("uint32", [2]).node, b.shape())),

  neg: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]));
    return { ...x, node: ops.neg(x.node) };
  },
  abs: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]));
    return { ...x, node: ops.unary("abs", x.node) };
  },
  sign: (b) => exactly(ops.unary("sign", b.any(b.random.pick(["float32", "int32"]), 0, true).node)),
  exp: smooth("exp", (x) => Math.exp(x)),
  exp2: smooth("exp2", (x) => 2 ** x),
  expm1: smooth("expm1", (x) => Math.exp(x)),
  log: smooth("log", (x) => Math.log(x + 2), aboveHalf),
  log1p: smooth("log1p", (x) => x, (x) => ops.unary("abs", x)),
  sqrt: smooth("sqrt", (x) => x + 1, aboveHalf),
  sin: smooth("sin", () => 1),
  cos: smooth("cos", () => 1),
  tan: smooth("tan", () => 1.3, within),
  asin: smooth("asin", () => 1.2, within),
  acos: smooth("acos", () => 3, within),
  atan: smooth("atan", () => 1.6),
  tanh: smooth("tanh", () => 1),
  erf: smooth("erf", () => 1),
  sigmoid: smooth("sigmoid", () => 1),
  softplus: smooth("softplus", (x) => x + 1),
  relu: smooth("relu", (x) => x),
  floor: jumping("floor"),
  ceil: jumping("ceil"),
  round: jumping("round"),
  not: jumping("not", "bool"),
  isNaN: jumping("isNaN"),
  cast: (b) => {
    const [from, to] = b.random.pick(b.variety.isSpecial ? [...conversions, ...ofBits] : conversions);
    const isWide = from === "int32" && to === "float32" && !b.variety.isSpecial;
    const x = isWide ? b.fresh(from) : b.any(from, 0, true);
    return exactly(ops.cast(x.node, to), Math.max(x.bound, 20));
  },
  stopGradient: moving(0, (_, x) => ops.stopGradient(x.node, "a test")),

  add: arithmetic("add", (x, y) => x + y),
  sub: arithmetic("sub", (x, y) => x + y),
  mul: arithmetic("mul", (x, y) => x * y),
  div: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]));
    if (b.variety.isSpecial) return exactly(ops.div(x.node, b.beside(x).node));
    if (x.node.dtype === "float32") return roughly(ops.div(x.node, aboveHalf(b.beside(x).node)), 2 * x.bound);
    const divisor = b.leaf("int32", x.node.shape, 1, 5).node;
    return exactly(ops.div(x.node, b.random.chance(0.5) ? divisor : ops.neg(divisor)));
  },
  pow: (b) => {
    const x = b.any("float32");
    const exponent = b.random.chance(0.5)
      ? ops.fullLike(x.node, b.random.pick([2, 3, 0.5, -1]))
      : within(b.beside(x).node);
    return roughly(ops.binary("pow", aboveHalf(x.node), exponent), (x.bound + 1) ** 3);
  },
  maximum: arithmetic("maximum", Math.max),
  minimum: arithmetic("minimum", Math.max),
  and: onExact("and", ["bool"]),
  or: onExact("or", ["bool"]),
  bitAnd: onExact("bitAnd", ["uint32"]),
  bitOr: onExact("bitOr", ["uint32"]),
  bitXor: onExact("bitXor", ["uint32"]),
  shiftLeft: shift("shiftLeft"),
  shiftRight: shift("shiftRight"),
  less: onExact("less", ["float32", "int32"]),
  lessEqual: onExact("lessEqual", ["float32", "int32"]),
  equal: onExact("equal", ["float32", "int32", "bool", "uint32"]),
  where: (b) => {
    const x = b.any(b.random.pick(["float32", "int32", "bool"]));
    const y = b.beside(x);
    const condition = b.fresh("bool", x.node.shape.map((n) => b.random.chance(0.3) ? 1 : n));
    return {
      node: ops.where(condition.node, x.node, y.node),
      bound: Math.max(x.bound, y.bound),
      exact: x.exact && y.exact,
    };
  },

  sum: (b) => {
    const x = b.summable(b.random.pick(["float32", "int32"]), 1);
    const node = ops.sum(x.node, b.axes(x));
    const count = sizeOf(x.node.shape) / sizeOf(node.shape);
    return node.dtype === "int32" ? exactly(node) : roughly(node, x.bound * count);
  },
  max: extreme(ops.max),
  min: extreme(ops.min),
  argmax: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]), 1, true);
    return exactly(ops.argmax(x.node, b.axis(x)), 5);
  },
  argsort: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]), 1, true);
    const axis = b.axis(x);
    const n = x.node.shape[axis]!;
    return exactly(ops.argsort(x.node, axis, b.random.integer(1, n), b.random.chance(0.5)), n);
  },
  cumsum: (b) => {
    const x = b.summable(b.random.pick(["float32", "int32"]), 1);
    const axis = b.axis(x);
    const node = ops.cumsum(x.node, axis, b.random.chance(0.5));
    return node.dtype === "int32" ? exactly(node) : roughly(node, x.bound * x.node.shape[axis]!);
  },

  reshape: moving(1, reshaped),
  permute: moving(2, (b, x) => ops.permute(x.node, b.random.permutation(x.node.shape.length))),
  expand: moving(0, (b, x) => ops.expand(x.node, [b.random.integer(1, 3), ...x.node.shape])),
  slice: moving(1, sliced),
  pad: moving(1, (b, x) => {
    const [before, after] = [0, 1].map(() => x.node.shape.map(() => b.random.pick([0, 0, 1, 2])));
    return ops.pad(x.node, before!, after!, b.random.pick([0, 1]));
  }),
  concat: joined,
  flip: moving(1, (b, x) => ops.flip(x.node, b.axes(x))),
  unfold: moving(1, (b, x) => {
    const axis = b.axis(x);
    const size = b.random.integer(1, Math.min(3, x.node.shape[axis]!));
    return ops.unfold(x.node, axis, size, b.random.integer(1, 2), gap(b, size, x.node.shape[axis]!));
  }),

  take: moving(1, (b, x) => {
    const axis = b.axis(x);
    return ops.take(x.node, b.places([b.random.integer(1, 6)], x.node.shape[axis]!), axis);
  }),
  takeAlongAxis: moving(1, (b, x) => {
    const axis = b.axis(x);
    const shape = x.node.shape.with(axis, b.random.integer(1, 6));
    return ops.takeAlongAxis(x.node, b.places(shape, x.node.shape[axis]!), axis);
  }),
  scatterAdd: scattered,
  matmul: product,
  convolution: convolved,
  scan: (b) => b.variety.isVaried && (b.variety.isSpecial || b.random.chance(0.8)) ? randomLoop(b, applied) : loop(b),
};

/** Brings large values back, so that sums of products of exponentials stay comparable. */
function tamed(entry: Entry): Entry {
  if (entry.node.dtype !== "float32" || entry.bound <= largest) return entry;
  return roughly(ops.mul(entry.node, ops.fullLike(entry.node, 1 / entry.bound)), 1);
}

/** What float32 rounds more than once, or not as float64 rounded to it. */
const rounded: readonly OpName[] = [
  "exp",
  "exp2",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "tanh",
]
  .concat(["erf", "sigmoid", "softplus", "pow"]) as OpName[];

/** The deepest that random loops are nested. */
const mostDeep = 2;

function chosen(b: Builder): OpName {
  const { excluded, isSpecial } = b.variety;
  const isLeftOut = (op: OpName): boolean =>
    excluded.includes(op) || (isSpecial && rounded.includes(op)) || (op === "scan" && b.depth >= mostDeep);
  return b.random.pick(recipeNames.filter((op) => !isLeftOut(op)));
}

/** Reductions of one length that need each other: a softmax. */
function normalized(b: Builder): Entry {
  const x = b.any("float32", 1);
  const axes = b.axes(x);
  const powers = ops.unary("exp", ops.sub(x.node, ops.max(x.node, axes)));
  return roughly(ops.div(powers, ops.sum(powers, axes)), 1);
}

/** One application of any primitive. */
function applied(b: Builder, op = chosen(b)): Entry {
  if (b.variety.isVaried && !b.variety.isSpecial && b.random.chance(0.08)) return normalized(b);
  const entry = recipes[op as keyof typeof recipes](b);
  return b.variety.isSpecial ? { ...entry, exact: true } : tamed(entry);
}

/** A graph of `size` random applications, the same for the same seed. */
export function randomGraph(seed: number, size: number, variety: Partial<Variety> = {}): RandomGraph {
  const b = new Builder(new Random(seed), { ...plain, ...variety });
  const used = Array.from({ length: size }, () => {
    const op = chosen(b);
    const entry = applied(b, op);
    // Reshaped and expanded again and again, a node would grow without end.
    if (sizeOf(entry.node.shape) <= b.variety.most && entry.node.shape.length <= 5) b.pool.push(entry);
    return op;
  });
  const outputs = b.pool.filter((_, i) => !b.variety.isVaried || i + 1 === b.pool.length || b.random.chance(0.4));
  return { inputs: b.inputs, feeds: b.feeds, outputs: outputs.map((e) => e.node), used };
}

/** The primitives that have a recipe. */
export const recipeNames: readonly OpName[] = Object.keys(recipes) as OpName[];
