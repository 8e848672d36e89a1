/** Broadcasting and axis names for random shapes, against the rules written out. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import { add, where } from "../../lib/graph/ops.ts";
import { aval, type Axes, sizeOf } from "../../lib/graph/types.ts";
import { PlumblineError, type Tensor, zeros } from "../../mod.ts";
import { interpretNodes } from "../oracle.ts";
import { Random } from "../random.ts";

interface Shaped {
  readonly shape: readonly number[];
  readonly axes: Axes;
}

function randomShaped(random: Random, named: boolean): Shaped {
  const shape = Array.from({ length: random.integer(0, 4) }, () => random.pick([1, 1, 2, 3]));
  return { shape, axes: shape.map(() => named && random.chance(0.4) ? random.pick(["env", "time", "agent"]) : null) };
}

/** The entry of `list` that stands `fromEnd` places from its end. */
function aligned<T>(list: readonly T[], fromEnd: number): T | undefined {
  return list[list.length - fromEnd];
}

/** NumPy's rule, with the two refusals of this library: other ranks that repeat each other alike, names that differ. */
function expectation(a: Shaped, b: Shaped): Shaped | "G302" | "G303" {
  const rank = Math.max(a.shape.length, b.shape.length);
  const [shape, axes]: [number[], (string | null)[]] = [[], []];
  let namesDiffer = false;
  for (let fromEnd = rank; fromEnd > 0; fromEnd--) {
    const [m, n] = [aligned(a.shape, fromEnd) ?? 1, aligned(b.shape, fromEnd) ?? 1];
    if (m !== n && m !== 1 && n !== 1) return "G302";
    shape.push(m === 1 ? n : m);
    const [p, q] = [aligned(a.axes, fromEnd) ?? null, aligned(b.axes, fromEnd) ?? null];
    namesDiffer ||= p !== null && q !== null && p !== q;
    axes.push(p ?? q);
  }
  const grown = ([x, y]: readonly Shaped[]): number[] =>
    shape.filter((n, i) => n !== 1 && aligned(x!.shape, rank - i) === n && (aligned(y!.shape, rank - i) ?? 1) === 1);
  const meet = grown([a, b]).some((n) => grown([b, a]).includes(n));
  if (a.shape.length !== b.shape.length && meet) return "G302";
  return namesDiffer ? "G303" : { shape, axes };
}

function leaf({ shape, axes }: Shaped, dtype: "float32" | "bool" = "float32"): Node {
  return placeholder(aval(dtype, shape, axes));
}

/** The entry of `x` that broadcasting puts at `index` of the result. */
function entryAt(x: Shaped, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length).map((i, axis) => x.shape[axis] === 1 ? 0 : i);
  return own.reduce((flat, i, axis) => flat * x.shape[axis]! + i, 0);
}

function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (list, n) => list.flatMap((index) => Array.from({ length: n }, (_, i) => [...index, i])),
    [[]],
  );
}

for (const named of [false, true]) {
  Deno.test(`two random shapes${named ? " with names" : ""} meet as NumPy aligns them, or are refused`, () => {
    const random = new Random(named ? 1 : 2);
    const seen = { result: 0, G302: 0, G303: 0 };
    for (let i = 0; i < 3000; i++) {
      const [a, b] = [randomShaped(random, named), randomShaped(random, named)];
      const expected = expectation(a, b);
      const text = JSON.stringify([a, b]);
      if (typeof expected === "string") {
        seen[expected]++;
        throws(() => add(leaf(a), leaf(b)), (e) => e instanceof PlumblineError && e.code === expected, text);
        continue;
      }
      seen.result++;
      const [x, y] = [leaf(a), leaf(b)];
      const sum = add(x, y);
      equal([sum.shape, sum.axes], [expected.shape, expected.axes], text);
      const [left, right] = [a, b].map((s, k) => Array.from({ length: sizeOf(s.shape) }, (_, i) => i * (k ? 100 : 1)));
      const [values] = interpretNodes([sum], new Map([[x, left!], [y, right!]]));
      const entries = indicesOf(expected.shape).map((index) => left![entryAt(a, index)]! + right![entryAt(b, index)]!);
      equal([...values!], entries, text);
    }
    ok(seen.result > 300 && seen.G302 > 300 && (seen.G303 > 30) === named, JSON.stringify(seen));
  });
}

Deno.test("where() aligns its condition as it aligns its values", () => {
  const random = new Random(3);
  for (let i = 0; i < 1000; i++) {
    const [condition, value] = [randomShaped(random, true), randomShaped(random, true)];
    const expected = expectation(condition, value);
    const build = () => where(leaf(condition, "bool"), leaf(value), leaf(value));
    if (typeof expected === "string") throws(build, (e) => e instanceof PlumblineError && e.code === expected);
    else equal([build().shape, build().axes], [expected.shape, expected.axes]);
  }
});

/** Operations that keep, move, drop or insert axes, with what they do to a list of names. */
const moves: readonly ((x: Tensor, random: Random) => [Tensor, (string | null)[]])[] = [
  (x, random) => {
    const order = random.permutation(x.rank);
    return [x.permute(...order), order.map((i) => x.axes[i]!)];
  },
  (x, random) => {
    const axis = random.integer(0, x.rank - 1);
    return [x.sum(axis), x.axes.toSpliced(axis, 1)];
  },
  (x, random) => [x.mean(random.integer(0, x.rank - 1), true), [...x.axes]],
  (x, random) => {
    const at = random.integer(0, x.rank);
    // A name is that of one axis.
    const name = ["new", "newer", "newest"].find((name) => !x.axes.includes(name)) ?? null;
    return [x.unsqueeze(at, name), x.axes.toSpliced(at, 0, name)];
  },
  (x, random) => {
    const axis = random.integer(0, x.rank - 1);
    return [x.select(axis, -1), x.axes.toSpliced(axis, 1)];
  },
  (x, random) => [x.slice(random.integer(0, x.rank - 1), 0, 1), [...x.axes]],
  (x, random) => [x.flip(random.integer(0, x.rank - 1)), [...x.axes]],
  (x, random) => [x.softmax(random.integer(0, x.rank - 1)), [...x.axes]],
  (x, random) => [x.cumsum(random.integer(0, x.rank - 1)), [...x.axes]],
  (x, random) => [x.pad(random.integer(0, x.rank - 1), 1, 2), [...x.axes]],
  (x) => [x.exp().mul(2).add(x), [...x.axes]],
];

Deno.test("names follow their axes through chains of operations", () => {
  const random = new Random(4);
  for (let i = 0; i < 300; i++) {
    let x = zeros([2, 3, 4, 2]).named("env", "time", null, "agent");
    for (let step = 0; step < 6 && x.rank > 0; step++) {
      const [next, axes] = random.pick(moves)(x, random);
      equal(next.axes, axes);
      equal(next.axes.length, next.shape.length);
      x = next;
    }
  }
});
