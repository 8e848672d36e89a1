/** Symbolic indices of what is padded, cut, turned and regrouped, against numbers: where they lie inside, and in the lanes of a vector. */

import { ok } from "node:assert/strict";
import * as ix from "../../lib/engine/fused/ix.ts";
import { laneIndex } from "../../lib/engine/wasm/lanes.ts";
import { sizeOf } from "../../lib/graph/types.ts";
import { Random } from "../random.ts";

type Numbers = Readonly<Record<string, number>>;

/** The value of an index, as a kernel computes it. */
function valueOf(x: ix.Ix, variables: Numbers): number {
  return x.terms.reduce((sum, { atom, factor }) => {
    if (atom.kind === "var") return sum + factor * variables[atom.key]!;
    const inner = valueOf(atom.of, variables);
    return sum + factor * (atom.kind === "div" ? Math.trunc(inner / atom.by) : inner % atom.by);
  }, x.offset);
}

function unravel(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

const ravel = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((flat, x, axis) => flat * shape[axis]! + x, 0);

/** An element: the result (i) and the step (r) of a reduction, and which element of a value it is; null outside of that. */
interface Element {
  readonly i: number;
  readonly r: number;
  readonly at: number[] | null;
}

/** A way into a value: the index of each axis as a sum of variables, and as numbers. */
interface Way {
  readonly shape: readonly number[];
  readonly index: readonly ix.Ix[];
  readonly elements: readonly Element[];
}

/** The way of a reduction over some axes of a value. */
function reduction(random: Random): Way {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 6));
  const axes = [...shape.keys()].filter(() => random.chance(0.5));
  const [outer, along] = [shape.map((n, axis) => axes.includes(axis) ? 1 : n), axes.map((axis) => shape[axis]!)];
  const [results, steps] = [sizeOf(outer), sizeOf(along)];
  const pick = <T>(result: readonly T[], step: readonly T[]): T[] =>
    result.map((x, axis) => axes.includes(axis) ? step[axes.indexOf(axis)]! : x);
  const elements = Array.from({ length: results * steps }, (_, n): Element => {
    const [i, r] = [Math.floor(n / steps), n % steps];
    return { i, r, at: pick(unravel(i, outer), unravel(r, along)) };
  });
  const [i, r] = [ix.variable("i", 0, results - 1), ix.variable("r", 0, steps - 1)];
  return { shape, index: pick(ix.unflatten(i, outer), ix.unflatten(r, along)), elements };
}

/** Goes on along one axis, to `n * step + from` of one of `size`; what is outside of it is not looked at. */
function shifted(way: Way, axis: number, from: number, step: number, size: number): Way {
  const at = way.index[axis]!;
  const inside = (n: number): boolean => n >= 0 && n < size;
  return {
    shape: way.shape.with(axis, size),
    index: way.index.with(axis, ix.add(ix.scale(at, step), ix.constant(from))),
    elements: way.elements.map((x) => {
      const n = x.at && from + x.at[axis]! * step;
      return { ...x, at: n !== null && inside(n) ? x.at!.with(axis, n) : null };
    }),
  };
}

function regrouped({ shape, index, elements }: Way, random: Random): Way {
  const to: number[] = [];
  let left = sizeOf(shape);
  for (let axis = 0; axis < 3; axis++) {
    to.push(random.pick([1, 2, 3, 4, 5, 6].filter((n) => left % n === 0)));
    left /= to.at(-1)!;
  }
  to.push(left);
  const moved = elements.map((x) => ({ ...x, at: x.at && unravel(ravel(x.at, shape), to) }));
  return { shape: to, index: ix.unflatten(ix.flatten(index, shape), to), elements: moved };
}

function permuted({ shape, index, elements }: Way, random: Random): Way {
  const order = random.permutation(shape.length);
  const turn = <T>(x: readonly T[]): T[] => order.map((axis) => x[axis]!);
  return { shape: turn(shape), index: turn(index), elements: elements.map((x) => ({ ...x, at: x.at && turn(x.at) })) };
}

function moved(way: Way, random: Random): Way {
  const axis = random.integer(0, way.shape.length - 1);
  const n = way.shape[axis]!;
  switch (random.pick(["flip", "pad", "pad", "slice", "permute", "reshape", "reshape"])) {
    case "flip":
      return shifted(way, axis, n - 1, -1, n);
    case "pad": {
      const before = random.integer(0, n - 1);
      return shifted(way, axis, -before, 1, random.integer(1, n - before));
    }
    case "slice": {
      const [from, step] = [random.integer(0, 2), random.integer(1, 2)];
      return shifted(way, axis, from, step, from + (n - 1) * step + 1 + random.integer(0, 2));
    }
    case "permute":
      return permuted(way, random);
    default:
      return regrouped(way, random);
  }
}

/** An index where a variable is a number, or that number in one of four lanes of a loop. */
function* forms(flat: ix.Ix, variables: Numbers, sizes: Numbers): Generator<[ix.Ix, Numbers]> {
  yield [flat, variables];
  for (const [name, size] of Object.entries(sizes)) {
    const [n, turns] = [variables[name]!, Math.floor(size / 4)];
    yield [ix.substitute(flat, (x) => x === name ? ix.constant(n) : null), variables];
    if (n >= 4 * turns) continue;
    const base = ix.scale(ix.variable("x0", 0, turns - 1), 4);
    const lanes = laneIndex(flat, { spreads: new Map([[name, { base, stride: 1 }]]), count: 4 });
    yield [lanes[n % 4]!, { ...variables, x0: Math.floor(n / 4) }];
  }
}

Deno.test("indices of padded, cut, turned and regrouped values are those of plain arithmetic, in lanes too", () => {
  for (let seed = 1700; seed < 1800; seed++) {
    const random = new Random(seed);
    let way = reduction(random);
    const last = way.elements.at(-1)!;
    for (let step = random.integer(2, 6); step > 0; step--) way = moved(way, random);
    const flat = ix.flatten(way.index, way.shape);
    for (const { i, r, at } of way.elements) {
      if (!at || !random.chance(0.3)) continue;
      for (const [form, variables] of forms(flat, { i, r }, { i: last.i + 1, r: last.r + 1 })) {
        const value = valueOf(form, variables);
        const isRight = value === ravel(at, way.shape) && value >= form.lo && value <= form.hi;
        ok(isRight, `seed ${seed}: ${form.key} is ${value}, not ${ravel(at, way.shape)}`);
      }
    }
  }
});
