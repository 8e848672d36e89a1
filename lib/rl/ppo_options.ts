/** What multi-agent PPO may be told. */

import { anything, having, type Kind } from "../graph/kinds.ts";
import type { Schedule } from "../optim/schedule.ts";
import { checkOptions, onPolicyKinds, type OnPolicyOptions, onPolicyRanges } from "./on_policy_options.ts";

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

/** What options there are. Of which kind and in which range numbers and texts are is said by {@linkcode checkPPOOptions}. */
export const ppoOptions: Kind = having(
  "the options of PPO by name,",
  {},
  {
    ...onPolicyKinds,
    algorithm: anything,
    numEpochs: anything,
    maxGradNorm: anything,
    clipEpsilon: anything,
    entropyEps: anything,
    entropySchedule: anything,
    clipValue: anything,
    targetKl: anything,
  } satisfies Record<keyof PPOOptions, Kind>,
);

const rules = {
  algorithm: "PPO",
  schedules: ["lrSchedule", "entropySchedule"],
  ranges: {
    ...onPolicyRanges,
    numEpochs: { whole: true, least: 1 },
    maxGradNorm: { least: 0, aboveLeast: true },
    clipEpsilon: { least: 0, aboveLeast: true },
    entropyEps: { least: 0 },
    clipValue: { least: 0, mayLack: true },
    targetKl: { least: 0, mayLack: true },
  },
} as const;

/** Throws a RangeError at the first option that cannot be; a notebook checks no types. */
export function checkPPOOptions(options: PPOOptions): void {
  const { algorithm } = options;
  if (algorithm !== "mappo" && algorithm !== "ippo") {
    throw new RangeError(`PPO: algorithm is "mappo" or "ippo", not ${JSON.stringify(algorithm)}.`);
  }
  checkOptions(options, rules);
}
