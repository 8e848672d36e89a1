/**
 * Random graphs of all primitives, from a seed. Values stay small, and what jumps (comparison, rounding, argmax) is applied
 * only to values that float32 and float64 hold alike, so that an engine must agree with the oracle everywhere.
 */

import { type Node, placeholder } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import type { BinaryName, OpName, UnaryName } from "../../lib/graph/primitives.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { aval, type DType, type Shape, sizeOf } from "../../lib/graph/types.ts";
import { Random } from "../random.ts";

/** A node of the graph being built. */
interface Entry {
  readonly node: Node;
  /** No larger in absolute value than this, for float32. */
  readonly bound: number;
  /** The same number in float32 and float64. */
  readonly exact: boolean;
}

/** A graph with the numbers of its inputs. */
export interface RandomGraph {
  readonly inputs: readonly Node[];
  readonly feeds: readonly (readonly number[])[];
  readonly outputs: readonly Node[];
  /** The primitives that were chosen. */
  readonly used: readonly OpName[];
}

type Recipe = (b: Builder) => Entry;

const largest = 4;

class Builder {
  readonly inputs: Node[] = [];
  readonly feeds: number[][] = [];
  readonly pool: Entry[] = [];

  constructor(readonly random: Random) {}

  shape(minRank = 0): number[] {
    const rank = Math.max(minRank, this.random.pick([0, 1, 1, 2, 2, 3, 3, 4]));
    return Array.from({ length: rank }, () => this.random.pick([1, 2, 3, 4, 5]));
  }

  leaf(dtype: DType, shape: Shape, low = -16, high = 16): Entry {
    const node = placeholder(aval(dtype, shape));
    const integers = this.random.integers(sizeOf(shape), low, high);
    this.inputs.push(node);
    // Multiples of 1/8: exact, and with ties.
    this.feeds.push(dtype === "float32" ? integers.map((n) => n / 8) : integers);
    return { node, bound: Math.max(Math.abs(low), Math.abs(high)) / 8, exact: true };
  }

  fresh(dtype: DType, shape: Shape = this.shape()): Entry {
    if (dtype === "bool") return this.leaf(dtype, shape, 0, 1);
    return dtype === "uint32" ? this.leaf(dtype, shape, 0, 0xffffffff) : this.leaf(dtype, shape);
  }

  /** A node of the pool that fits, or a new leaf. */
  any(dtype: DType, minRank = 0, exact = false): Entry {
    const fits = this.pool.filter((e) =>
      e.node.dtype === dtype && e.node.shape.length >= minRank && (e.exact || !exact) && sizeOf(e.node.shape) <= 400
    );
    return fits.length > 0 && this.random.chance(0.85)
      ? this.random.pick(fits)
      : this.fresh(dtype, this.shape(minRank));
  }

  /** Something that broadcasts with `x`: the same shape, axes of size 1, fewer axes. */
  beside(x: Entry, exact = false): Entry {
    const { dtype, shape } = x.node;
    const same = this.pool.filter((e) =>
      e.node.dtype === dtype && `${e.node.shape}` === `${shape}` && (e.exact || !exact)
    );
    if (same.length > 0 && this.random.chance(0.5)) return this.random.pick(same);
    const ones = shape.map((n) => this.random.chance(0.3) ? 1 : n);
    return this.fresh(dtype, ones.slice(this.random.chance(0.3) ? this.random.integer(0, shape.length) : 0));
  }

  axes(x: Entry): number[] {
    const axes = x.node.shape.map((_, i) => i).filter(() => this.random.chance(0.6));
    return axes.length > 0 ? axes : [this.random.integer(0, x.node.shape.length - 1)];
  }

  axis(x: Entry): number {
    return this.random.integer(0, x.node.shape.length - 1);
  }
}

const exactly = (node: Node, bound = 1): Entry => ({ node, bound, exact: true });
const roughly = (node: Node, bound: number): Entry => ({ node, bound, exact: false });

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
  const x = b.any("float32", 2);
  const [transA, transB] = [b.random.chance(0.5), b.random.chance(0.5)];
  const [inner, columns] = [x.node.shape.at(transA ? -2 : -1)!, b.random.integer(1, 5)];
  const batch = x.node.shape.slice(0, -2).map((n) => b.random.chance(0.3) ? 1 : n);
  const y = b.fresh("float32", [...batch, ...(transB ? [columns, inner] : [inner, columns])]);
  return roughly(ops.matmul(x.node, y.node, transA, transB), x.bound * y.bound * inner);
}

function scattered(b: Builder): Entry {
  const x = b.any("float32", 1);
  const axis = b.axis(x);
  const shape = x.node.shape.with(axis, b.random.integer(1, 6));
  const index = b.leaf("int32", shape, 0, x.node.shape[axis]! - 1);
  const source = b.fresh("float32", shape);
  return roughly(ops.scatterAdd(x.node, index.node, source.node, axis), x.bound + source.bound * shape[axis]!);
}

/** The last two axes of the first entries: something small for a loop to capture. */
function corner(x: Node): Node {
  const rank = x.shape.length;
  const first = ops.slice(x, x.shape.map(() => 0), x.shape.map((n, i) => i < rank - 2 ? 1 : n));
  return ops.reshape(first, x.shape.slice(-2));
}

/** A loop with a float and an integer carry, xs, a captured node, and sometimes a loop inside. */
function loop(b: Builder): Entry {
  const factor = ops.unary("tanh", corner(b.any("float32").node));
  const one = ops.full("int32", [], 1);
  const [length, inner, reverse] = [b.random.integer(0, 4), b.random.chance(0.3), b.random.chance(0.5)];
  const init = b.fresh("float32", factor.shape).node;
  const counter = b.fresh("int32", []).node;
  const xs = b.fresh("float32", [length, ...factor.shape]).node;
  const advance = (c: Node): Node => ops.unary("tanh", ops.mul(c, factor));
  const twice = (c: Node): Node =>
    makeScan({ init: [c], xs: [], length: 2, reverse, step: ([d]) => ({ carries: [advance(d!)], ys: [] }) })
      .carries[0]!;
  const { carries, ys, history } = makeScan({
    init: [init, counter],
    xs: [xs],
    length,
    reverse,
    step: ([c, n], [x]) => {
      const next = ops.unary("tanh", ops.add(inner ? twice(c!) : advance(c!), x!));
      const sign = ops.cast(ops.unary("sign", n!), "float32");
      return { carries: [next, ops.add(n!, one)], ys: [ops.mul(next, sign)] };
    },
  });
  if (b.random.chance(0.2)) return exactly(carries[1]!, 20);
  // Stacks of no steps are empty, which many operations cannot take.
  return roughly(length === 0 ? carries[0]! : b.random.pick([carries[0]!, ys[0]!, history[0]!]), 2);
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
    const [from, to] = b.random.pick(
      [
        ["float32", "int32"],
        ["float32", "bool"],
        ["int32", "float32"],
        ["bool", "float32"],
        ["bool", "int32"],
        ["int32", "bool"],
      ] as const,
    );
    const x = from === "int32" && to === "float32" ? b.fresh(from) : b.any(from, 0, true);
    return exactly(ops.cast(x.node, to), Math.max(x.bound, 20));
  },
  stopGradient: moving(0, (_, x) => ops.stopGradient(x.node, "a test")),

  add: arithmetic("add", (x, y) => x + y),
  sub: arithmetic("sub", (x, y) => x + y),
  mul: arithmetic("mul", (x, y) => x * y),
  div: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]));
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
    const x = b.any(b.random.pick(["float32", "int32"]), 1);
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
  cumsum: (b) => {
    const x = b.any(b.random.pick(["float32", "int32"]), 1);
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

  take: moving(1, (b, x) => {
    const axis = b.axis(x);
    return ops.take(x.node, b.leaf("int32", [b.random.integer(1, 6)], 0, x.node.shape[axis]! - 1).node, axis);
  }),
  takeAlongAxis: moving(1, (b, x) => {
    const axis = b.axis(x);
    const shape = x.node.shape.with(axis, b.random.integer(1, 6));
    return ops.takeAlongAxis(x.node, b.leaf("int32", shape, 0, x.node.shape[axis]! - 1).node, axis);
  }),
  scatterAdd: scattered,
  matmul: product,
  scan: loop,
};

/** Brings large values back, so that sums of products of exponentials stay comparable. */
function tamed(entry: Entry): Entry {
  if (entry.node.dtype !== "float32" || entry.bound <= largest) return entry;
  return roughly(ops.mul(entry.node, ops.fullLike(entry.node, 1 / entry.bound)), 1);
}

/** A graph of `size` random applications, the same for the same seed, without those of `excluded` primitives. */
export function randomGraph(seed: number, size: number, excluded: readonly OpName[] = []): RandomGraph {
  const b = new Builder(new Random(seed));
  const names = (Object.keys(recipes) as (keyof typeof recipes)[]).filter((op) => !excluded.includes(op));
  const used = Array.from({ length: size }, () => {
    const op = b.random.pick(names);
    const entry = tamed(recipes[op](b));
    // Reshaped and expanded again and again, a node would grow without end.
    if (sizeOf(entry.node.shape) <= 2000 && entry.node.shape.length <= 5) b.pool.push(entry);
    return op;
  });
  return { inputs: b.inputs, feeds: b.feeds, outputs: b.pool.map((e) => e.node), used };
}

/** The primitives that have a recipe. */
export const recipeNames: readonly OpName[] = Object.keys(recipes) as OpName[];
