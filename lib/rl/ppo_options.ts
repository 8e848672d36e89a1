/** What multi-agent PPO may be told. */

import { count, type Kind, oneOf, optional } from "../graph/kinds.ts";
import type { Schedule } from "../optim/schedule.ts";
import {
  checkOptions,
  notNegative,
  onPolicyJudged,
  type OnPolicyOptions,
  optionsKind,
  positive,
  schedule,
} from "./on_policy_options.ts";

/** Settings of multi-agent PPO. */
export interface PPOOptions extends OnPolicyOptions {
  /** `mappo`: a critic that sees all agents. `ippo`: a critic that sees one. */
  readonly algorithm: "mappo" | "ippo";
  /** Passes over the batch in an iteration. */
  readonly numEpochs: number;
  /** The gradients of policy and critic together are clipped to this Euclidean norm, above 0. */
  readonly maxGradNorm: number;
  /** The ratio of probabilities is clipped to 1 +- this. */
  readonly clipEpsilon: number;
  /** The weight of the entropy bonus, at least 0. */
  readonly entropyEps: number;
  /** Constant unless told otherwise. Otherwise the weight of the entropy falls to 0 over `nIters` iterations. */
  readonly entropySchedule?: Schedule;
  /** How far a value may move in an iteration and still improve the loss, in the critic's own units; 0 (the default): freely. */
  readonly clipValue?: number;
  /** No further epoch begins after one in which the mean of the approximate KL was above this; 0 (the default): all do. */
  readonly targetKl?: number;
}

/** The numbers and words of PPO. */
export const ppoJudged = {
  algorithm: oneOf("mappo", "ippo"),
  ...onPolicyJudged,
  numEpochs: count(1),
  maxGradNorm: positive,
  clipEpsilon: positive,
  entropyEps: notNegative,
  entropySchedule: schedule,
  clipValue: optional(notNegative),
  targetKl: optional(notNegative),
} satisfies Partial<Record<keyof PPOOptions, Kind>>;

/** What options there are. Numbers and words are judged by {@linkcode checkPPOOptions}. */
export const ppoOptions: Kind = optionsKind("PPO", ppoJudged);

/** Throws a RangeError at the first option that cannot be, or at all that are missing; a notebook checks no types. */
export function checkPPOOptions(options: PPOOptions): void {
  checkOptions("PPO", options, ppoJudged, "");
}
