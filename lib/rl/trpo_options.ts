/** What TRPO may be told. */

import { count, type Kind, kindOf, optional } from "../graph/kinds.ts";
import {
  checkOptions,
  notNegative,
  onPolicyJudged,
  type OnPolicyOptions,
  optionsKind,
  positive,
  toggle,
} from "./on_policy_options.ts";
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

const factor = kindOf("a number above 0 and below 1", (x) => positive.accepts(x) && Number(x) < 1);

const judged = {
  ...onPolicyJudged,
  targetKl: optional(positive),
  cgMaxSteps: optional(count(1)),
  cgDamping: optional(notNegative),
  lineSearchShrinkingFactor: optional(factor),
  lineSearchMaxIter: optional(count(1)),
  subSamplingFactor: optional(count(1)),
  nCriticUpdates: count(1),
} satisfies Partial<Record<keyof TRPOOptions, Kind>>;

/** What options there are. Numbers and words are judged by {@linkcode checkTRPOOptions}. */
export const trpoOptions: Kind = optionsKind("TRPO", judged, { centralisedCritic: toggle });

/** Throws a RangeError at the first option that cannot be, or at all that are missing; a notebook checks no types. */
export function checkTRPOOptions(options: TRPOOptions): void {
  checkOptions("TRPO", options, judged, "--algorithm trpo ");
}
