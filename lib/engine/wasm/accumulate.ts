/** What a reduction keeps while it goes through its values, and the loops of sums of sums. */

import type { ReduceNode } from "../fused/draft.ts";
import type { DType } from "../../graph/types.ts";
import type { Code, Instruction } from "./encoder.ts";
import type { Scope } from "./scope.ts";

/** The accumulator of a reduction: four lanes, each of its own result or of its own part of one. */
export interface Accumulator {
  readonly node: ReduceNode;
  /** The type of what is compared or added. */
  readonly dtype: DType;
  readonly local: number;
  /** argmax: the local with the index of what is in `local`. */
  readonly places: number | null;
}

const startBits = {
  sum: { float32: 0, int32: 0 },
  max: { float32: 0xff800000, int32: -0x80000000 },
  argmax: { float32: 0xff800000, int32: -0x80000000 },
  min: { float32: 0x7f800000, int32: 0x7fffffff },
} as const;

const joins: Record<"sum" | "max" | "min", Record<"float32" | "int32", Instruction>> = {
  sum: { float32: "f32x4.add", int32: "i32x4.add" },
  max: { float32: "f32x4.max", int32: "i32x4.max_s" },
  min: { float32: "f32x4.min", int32: "i32x4.min_s" },
};

/** The bits of what changes nothing. */
export function neutralBits({ node, dtype }: Accumulator): number {
  return startBits[node.op][dtype as "float32"];
}

/** An accumulator that holds nothing yet. */
export function startAccumulator(node: ReduceNode, { code }: Scope): Accumulator {
  const local = code.local("v128");
  const places = node.op === "argmax" ? code.local("v128") : null;
  const accumulator: Accumulator = { node, dtype: node.inputs[0]!.dtype, local, places };
  code.i32x4(neutralBits(accumulator)).set(local);
  if (places !== null) code.i32x4(0x7fffffff).set(places);
  return accumulator;
}

/** Joins a value (and for argmax its index) to an accumulator. */
export function join(accumulator: Accumulator, value: number, index: number | null, code: Code): void {
  const { node, dtype, local } = accumulator;
  if (node.op === "argmax") joinPlace(accumulator, value, index!, code);
  else code.get(local).get(value).op(joins[node.op][dtype as "float32"]).set(local);
}

/** A NaN counts as the largest, as in PyTorch; among equals the first wins, whatever the order of joining. */
function joinPlace({ dtype, local, places }: Accumulator, value: number, index: number, code: Code): void {
  const [wins, equal] = [code.local("v128"), code.local("v128")];
  if (dtype === "float32") {
    const [isNew, isOld] = [code.local("v128"), code.local("v128")];
    code.get(value).get(value).op("f32x4.ne").set(isNew).get(local).get(local).op("f32x4.ne").set(isOld);
    code.get(value).get(local).op("f32x4.gt").get(isNew).op("v128.or").get(isOld).op("v128.andnot").set(wins);
    code.get(value).get(local).op("f32x4.eq").get(isNew).get(isOld).ops("v128.and", "v128.or").set(equal);
  } else {
    code.get(value).get(local).op("i32x4.gt_s").set(wins).get(value).get(local).op("i32x4.eq").set(equal);
  }
  code.get(index).get(places!).op("i32x4.lt_s").get(equal).op("v128.and").get(wins).op("v128.or").set(wins);
  code.get(value).get(local).get(wins).op("v128.bitselect").set(local);
  code.get(index).get(places!).get(wins).op("v128.bitselect").set(places!);
}

/** Lanes that are joined with each other, in turn. */
const exchanges: readonly (readonly [number, number, number, number])[] = [[2, 3, 0, 1], [1, 0, 3, 2]];

/** Joins the lanes of an accumulator: all four are the result then. */
export function joinLanes(accumulator: Accumulator, code: Code): void {
  const { local, places } = accumulator;
  for (const order of exchanges) {
    const other = code.local("v128");
    code.get(local).get(local).lanes(...order).set(other);
    let place: number | null = null;
    if (places !== null) code.get(places).get(places).lanes(...order).set(place = code.local("v128"));
    join(accumulator, other, place, code);
  }
}

/** The most additions in a row: of more, the rounding errors of equal numbers add up to a drift. */
const mostInRow = 8;

const isDrifting = ({ node, dtype }: Accumulator): boolean => node.op === "sum" && dtype === "float32";

/**
 * Appends `turns` turns of `body`, which joins to what `inner` gives for an accumulator; `counter` counts them. Where many
 * numbers are summed these are loops in loops, for sums of sums of a few.
 */
export function sumOfSums(
  accumulators: readonly Accumulator[],
  turns: number,
  counter: number,
  code: Code,
  body: (inner: (accumulator: Accumulator) => Accumulator, code: Code) => void,
): void {
  const sums = accumulators.filter(isDrifting).map((a) => a.local);
  const of = (inner: (sum: number) => number) => (a: Accumulator): Accumulator => ({ ...a, local: inner(a.local) });
  inRuns(sums, turns, mostInRow, counter, code, (inner, code) => body(of(inner), code));
}

/**
 * Appends `turns` turns of `body`, which adds to what `inner` gives for each of `sums` (float32; it gives back other locals as they
 * are), no more than `most` times in a row.
 */
export function inRuns(
  sums: readonly number[],
  turns: number,
  most: number,
  counter: number,
  code: Code,
  body: (inner: (local: number) => number, code: Code) => void,
): void {
  const depth = sums.length === 0 ? 1 : Math.max(1, Math.ceil(Math.log(turns) / Math.log(most)));
  const each = Math.max(2, Math.ceil(turns ** (1 / depth)));
  if (turns === 0) return;
  const levels = Array.from({ length: depth - 1 }, () => new Map(sums.map((sum) => [sum, code.local("v128")])));
  const at = (sum: number, level: number): number => levels[level]?.get(sum) ?? sum;
  const loop = (level: number, end: number): void => {
    code.loop(() => {
      if (level === 0) {
        body((sum) => at(sum, 0), code);
        code.get(counter).i32(1).op("i32.add").set(counter);
      } else {
        for (const sum of sums) code.f32x4(0).set(at(sum, level - 1));
        const inner = code.local("i32");
        code.get(counter).i32(each ** level).op("i32.add").tee(inner).get(end).get(inner).get(end);
        code.ops("i32.lt_s", "select").set(inner);
        loop(level - 1, inner);
        for (const sum of sums) code.get(at(sum, level)).get(at(sum, level - 1)).op("f32x4.add").set(at(sum, level));
      }
      code.get(counter).get(end).op("i32.lt_s").op("br_if", 0);
    });
  };
  const end = code.local("i32");
  code.i32(turns).set(end).i32(0).set(counter);
  loop(depth - 1, end);
}
