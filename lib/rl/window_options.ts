/** What trainers may be told that learn by the gradient of a world, in windows of its steps. */

import { anything, count, type Kind, kindOf, optional } from "../graph/kinds.ts";
import type { Environment } from "../worlds/environment.ts";
import { checkOptions, notNegative, type OptionKinds, optionsKind, positive, schedule } from "./on_policy_options.ts";
import type { PaceOptions } from "./policy_trainer.ts";

/** Settings of all trainers that learn by the gradient of a world. */
export interface WindowOptions extends PaceOptions {
  /** Environments side by side. */
  readonly envs: number;
  /** Steps through which a gradient flows back; the next window goes on from where the last one ended. 1 or more. */
  readonly horizon: number;
  /** Windows in an iteration, an update after each: 1 unless told otherwise. */
  readonly windows?: number;
  /** The norm to which gradients are clipped. */
  readonly maxGradNorm: number;
  /** Units in each of the two hidden layers; 256 unless told otherwise. */
  readonly hiddenSize?: number;
  /** An integer in [0, 2^53): the same seed gives the same run. */
  readonly seed: number;
}

const windowJudged = {
  envs: count(1),
  horizon: count(1),
  windows: optional(count(1)),
  lr: notNegative,
  lrSchedule: schedule,
  nIters: optional(count(1)),
  maxGradNorm: positive,
  hiddenSize: optional(count(1)),
};

/** What an algorithm takes that has options of its own beside those of all. */
export function windowOptions(algorithm: string, own: OptionKinds = {}): Kind {
  return optionsKind(algorithm, { ...windowJudged, ...own }, { seed: anything });
}

/** Throws a RangeError at the first option that cannot be. */
export function checkWindowOptions(algorithm: string, options: WindowOptions, own: OptionKinds = {}): void {
  const flags = `--scenario-name vehicle --algorithm ${algorithm.toLowerCase()} `;
  checkOptions(algorithm, options as never, { ...windowJudged, ...own }, flags);
}

/** Throws a RangeError if the actions of a world have no gradient. */
export function refuseChoices(algorithm: string, { name, actionKind }: Environment): void {
  if (actionKind === "continuous") return;
  throw new RangeError(
    `${algorithm}: the actions of ${name} are choices, which have no gradient: let PPO learn them.`,
  );
}

/** A number from 0 to 1. */
export const share: Kind = kindOf(
  "a number of at least 0 and at most 1",
  (x) => Number.isFinite(x) && Number(x) >= 0 && Number(x) <= 1,
);
