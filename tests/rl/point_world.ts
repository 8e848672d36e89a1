/** The smallest world with something to learn: agents on a line that are paid for being near 0. */

import {
  type ActionKind,
  type Environment,
  type PPOOptions,
  stack,
  type Tensor,
  type Transition,
  uniform,
  zeros,
} from "../../mod.ts";
import assert from "node:assert/strict";

type State = { position: Tensor; step: Tensor };

/**
 * Each agent moves by 0.3 times its action; reward is minus its distance from 0. Agent 0 near 0 ends the episode. A discrete
 * action is 0 for -1, 1 for 0 or 2 for 1.
 */
export function pointWorld(maxSteps: number, actionKind: ActionKind = "continuous", agents = 2): Environment<State> {
  const start = (key: Tensor, envs: number): State => ({
    position: uniform(key, [envs, agents], -1, 1),
    step: zeros([envs], { dtype: "int32" }),
  });
  return {
    name: "point",
    agents,
    observationSize: 2,
    actionKind,
    actionSize: actionKind === "discrete" ? 3 : 1,
    maxSteps,
    reset: start,
    observe: ({ position }) => stack([position, position.abs()], -1),
    step(state, action): Transition<State> {
      const push = actionKind === "discrete" ? action.cast("float32").sub(1) : action.select(-1, 0);
      const position = state.position.add(push.mul(0.3)).clamp(-2, 2);
      const step = state.step.add(1);
      const terminated = position.select(1, 0).abs().less(0.02);
      const truncated = step.greaterEqual(maxSteps).and(terminated.not());
      return { state: { position, step }, reward: position.abs().neg(), terminated, truncated };
    },
  };
}

/** Settings with which an iteration takes no time: batches and minibatches that do not divide. */
export const small: PPOOptions = {
  algorithm: "mappo",
  framesPerBatch: 50,
  hiddenSize: 32,
  numEpochs: 2,
  minibatchSize: 16,
  lr: 1e-3,
  maxGradNorm: 1,
  clipEpsilon: 0.2,
  entropyEps: 1e-4,
  gamma: 0.95,
  lmbda: 0.9,
  seed: 1,
};

/** A learner by windows of a rollout, of which this much is asked. */
interface WindowLearner {
  measure(seed: number): Promise<Readonly<Record<string, number>>>;
  iterate(): Promise<unknown>;
  readonly traceCount: number;
  dispose(): void;
}

/** Asserts that six iterations of `trainer` make the return better by a third of its size, in one program. */
export async function learnsInSix(trainer: WindowLearner): Promise<void> {
  const before = (await trainer.measure(0))["eval/episode_reward_sum"]!;
  for (let i = 0; i < 6; i++) await trainer.iterate();
  const after = (await trainer.measure(0))["eval/episode_reward_sum"]!;
  assert.ok(after > before + 0.3 * Math.abs(before), `${before} to ${after}`);
  assert.equal(trainer.traceCount, 1);
  trainer.dispose();
}
