/** Symbolic indices against numbers: whatever is simplified, the value stays. */

import assert from "node:assert/strict";
import * as ix from "../../lib/engine/fused/ix.ts";
import { Random } from "../random.ts";

/** The value of an index, as a kernel computes it. */
function valueOf(x: ix.Ix, variables: ReadonlyMap<string, number>): number {
  return x.terms.reduce((sum, { atom, factor }) => {
    if (atom.kind === "var") return sum + factor * variables.get(atom.key)!;
    const inner = valueOf(atom.of, variables);
    return sum + factor * (atom.kind === "div" ? Math.trunc(inner / atom.by) : inner % atom.by);
  }, x.offset);
}

/** A shape of `size` elements with up to 5 axes. */
function shapeOf(size: number, random: Random): number[] {
  const shape: number[] = [];
  let left = size;
  for (let axis = 0; axis < 4; axis++) {
    const divisors = Array.from({ length: left }, (_, i) => i + 1).filter((d) => left % d === 0);
    const n = random.pick(divisors);
    shape.push(n);
    left /= n;
  }
  return [...shape, left];
}

Deno.test("a reshape and back is the same index", () => {
  const random = new Random(1);
  for (let trial = 0; trial < 300; trial++) {
    const size = random.pick([24, 36, 60, 64, 30, 7]);
    const i = ix.variable("i", 0, size - 1);
    let x = i;
    for (let step = 0; step < 3; step++) {
      const shape = shapeOf(size, random);
      x = ix.flatten(ix.unflatten(x, shape), shape);
    }
    assert.equal(x.key, "i");
  }
});

Deno.test("indices of reshapes, permutations, slices and flips have the value of plain arithmetic, inside their bounds", () => {
  const random = new Random(2);
  for (let trial = 0; trial < 300; trial++) {
    const size = random.pick([24, 36, 60, 48]);
    let symbolic = ix.variable("i", 0, size - 1);
    const numeric = Array.from({ length: size }, (_, i) => i);
    for (let step = 0; step < 4; step++) {
      const shape = shapeOf(size, random);
      const axis = random.integer(0, 4);
      const [order, flipped] = [random.permutation(5), random.chance(0.5)];
      const moved = order.map((p) => shape[p]!);
      const flip = (index: ix.Ix[]): ix.Ix[] =>
        index.map((x, a) => a === axis && flipped ? ix.add(ix.constant(shape[a]! - 1), ix.scale(x, -1)) : x);
      const permute = <T>(index: T[]): T[] => order.map((p) => index[p]!);
      symbolic = ix.flatten(permute(flip(ix.unflatten(symbolic, shape))), moved);
      numeric.forEach((flat, i) => {
        let rest = flat;
        const index: number[] = [];
        for (let a = 4; a >= 0; a--) {
          index[a] = rest % shape[a]!;
          rest = Math.floor(rest / shape[a]!);
        }
        if (flipped) index[axis] = shape[axis]! - 1 - index[axis]!;
        numeric[i] = permute(index).reduce((f, n, a) => f * moved[a]! + n, 0);
      });
    }
    for (let i = 0; i < size; i++) {
      const value = valueOf(symbolic, new Map([["i", i]]));
      assert.equal(value, numeric[i], symbolic.key);
      assert.ok(value >= symbolic.lo && value <= symbolic.hi, `${symbolic.key} is ${value}`);
    }
  }
});

Deno.test("quotients and remainders of sums of several variables have their values", () => {
  const random = new Random(3);
  for (let trial = 0; trial < 2000; trial++) {
    const ranges = [random.integer(1, 6), random.integer(1, 6)];
    const [a, b] = ranges.map((n, i) => ix.variable(`v${i}`, 0, n - 1));
    const terms = [
      ix.scale(a!, random.integer(1, 12)),
      ix.scale(b!, random.integer(1, 12)),
      ix.constant(random.integer(0, 9)),
    ];
    const [first, second] = [random.integer(1, 12), random.integer(1, 12)];
    const combine = (x: ix.Ix): ix.Ix => random.chance(0.5) ? ix.div(x, first) : ix.mod(x, first);
    const plain = ix.add(ix.add(terms[0]!, terms[1]!), terms[2]!);
    const inner = combine(plain);
    const outer = random.chance(0.5) ? ix.div(inner, second) : ix.mod(ix.add(inner, a!), second);
    const joined = ix.add(ix.scale(ix.div(plain, first), first), ix.mod(plain, first));
    assert.equal(joined.key, plain.key);
    for (let p = 0; p < ranges[0]!; p++) {
      for (let q = 0; q < ranges[1]!; q++) {
        const at = new Map([["v0", p], ["v1", q]]);
        const value = valueOf(plain, at);
        assert.equal(valueOf(ix.div(plain, first), at), Math.floor(value / first));
        assert.equal(valueOf(ix.mod(plain, first), at), value % first);
        assert.ok(valueOf(outer, at) >= outer.lo && valueOf(outer, at) <= outer.hi);
      }
    }
  }
});
