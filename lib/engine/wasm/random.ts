/**
 * Random bits. A block of Threefry has two words, so four blocks make eight numbers: two vectors that lie side by side share what
 * one of them would take.
 */

import { add, constant, type Ix } from "../fused/ix.ts";
import type { Need } from "./calls.ts";
import { pushIndex } from "./index.ts";
import { type LaneIndex, patternOf } from "./lanes.ts";
import { type Known, Scope } from "./scope.ts";

/** Blocks that are made together, and of which each lane takes which word. */
interface Group {
  /** The first of four. */
  readonly first: Ix;
  /** For each lane: 0 to 3 the first words, 4 to 7 the second ones. */
  readonly places: readonly [number, number, number, number];
}

/** Where blocks and words lie in fours, whatever the loops' counters are; null where they do not. */
export function groupOf(blocks: LaneIndex, words: LaneIndex): Group | null {
  const pattern = patternOf(blocks);
  if (!pattern || words.some((x) => x.terms.length > 0)) return null;
  const { start, deltas, span } = pattern;
  const before = ((start.offset % 4) + 4) % 4;
  if (before + span > 3 || start.terms.some((x) => x.factor % 4 !== 0)) return null;
  const places = deltas.map((n, lane) => before + n + 4 * words[lane]!.offset);
  return { first: add(start, constant(-before)), places: places as unknown as Group["places"] };
}

/** The words of a group in the lanes, with a key of two words. */
export function groupWords(group: Group, keys: readonly [Known, Known], scope: Scope, need: Need): Known {
  const [a, b] = keys;
  const home = [a.home, b.home].reduce(Scope.inner, scope.homeOf(group.first));
  const key = `threefry ${a.local},${b.local}:${group.first.key}`;
  let first = scope.find(`${key} 0`), second = scope.find(`${key} 1`);
  if (!first || !second) {
    const { code } = home;
    const [x, y] = [code.local("v128"), code.local("v128")];
    code.get(a.local).get(b.local);
    pushIndex(group.first, home, code);
    code.op("i32x4.splat").i32x4(0, 1, 2, 3).op("i32x4.add").op("call", need("threefryBlocks")).set(y).set(x);
    [first, second] = [home.name(`${key} 0`, x), home.name(`${key} 1`, y)];
  }
  const [x, y] = [first.local, second.local];
  return home.make(`${key} of ${group.places}`, "v128", new Set(group.places).size === 1, (code) => {
    code.get(x).get(y).lanes(...group.places);
  });
}
