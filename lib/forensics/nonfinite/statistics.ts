/** What a person wants to know of many numbers in one line. */

import type { TypedArray } from "../../graph/types.ts";
import { shortNumber } from "../flow/label.ts";

/** Of the finite numbers of a value the range and mean; of all of them the shares of special ones, in [0, 1]. */
export interface Statistics {
  /** NaN where nothing is finite; so are `max` and `mean`. */
  readonly min: number;
  /** The largest finite number. */
  readonly max: number;
  /** The mean of the finite numbers. */
  readonly mean: number;
  /** The share of zeros. */
  readonly zeros: number;
  /** The share of NaN. */
  readonly nan: number;
  /** The share of infinities of either sign. */
  readonly infinite: number;
}

/** The statistics of a value. */
export function statisticsOf(data: TypedArray): Statistics {
  let [min, max, sum, zeros, nan, infinite] = [Infinity, -Infinity, 0, 0, 0, 0];
  for (const x of data) {
    if (x !== x) nan++;
    else if (Math.abs(x) === Infinity) infinite++;
    else {
      min = Math.min(min, x);
      max = Math.max(max, x);
      sum += x;
      if (x === 0) zeros++;
    }
  }
  const finite = data.length - nan - infinite;
  const share = (count: number): number => data.length === 0 ? 0 : count / data.length;
  return {
    min: finite === 0 ? NaN : min,
    max: finite === 0 ? NaN : max,
    mean: finite === 0 ? NaN : sum / finite,
    zeros: share(zeros),
    nan: share(nan),
    infinite: share(infinite),
  };
}

/** `min -1.5, max 3, mean 0.2, zeros 25%, NaN 33.3%`. */
export function statisticsText({ min, max, mean, zeros, nan, infinite }: Statistics): string {
  const percent = (x: number): string => x > 0 && x < 0.001 ? "<0.1%" : `${Number((100 * x).toFixed(1))}%`;
  const range = Number.isNaN(min)
    ? ["no finite number"]
    : [`min ${shortNumber(min)}`, `max ${shortNumber(max)}`, `mean ${shortNumber(mean)}`];
  const shares = ([["zeros", zeros], ["NaN", nan], ["infinite", infinite]] as const).filter(([, x]) => x > 0);
  return [...range, ...shares.map(([name, x]) => `${name} ${percent(x)}`)].join(", ");
}
