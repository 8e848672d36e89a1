/** Navigation in this library, with the settings of the run that the project is measured by: rollouts, updates, both. */

import { Navigation, PPOTrainer } from "../../../mod.ts";
import type { Run } from "../protocol.ts";

const envs = 60, steps = 100, agents = 3;

function world(): Navigation {
  return new Navigation({ nAgents: agents, maxSteps: steps });
}

/** The trainer of the settings, or with fewer epochs. */
export async function trainer(numEpochs = 30): Promise<PPOTrainer> {
  return await PPOTrainer.create(world(), {
    algorithm: "mappo",
    framesPerBatch: envs * steps,
    numEpochs,
    minibatchSize: 400,
    lr: 3e-4,
    maxGradNorm: 1,
    clipEpsilon: 0.2,
    entropyEps: 1e-4,
    gamma: 0.99,
    lmbda: 0.9,
    seed: 0,
  });
}

/** The rollout that the trainer learns from: policy, world, resets, 60 environments for 100 steps. */
export async function rollout(): Promise<Run> {
  const learner = await trainer();
  return async () => {
    await (await learner.collect()).reward.data();
  };
}

/** 30 epochs of 15 minibatches, on one batch. */
export async function update(): Promise<Run> {
  const learner = await trainer();
  const batch = await learner.collect();
  return async () => {
    await learner.learn(batch);
  };
}

/** A whole iteration. */
export async function iteration(): Promise<Run> {
  const learner = await trainer();
  return async () => {
    const start = performance.now();
    const batch = await learner.collect();
    await batch.reward.data();
    const middle = performance.now();
    await learner.learn(batch);
    return { "collect ms": middle - start, "update ms": performance.now() - middle };
  };
}
