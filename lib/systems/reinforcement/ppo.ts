/** PPO as an algorithm of systems. */

import type { PPOOptions } from "../../rl/ppo_options.ts";
import { PPOTrainer } from "../../rl/ppo_trainer.ts";
import { isHostWorld } from "../../worlds/host/world.ts";
import { called, integer, needing, positive, real, type ValuesOf } from "../option.ts";
import { counted } from "../text.ts";
import type { Algorithm } from "./algorithm.ts";
import { adamRows, advantageRows, batchRows, networkRows, onPolicyAlgorithm, schedule } from "./on_policy.ts";

export { type Batch, batchOf, minibatchesOf } from "./on_policy.ts";

/** The settings of PPO with their defaults, which are those of navigation. */
export const ppoSettings = {
  ...networkRows,
  ...batchRows,
  numEpochs: called(
    ["epochs", "nEpochs", "updateEpochs"],
    integer(1, 10_000, 30, "passes over a batch"),
  ),
  ...adamRows,
  maxGradNorm: called(
    ["gradClip", "gradNormClip", "clipGradNorm"],
    positive(1e9, 1, "norm to which gradients are clipped"),
  ),
  clipEpsilon: called(
    ["clip", "clipCoef", "clipRange", "clipParam", "clipRatio"],
    positive(1, 0.2, "how far the ratio of probabilities may move"),
  ),
  entropyEps: called(
    ["entropy", "entCoef", "entropyCoef", "entropyCoeff", "entropyBonus"],
    real(0, 100, 1e-4, "weight of the entropy bonus"),
  ),
  entropySchedule: needing(
    "an --entropy-eps above 0",
    ({ entropyEps, entropySchedule }) => entropySchedule === "constant" || Number(entropyEps) > 0,
    schedule("how that falls to 0 over the iterations"),
  ),
  ...advantageRows,
  clipValue: called(
    ["clipRangeVf", "clipVloss", "vfClipParam"],
    real(0, 1e6, 0, "how far a value may move in an iteration; 0: freely"),
  ),
  targetKl: called(
    ["kl", "maxKl"],
    real(0, 1e6, 0, "no further epoch after one with a larger KL; 0: all epochs"),
  ),
};

/** The settings of PPO. */
export type PPOSettings = ValuesOf<typeof ppoSettings>;

/** PPO; `critic` says whether its critic sees all agents (`mappo`) or its own (`ippo`). */
export function ppo(critic: PPOOptions["algorithm"], help: string): Algorithm {
  return onPolicyAlgorithm<PPOSettings>({
    help,
    settings: ppoSettings,
    beside: { KL: "train/approx_kl" },
    endsWith: ({ entropySchedule }) =>
      entropySchedule === "constant" ? null : `the ${entropySchedule} schedule of the entropy bonus`,
    learns: ({ numEpochs }, minibatches) =>
      `${counted(numEpochs, "epoch")} of ${counted(minibatches, "minibatch", "es")}`,
    create(world, settings) {
      const options = { ...settings, algorithm: critic };
      return isHostWorld(world) ? PPOTrainer.create(world, options) : PPOTrainer.create(world, options);
    },
  });
}
