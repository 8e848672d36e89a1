/** Which elements the four lanes of a vector are, and how such elements are loaded. */

import { add, type Ix, scale, shifted, substitute } from "../fused/ix.ts";

/** An index in each of the four lanes. */
export type LaneIndex = readonly [Ix, Ix, Ix, Ix];

/** A variable of a kernel in the lanes: `base` and `stride` more in each lane. */
export interface Spread {
  readonly base: Ix;
  readonly stride: number;
}

/** The place of four lanes: what the variables of a kernel are there. Lanes from `count` on repeat the one before. */
export interface View {
  readonly spreads: ReadonlyMap<string, Spread>;
  readonly count: number;
}

const known = new WeakMap<View, Map<string, LaneIndex>>();

/** An index in the lanes of a view. */
export function laneIndex(ix: Ix, view: View): LaneIndex {
  let indices = known.get(view);
  if (!indices) known.set(view, indices = new Map());
  let lanes = indices.get(ix.key);
  if (!lanes) indices.set(ix.key, lanes = lanesOf(ix, view));
  return lanes;
}

function lanesOf(ix: Ix, view: View): LaneIndex {
  const stride = strideOf(ix, view);
  if (stride === null) return laneIndexWith(ix, view, () => null);
  const first = substitute(ix, (name) => view.spreads.get(name)?.base ?? null);
  const at = (lane: number): Ix => shifted(first, stride * Math.min(lane, view.count - 1));
  return [first, at(1), at(2), at(3)];
}

/** As {@linkcode laneIndex}; `others` says what further variables are in each lane. */
export function laneIndexWith(
  ix: Ix,
  { spreads, count }: View,
  others: (name: string, lane: number) => Ix | null,
): LaneIndex {
  const at = (lane: number): Ix =>
    substitute(ix, (name) => {
      const spread = spreads.get(name);
      return spread ? shifted(spread.base, spread.stride * lane) : others(name, lane);
    });
  const lanes: Ix[] = [];
  for (let lane = 0; lane < 4; lane++) lanes.push(lane < count ? at(lane) : lanes[count - 1]!);
  return lanes as unknown as LaneIndex;
}

/** How much more an index is in each lane, where it is the same sum but for that; null where it has quotients. */
function strideOf(ix: Ix, { spreads }: View): number | null {
  let stride = 0;
  for (const { atom, factor } of ix.terms) {
    if (atom.kind !== "var") return null;
    stride += factor * (spreads.get(atom.key)?.stride ?? 0);
  }
  return stride;
}

/** A text that tells every two apart. */
export function keyOfLanes(lanes: LaneIndex): string {
  return isUniform(lanes) ? lanes[0].key : lanes.map((x) => x.key).join("|");
}

/** Whether all lanes are the same element. */
export function isUniform([a, b, c, d]: LaneIndex): boolean {
  return a.key === b.key && a.key === c.key && a.key === d.key;
}

/** How far each lane is from the least, if that is known when a program is made. */
export interface Pattern {
  readonly start: Ix;
  readonly deltas: readonly [number, number, number, number];
  /** The greatest of the deltas. */
  readonly span: number;
}

/** a - b, if that is known when a program is made. */
function distanceOf(a: Ix, b: Ix): number | null {
  if (a.terms === b.terms) return a.offset - b.offset;
  const { terms, offset } = add(a, scale(b, -1));
  return terms.length === 0 ? offset : null;
}

/** The pattern of the lanes; null where their distances vary. */
export function patternOf(lanes: LaneIndex): Pattern | null {
  const distances: number[] = [];
  for (const lane of lanes) {
    const distance = distanceOf(lane, lanes[0]);
    if (distance === null) return null;
    distances.push(distance);
  }
  const least = Math.min(...distances);
  const deltas = distances.map((n) => n - least) as [number, number, number, number];
  return { start: shifted(lanes[0], least), deltas, span: Math.max(...deltas) };
}

/** Whether the lanes are neighbours, in order. */
export function isRow({ deltas }: Pattern): boolean {
  return deltas.every((n, i) => n === i);
}
