/** TRPO as an algorithm of systems. */

import { TRPOTrainer } from "../../rl/trpo_trainer.ts";
import { isHostWorld } from "../../worlds/host/world.ts";
import { called, integer, positive, real, toggle, type ValuesOf } from "../option.ts";
import { counted } from "../text.ts";
import type { Algorithm } from "./algorithm.ts";
import { adamRows, advantageRows, batchRows, networkRows, onPolicyAlgorithm } from "./on_policy.ts";

/** The settings of TRPO with their defaults: those of sb3-contrib, but for Fisher's matrix, which is that of the report. */
export const trpoSettings = {
  ...networkRows,
  centralisedCritic: toggle(false, "the critic of an agent sees all agents"),
  ...batchRows,
  targetKl: called(
    ["kl", "maxKl"],
    positive(1e6, 0.01, "the KL divergence of a step stays below this"),
  ),
  cgMaxSteps: called(
    ["cgIters", "cgSteps"],
    integer(1, 1000, 10, "steps of conjugate gradients"),
  ),
  cgDamping: called(["damping"], real(0, 1e6, 0.1, "added to the diagonal of Fisher's matrix")),
  subSamplingFactor: integer(1, 10_000, 5, "Fisher's matrix is that of every so many frames"),
  lineSearchShrinkingFactor: called(
    ["backtrackCoeff"],
    real(0.01, 0.99, 0.8, "what is left of a refused step at the next try"),
  ),
  lineSearchMaxIter: called(
    ["backtrackIters", "maxBacktracks"],
    integer(1, 100, 10, "steps that are tried; if none is good the policy stays"),
  ),
  nCriticUpdates: called(
    ["vfIters", "valueIters", "trainVIters"],
    integer(1, 10_000, 10, "passes of the critic over a batch"),
  ),
  ...adamRows,
  lr: { ...adamRows.lr, initial: 1e-3, help: "learning rate of the critic's Adam" },
  ...advantageRows,
  lmbda: { ...advantageRows.lmbda, initial: 0.95 },
  normalizeAdvantages: { ...advantageRows.normalizeAdvantages, initial: true },
};

/** The settings of TRPO. */
export type TRPOSettings = ValuesOf<typeof trpoSettings>;

/** TRPO. */
export function trpo(help: string): Algorithm {
  return onPolicyAlgorithm<TRPOSettings>({
    help,
    settings: trpoSettings,
    beside: { KL: "train/kl" },
    learns: ({ targetKl, nCriticUpdates }, minibatches) =>
      `a step of the policy of KL at most ${targetKl}, ${counted(nCriticUpdates, "epoch")} of the critic of ` +
      counted(minibatches, "minibatch", "es"),
    create: (world, options) =>
      isHostWorld(world) ? TRPOTrainer.create(world, options) : TRPOTrainer.create(world, options),
  });
}
