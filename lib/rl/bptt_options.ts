/** What backpropagation through a rollout may be told. */

import type { Schedule } from "../optim/schedule.ts";
import { checkOptions, notNegative, optionsKind, positive, schedule } from "./on_policy_options.ts";
import { anything, count, type Kind, optional } from "../graph/kinds.ts";

/** Options of {@linkcode BPTTTrainer}. */
export interface BPTTOptions {
  /** Environments side by side. */
  readonly envs: number;
  /** Steps through which a gradient flows back; the next window goes on from where the last one ended. 1 or more. */
  readonly horizon: number;
  /** Windows in an iteration, an update after each: 1 unless told otherwise. */
  readonly windows?: number;
  /** The learning rate of Adam, at least 0. */
  readonly lr: number;
  /** Constant unless told otherwise. Otherwise the rate falls to 0 over `nIters` iterations. */
  readonly lrSchedule?: Schedule;
  /** The iterations of the whole run: for schedules. */
  readonly nIters?: number;
  /** The norm to which gradients are clipped. */
  readonly maxGradNorm: number;
  /** Units in each of the two hidden layers; 256 unless told otherwise. */
  readonly hiddenSize?: number;
  /** An integer in [0, 2^53): the same seed gives the same run. */
  readonly seed: number;
}

const judged = {
  envs: count(1),
  horizon: count(1),
  windows: optional(count(1)),
  lr: notNegative,
  lrSchedule: schedule,
  nIters: optional(count(1)),
  maxGradNorm: positive,
  hiddenSize: optional(count(1)),
};

/** What `BPTTTrainer.create()` takes. */
export const bpttOptions: Kind = optionsKind("BPTT", judged, { seed: anything });

/** Throws a RangeError at the first option that cannot be. */
export function checkBPTTOptions(options: BPTTOptions): void {
  checkOptions("BPTT", options as never, judged, "--scenario-name vehicle --algorithm bptt ");
}
