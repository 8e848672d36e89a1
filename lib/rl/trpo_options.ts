/** What TRPO may be told. */

import { anything, having, type Kind } from "../graph/kinds.ts";
import { checkOptions, onPolicyKinds, type OnPolicyOptions, onPolicyRanges, toggled } from "./on_policy_options.ts";
import type { TrustRegionOptions } from "./trpo.ts";

/** Settings of TRPO, by the names of sb3-contrib where it has them. Adam, its rate and minibatches are those of the critic. */
export interface TRPOOptions extends OnPolicyOptions, TrustRegionOptions {
  /** Whether the critic of an agent sees all agents. Not by default. */
  readonly centralisedCritic?: boolean;
  /** Fisher's matrix is that of every so many frames (or sequences, where networks remember) of the batch; 5 unless told otherwise. */
  readonly subSamplingFactor?: number;
  /** Passes of the critic over the batch in an iteration. */
  readonly nCriticUpdates: number;
}

/** What options there are. Of which kind and in which range numbers and texts are is said by {@linkcode checkTRPOOptions}. */
export const trpoOptions: Kind = having(
  "the options of TRPO by name,",
  {},
  {
    ...onPolicyKinds,
    centralisedCritic: toggled,
    targetKl: anything,
    cgMaxSteps: anything,
    cgDamping: anything,
    lineSearchShrinkingFactor: anything,
    lineSearchMaxIter: anything,
    subSamplingFactor: anything,
    nCriticUpdates: anything,
  } satisfies Record<keyof TRPOOptions, Kind>,
);

const rules = {
  algorithm: "TRPO",
  schedules: ["lrSchedule"],
  ranges: {
    ...onPolicyRanges,
    targetKl: { least: 0, aboveLeast: true, mayLack: true },
    cgMaxSteps: { whole: true, least: 1, mayLack: true },
    cgDamping: { least: 0, mayLack: true },
    lineSearchShrinkingFactor: { least: 0, aboveLeast: true, most: 1, belowMost: true, mayLack: true },
    lineSearchMaxIter: { whole: true, least: 1, mayLack: true },
    subSamplingFactor: { whole: true, least: 1, mayLack: true },
    nCriticUpdates: { whole: true, least: 1 },
  },
} as const;

/** Throws a RangeError at the first option that cannot be; a notebook checks no types. */
export function checkTRPOOptions(options: TRPOOptions): void {
  checkOptions(options, rules);
}
