/** Learning rates that change over a run. */

import { signature } from "../graph/arguments.ts";
import { number, oneOf } from "../graph/kinds.ts";

/** How the learning rate changes. */
export const schedules = ["constant", "linear", "cosine"] as const;

/** One of {@linkcode schedules}. */
export type Schedule = typeof schedules[number];

const takesShare = signature("rateLeft()", { schedule: oneOf(...schedules), done: number, total: number });

/**
 * The share of the first learning rate that is left when `done` of `total` iterations are over: 1 at the start and, unless it
 * is constant, 0 at the end. As torch's `LinearLR(start_factor=1, end_factor=0, total_iters=total)` and
 * `CosineAnnealingLR(T_max=total)`.
 *
 * @example
 * ```ts
 * import { rateLeft } from "@plumbline/plumbline";
 *
 * console.log(rateLeft("linear", 5, 20)); // 0.75
 * ```
 */
export function rateLeft(schedule: Schedule, done: number, total: number): number {
  takesShare(arguments);
  const share = Math.min(1, done / total);
  switch (schedule) {
    case "constant":
      return 1;
    case "linear":
      return 1 - share;
    case "cosine":
      return (1 + Math.cos(Math.PI * share)) / 2;
  }
}
