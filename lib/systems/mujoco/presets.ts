/**
 * The settings of bodies. PPO: CleanRL's `ppo_continuous_action.py` (Huang et al. 2022) where it has such. TRPO: those of
 * sb3-contrib in RL Baselines3 Zoo; for `humanoid3d` those of the report.
 */

import type { ValuesOf } from "../option.ts";
import type { PPOSettings } from "../reinforcement/ppo.ts";
import type { TRPOSettings } from "../reinforcement/trpo.ts";
import type { CommonConfig, Settings } from "../settings.ts";
import type { steps } from "./steps.ts";

type Preset<S> = Partial<S & Pick<CommonConfig, "nIters" | "saveEvery"> & Pick<ValuesOf<typeof steps>, "workers">>;

/** A batch of 2,048 steps, 1,000,000 of them in all. */
const batches = { framesPerBatch: 2048, nIters: 488, hiddenSize: 64, distribution: "clipped" } as const;

/** So few bodies are stepped sooner by the thread that learns than a worker wakes. */
const few = (envs: number) => ({ envs, workers: 0 });

const cleanRL: Preset<PPOSettings> = {
  ...batches,
  ...{ minibatchSize: 64, numEpochs: 10, lr: 3e-4, lrSchedule: "linear", maxGradNorm: 0.5 },
  ...{ clipEpsilon: 0.2, entropyEps: 0, gamma: 0.99, lmbda: 0.95 },
  ...{ normalizeObservations: true, normalizeRewards: true, normalizeAdvantages: true, orthogonalInit: true },
};

const zoo: Preset<TRPOSettings> = {
  ...batches,
  ...{ minibatchSize: 128, nCriticUpdates: 20, lr: 1e-3, cgMaxSteps: 25, subSamplingFactor: 1 },
  ...{ gamma: 0.99, lmbda: 0.95, orthogonalInit: true },
  ...{ normalizeObservations: true, normalizeRewards: true, normalizeAdvantages: true },
};

const report: Preset<TRPOSettings> = {
  ...zoo,
  ...{ orthogonalInit: false, normalizeRewards: false, normalizeValues: true },
  ...{ hiddenSize: 100, envs: 64, nCriticUpdates: 3, cgMaxSteps: 10, subSamplingFactor: 5, gamma: 0.995, lmbda: 0.97 },
};

/** The settings of Gymnasium's bodies. The Zoo lets the cheetah, which never falls, take longer steps. */
export function preset(scenario: string, algorithm: string): Settings {
  if (algorithm !== "trpo") return { ...cleanRL, ...few(1) };
  return { ...zoo, ...few(2), ...scenario === "half_cheetah" && { targetKl: 0.04 } };
}

/** What `humanoid3d` is trained for: to stay on its feet; to walk, by torques or by target angles. */
export const humanoidPresets = ["tuned", "walk", "walk_target"] as const;

/** Its runs are of thousands of iterations. */
const rarely = { saveEvery: 100 };

/** Episodes of ten seconds of a walk, in batches that see many phases of it. */
const walk = { motion: "walk", maxSteps: 602, framesPerBatch: 8192, envs: 64, hiddenSize: 256, nIters: 2500 } as const;

/** The settings of `humanoid3d`. */
export function humanoidPreset(name: string, algorithm: string): Settings {
  const settings = { ...algorithm === "trpo" ? report : { ...cleanRL, envs: 8 }, ...rarely };
  if (name === "tuned") return settings;
  return { ...settings, ...walk, control: name === "walk_target" ? "target" : "torque", gamma: 0.98, lmbda: 0.95 };
}
