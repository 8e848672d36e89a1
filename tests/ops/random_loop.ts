/** Loops of random graphs. */

import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan, type ScanResult } from "../../lib/graph/scan.ts";
import { type DType, sizeOf } from "../../lib/graph/types.ts";
import { type Builder, type Entry, exactly, type Recipe, roughly } from "./random_builder.ts";

/** The last two axes of the first entries: something small for a loop to capture. */
function corner(x: Node): Node {
  const rank = x.shape.length;
  const first = ops.slice(x, x.shape.map(() => 0), x.shape.map((n, i) => i < rank - 2 ? 1 : n));
  return ops.reshape(first, x.shape.slice(-2));
}

/** A loop with a float and an integer carry, xs, a captured node, and sometimes a loop inside. */
export function loop(b: Builder): Entry {
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

const all = (x: Node): number[] => x.shape.map((_, i) => i);

/** Something of the dtype and shape of a carry, no larger than `bound`: often another carry, as it is. */
function nextOf(b: Builder, carry: Entry, bound: number): Node {
  const { dtype, shape } = carry.node;
  const fits = b.pool.filter((x) => x.node.dtype === dtype && `${x.node.shape}` === `${shape}`);
  const found = b.random.chance(0.7) ? b.random.pick(fits) : null;
  if (dtype === "bool") return found?.node ?? ops.unary("not", carry.node);
  if (dtype === "uint32") return found?.node ?? ops.binary("bitXor", carry.node, ops.fullLike(carry.node, 0x9e3779b9));
  if (dtype === "int32") return found?.node ?? ops.add(carry.node, ops.fullLike(carry.node, 3));
  if (b.variety.isSpecial) return found?.node ?? ops.binary("minimum", carry.node, extremeOf(b, shape));
  if (found && found.bound <= bound) return found.node;
  const other = found?.node ?? extremeOf(b, shape);
  return ops.unary("tanh", ops.add(other, carry.node));
}

/** The largest number of something, in another shape. */
function extremeOf(b: Builder, shape: readonly number[]): Node {
  const { node } = b.any("float32");
  const extreme = ops.reshape(ops.max(node, all(node)), []);
  return ops.expand(extreme, shape);
}

/** What a loop goes through: what is there with as many entries as it has steps, or new leaves. */
function slicedBy(b: Builder, length: number, count: number): Entry[] {
  return Array.from({ length: count }, () => {
    const fits = b.pool.filter((x) => x.node.shape[0] === length && sizeOf(x.node.shape) <= b.variety.most / 2);
    if (fits.length > 0 && b.random.chance(0.7)) return b.random.pick(fits);
    return b.fresh(b.random.pick<DType>(["float32", "float32", "int32", "bool", "uint32"]), [length, ...smallShape(b)]);
  });
}

function smallShape(b: Builder): number[] {
  const shape = b.shape();
  return sizeOf(shape) > 200 ? shape.slice(-1) : shape;
}

/** A loop whose body is made by `step`, which adds something to what is given. Its other results are added to `b`. */
export function randomLoop(b: Builder, step: Recipe): Entry {
  const { random } = b;
  const dtypes: readonly DType[] = ["float32", "float32", "float32", "int32", "uint32", "bool"];
  const init = Array.from({ length: random.integer(1, 3) }, () => b.any(random.pick(dtypes)));
  if (random.chance(0.3)) init.push(b.beside(init[0]!));
  const isTwin = init.length > 1 && `${init.at(-1)!.node.shape}` === `${init[0]!.node.shape}`;
  if (!isTwin && random.chance(0.3)) init.push(init[0]!);
  const along = b.pool.filter((x) => (x.node.shape[0] ?? 99) <= 12);
  const length = along.length > 0 && random.chance(0.5)
    ? random.pick(along).node.shape[0]!
    : random.pick([0, 1, 1, 2, 3, 4, 5, 9]);
  const xs = slicedBy(b, length, random.integer(0, 2));
  const bound = [...init, ...xs].reduce((m, x) => Math.max(m, x.bound), 1);
  const exact = b.variety.isSpecial;
  let results: Entry[] = [];
  const { carries, ys, history }: ScanResult = makeScan({
    init: init.map((x) => x.node),
    xs: xs.map((x) => x.node),
    length,
    reverse: random.chance(0.5),
    step: (before, slices) => {
      const own = before.map((node): Entry => ({ node, bound, exact: exact || node.dtype !== "float32" }));
      const given = slices.map((node, i): Entry => ({ ...xs[i]!, node }));
      const inner = b.inside([...own, ...given, ...b.pool.filter(() => random.chance(0.2))]);
      for (let i = random.integer(1, 5); i > 0; i--) inner.pool.push(step(inner));
      const small = inner.pool.filter((x) => sizeOf(x.node.shape) * length <= b.variety.most);
      results = Array.from({ length: small.length === 0 ? 0 : random.integer(0, 2) }, () => random.pick(small));
      return { carries: own.map((x) => nextOf(inner, x, bound)), ys: results.map((x) => x.node) };
    },
  });
  const finals = carries.map((node): Entry => ({ node, bound, exact: exact || node.dtype !== "float32" }));
  const stacks = [
    ...ys.map((node, i): Entry => ({ ...results[i]!, node })),
    ...history.map((node, i): Entry => ({ ...finals[i]!, node })),
  ];
  // Stacks of no steps are empty, which many operations cannot take.
  const found = [...finals, ...(length === 0 ? [] : stacks)].filter(() => random.chance(0.6));
  b.pool.push(...found.filter((x) => sizeOf(x.node.shape) <= b.variety.most));
  return found.at(-1) ?? finals[0]!;
}
