/** A sample in a few numbers. */

import { signature } from "../graph/arguments.ts";
import { either, having, kindOf, listOf, number } from "../graph/kinds.ts";

/** What a sample says. */
export interface Summary {
  /** How many values there are. */
  readonly count: number;
  /** Their arithmetic mean. */
  readonly mean: number;
  /** The sample's standard deviation, by n - 1; NaN for one value. */
  readonly deviation: number;
  /** The smallest; NaN if one is NaN. */
  readonly min: number;
  /** The largest; NaN if one is NaN. */
  readonly max: number;
}

const takesSample = signature("summarise()", {
  values: either(listOf(number, "a list of numbers"), kindOf("a typed array", ArrayBuffer.isView)),
});

/**
 * Mean, spread and limits of `values`, of which there is at least one.
 *
 * @example
 * ```ts
 * import { interval95, summarise } from "@plumbline/plumbline";
 *
 * const seeds = summarise([2.4, 2.2, 2.3]);
 * console.log(seeds.mean, seeds.deviation, interval95(seeds)); // about 2.3, 0.1, [2.05, 2.55]
 * ```
 */
export function summarise(values: ArrayLike<number>): Summary {
  takesSample(arguments);
  const list = Array.from(values);
  const count = list.length;
  const mean = list.reduce((sum, x) => sum + x, 0) / count;
  const squares = list.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  // Math.min(...list) takes no more numbers than fit on the stack.
  const min = list.reduce((a, b) => Math.min(a, b), Infinity);
  const max = list.reduce((a, b) => Math.max(a, b), -Infinity);
  return { count, mean, deviation: Math.sqrt(squares / (count - 1)), min, max };
}

const takesSummary = signature("interval95()", {
  summary: having("what summarise() gives", { count: number, mean: number, deviation: number }),
});

/**
 * The 95% confidence interval of the mean by Student's t distribution with n - 1 degrees of freedom: mean +- t s / sqrt(n).
 * Null for one value, which says nothing about the spread.
 */
export function interval95(summary: Summary): readonly [low: number, high: number] | null {
  takesSummary(arguments);
  const { count, mean, deviation } = summary;
  if (count < 2) return null;
  const half = studentQuantile(count - 1) * deviation / Math.sqrt(count);
  return [mean - half, mean + half];
}

/** The 97.5% quantile of the standard normal distribution. */
const z = 1.959963984540054;

/**
 * The 97.5% quantile of Student's t: in closed form for 1 and 2 degrees of freedom, else by the expansion 26.7.5 of
 * Abramowitz and Stegun (1964), which is off by less than 0.0025 of it.
 */
export function studentQuantile(freedom: number): number {
  if (freedom === 1) return Math.tan(0.475 * Math.PI);
  if (freedom === 2) return 0.95 / Math.sqrt(2 * 0.975 * 0.025);
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / freedom ** (i + 1), z);
}
