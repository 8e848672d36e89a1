/** Functions of whole numbers. */

import { Doubles, type Integers, type Vector } from "./value.ts";
import type { Formula, Helper } from "./helper.ts";

/** The whole numbers below 2^51 that `x` holds, as the lower bits of float64. */
const fixed = (x: Doubles): Doubles => x.add(1.5 * 2 ** 52);

/**
 * The quotient of int32, truncated. That of float64 is never rounded up to a whole number that the exact one is below. What does
 * not fit wraps, and the infinity and NaN of a division by 0 have lower bits of 0.
 */
function divide(a: Integers, b: Integers): Integers {
  return Doubles.lowBits(fixed(a.low().div(b.low()).trunc()), fixed(a.high().div(b.high()).trunc()));
}

/** Threefry-2x32 of 20 rounds, whose key is (k0, k1) and whose counter is (block, 0): see graph/threefry.ts. */
function threefry(k0: Integers, k1: Integers, block: Integers): readonly [Integers, Integers] {
  const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
  const keys = [k0, k1, k0.xor(k1).xor(0x1bd11bda)];
  let [x, y] = [block.add(k0), k1];
  for (let group = 0; group < 5; group++) {
    for (const places of rotations[group % 2]!) {
      x = x.add(y);
      y = y.round(places).xor(x);
    }
    x = x.add(keys[(group + 1) % 3]!);
    y = y.add(keys[(group + 2) % 3]!).add(group + 1);
  }
  return [x, y];
}

/** A shift of each lane by its own places: by those of the first at once, where they are the same. */
function shift(x: Integers, places: Integers, by: "upBy" | "downBy"): Formula {
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => x[by](places, lane)) as [Integers, Integers, Integers, Integers];
  const first = places.lanes(places, 0, 0, 0, 0).bits();
  const value = a.lanes(b, 0, 5, 0, 5).lanes(c.lanes(d, 2, 7, 2, 7), 0, 1, 4, 5);
  return { result: a, rare: { where: places.equal(first).not(), value } };
}

const bits = (x: Vector | undefined): Integers => x!.bits();

/** The helper functions of this file. */
export const integers = {
  divide: { arity: 2, formula: (a, b) => ({ result: divide(bits(a), bits(b)) }) },
  shiftLeft: { arity: 2, formula: (x, places) => shift(bits(x), bits(places), "upBy") },
  shiftRight: { arity: 2, formula: (x, places) => shift(bits(x), bits(places), "downBy") },
  threefry: {
    arity: 4,
    formula: (k0, k1, block, word) => {
      const [x, y] = threefry(bits(k0), bits(k1), bits(block));
      return { result: bits(word).equal(1).choose(y, x) };
    },
  },
  /** Both words of each block. */
  threefryBlocks: {
    arity: 3,
    formula: (k0, k1, block) => {
      const [result, second] = threefry(bits(k0), bits(k1), bits(block));
      return { result, second };
    },
  },
} satisfies Record<string, Helper>;
