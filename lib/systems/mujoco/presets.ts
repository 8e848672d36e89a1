/** The settings of PPO for bodies: those of CleanRL's `ppo_continuous_action.py` (Huang et al. 2022) where there are such. */

import type { MujocoName } from "../../worlds/mujoco/world.ts";
import type { CommonConfig, Settings } from "../settings.ts";
import type { PPOSettings } from "../reinforcement/ppo.ts";

type Preset = Partial<PPOSettings & Pick<CommonConfig, "nIters">>;

const cleanRL: Preset = {
  ...{ hiddenSize: 64, framesPerBatch: 2048, envs: 8, minibatchSize: 64, numEpochs: 10 },
  ...{ lr: 3e-4, lrSchedule: "linear", maxGradNorm: 0.5, clipEpsilon: 0.2, entropyEps: 0, gamma: 0.99, lmbda: 0.95 },
  // CleanRL scales rewards by the deviation of their discounted sum; here the values that are learned are scaled.
  ...{ normalizeObservations: true, normalizeValues: true, normalizeAdvantages: true },
  // 1,000,000 steps.
  nIters: 488,
};

/** The settings of a scenario. */
export function preset(_: MujocoName): Settings {
  return cleanRL;
}
