/** Navigation in this library, with the settings of the run that the project is measured by: rollouts, updates, both. */

import {
  compile,
  Generator,
  HostRandom,
  leaves,
  mapTree,
  Navigation,
  PPOTrainer,
  randomBits,
  scan,
  type Tensor,
  uniform,
  Variable,
} from "../../../mod.ts";
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

/** The world alone, with random actions: observations, rewards and resets of 60 environments for 100 steps. */
export function randomRollout(): Run {
  const environment = world();
  const generator = new Generator(0);
  const start = environment.reset(new HostRandom(0).key(), envs);
  const state = mapTree(start, (x) => new Variable(x, "world"));
  const variables = leaves(state) as Variable[];
  const play = compile(() => {
    const actions = uniform(generator.next(), [steps, envs, agents, environment.actionSize], -1, 1);
    const keys = randomBits(generator.next(), [steps, 2]);
    const [last, seen] = scan(
      (now: typeof state, x: { action: Tensor; key: Tensor }) => {
        const { state: next, reward, terminated, truncated } = environment.step(now, x.action);
        const observation = environment.observe(next);
        return [environment.resetWhere(terminated.or(truncated), next, x.key), { reward, observation }];
      },
      state,
      { action: actions, key: keys },
    );
    leaves(last).forEach((x, i) => variables[i]!.assign(x));
    return seen;
  }, { state: [...variables, generator], name: "the random rollout" });
  return async () => {
    await (await play()).reward.data();
  };
}
