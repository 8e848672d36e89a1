/** What a {@linkcode SwarmTrainer} may be told: what PPO may, and how the fusion learns. */

import { count, type Kind } from "../../graph/kinds.ts";
import { checkOptions, notNegative, optionsKind } from "../on_policy_options.ts";
import { ppoJudged } from "../ppo_options.ts";
import type { SwarmTrainerOptions } from "./swarm_learner.ts";

const judged = {
  ...ppoJudged,
  ...{ flights: count(1), trustHorizon: count(1), trustEpochs: count(1), trustUpdates: count(0) },
  ...{ trustLr: notNegative, trustSteadiness: notNegative, errorCap: notNegative },
} satisfies Partial<Record<keyof SwarmTrainerOptions, Kind>>;

/** What options there are. */
export const swarmOptions: Kind = optionsKind("SwarmTrainer", judged);

/** Throws a RangeError at the first option that cannot be, or at all that are missing. */
export function checkSwarmOptions(options: SwarmTrainerOptions): void {
  checkOptions("SwarmTrainer", options, judged, "--scenario-name spoofed_swarm ");
}
