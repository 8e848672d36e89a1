/**
 * Fusions that remember how certain they are: Kalman filters of position and bias, one covariance for both axes, which take all words
 * of a step at once, each with the inverse of its variance times a weight. What they differ in is that weight.
 */

import { eye, full, zeros } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Fusion, Hidden, Sensed } from "./fusion.ts";
import type { SwarmSettings } from "./options.ts";

/** What a Kalman filter remembers of each agent. */
export type Belief = {
  /** What each step is off by, float32 [env, agent, 2]. */
  bias: Tensor;
  /** The variance of the position, float32 [env, agent]. */
  position: Tensor;
  /** The covariance of position and bias. */
  both: Tensor;
  /** The variance of the bias. */
  slope: Tensor;
};

/** A {@linkcode Belief}, as an argument. */
export const beliefKind: kind.Kind = kind.having("what a Kalman filter remembers", {
  ...{ bias: kind.tensor, position: kind.tensor, both: kind.tensor, slope: kind.tensor },
});

/** What an agent takes its steps and its start to be off by, deviations in metres. */
export type StepNoise = Pick<SwarmSettings, "motionNoise" | "biasNoise" | "startNoise">;

/** How much each word counts, [env, agent, source], by the square of its distance in deviations, of two axes together. */
type Weigh = (squares: Tensor, sensed: Sensed, hidden: Hidden | undefined) => Tensor;

/** The 99% quantile of chi-square with two degrees of freedom. */
const gate = 9.21;
/** Where the soft gate has halved a weight, and how steeply it does; tuned on other episodes. */
const soft = { half: 2, power: 4 } as const;
/** The powers of declared trust, of neighbours and of the own GPS; tuned with them. */
const [faithInDeclared, memoryOfOwn] = [0.35, 0.3] as const;

const softly = (squares: Tensor): Tensor => squares.div(soft.half).pow(soft.power).add(1).reciprocal();
const within = (squares: Tensor): Tensor => squares.less(gate).cast("float32");

/** What sources declare counts by its root; what one declared of one's own GPS lasts for some steps. */
function declaredBy({ declared }: Sensed): Tensor {
  const own = eye(declared.shape[1]!).unsqueeze(0).greater(0);
  return where(own, declared.maximum(1e-4).pow(memoryOfOwn), declared.maximum(1e-4).pow(faithInDeclared));
}

/** How the filters weigh, by their names. */
export const kalmanFusions = {
  kalman: (squares) => within(squares),
  kalman_declared: (squares, { declared }) => within(squares).mul(declared),
  soft: (squares) => softly(squares),
  soft_declared: (squares, sensed) => softly(squares).mul(declaredBy(sensed)),
  oracle: (squares, _, hidden) => hidden!.bad.mul(-1).add(1).add(squares.mul(0)),
  covariance_intersection: (squares) => squares.mul(0).add(1),
} satisfies Readonly<Record<string, Weigh>>;

/**
 * `kalman` takes words within the 99% of what it expects, `soft` weighs them by 1 / (1 + (distance^2 / 2)^4), distances in deviations;
 * with `_declared` a word counts by a power (0.35, of the own GPS 0.3) of how far its source trusted its own GPS in the step before, by
 * its own account. `oracle` knows which
 * sources are bad. `covariance_intersection` (Julier and Uhlmann 1997, with the weights of Niehsen 2002) takes all words as if their
 * errors were one and the same. `noise` is what they take that of motion and start to be.
 */
export function kalmanFusion(name: keyof typeof kalmanFusions, noise: StepNoise): Fusion {
  const weigh: Weigh = kalmanFusions[name];
  const isIntersection = name === "covariance_intersection";
  return {
    name,
    knowsTruth: name === "oracle",
    initialMemory: (envs, agents) => initialBelief(envs, agents, noise),
    fuse(sensed, memory, hidden) {
      const belief = predicted(memory as Belief, noise);
      const expected = sensed.before.add(sensed.action).add(belief.bias);
      const off = sensed.word.sub(expected.unsqueeze(2));
      const variance = sensed.variance.maximum(1e-6);
      const spread = variance.add(belief.position.unsqueeze(-1));
      const weight = weigh(off.square().sum(-1).div(spread), sensed, hidden).mul(sensed.heard);
      const information = weight.div(variance);
      if (isIntersection) return { ...intersected(information, off, expected, belief), trust: weight };
      return { ...corrected(belief, expected, off, information), trust: weight };
    },
  };
}

/** What is believed where episodes begin. */
export function initialBelief(envs: number, agents: number, { startNoise, biasNoise }: StepNoise): Belief {
  const all = (x: number): Tensor => full([envs, agents], x);
  return { bias: zeros([envs, agents, 2]), position: all(startNoise ** 2), both: all(0), slope: all(biasNoise ** 2) };
}

/** The belief after a step whose action is known. */
export function predicted({ bias, position, both, slope }: Belief, { motionNoise }: StepNoise): Belief {
  return {
    bias,
    position: position.add(both.mul(2)).add(slope).add(motionNoise ** 2),
    both: both.add(slope),
    slope,
  };
}

/**
 * The estimate and the belief after words that are `off` from what was `expected`, [env, agent, source, 2], each with so much
 * `information` (the inverse of its variance), [env, agent, source]: all of them are one measurement, their weighted mean.
 */
export function corrected(
  { bias, position, both, slope }: Belief,
  expected: Tensor,
  off: Tensor,
  information: Tensor,
): { estimate: Tensor; memory: Belief } {
  const total = information.sum(-1);
  const mean = off.mul(information.unsqueeze(-1)).sum(2).div(total.maximum(1e-9).unsqueeze(-1));
  const share = position.mul(total).add(1).reciprocal().mul(total);
  const [gain, drift] = [position.mul(share), both.mul(share)];
  const rest = gain.mul(-1).add(1);
  const memory: Belief = {
    bias: bias.add(mean.mul(drift.unsqueeze(-1))),
    ...{ position: position.mul(rest), both: both.mul(rest), slope: slope.sub(both.mul(drift)) },
  };
  return { estimate: expected.add(mean.mul(gain.unsqueeze(-1))), memory };
}

/** The position whose inverse variance is the weighted mean of those of all words and of the prediction; weights go as those do. */
function intersected(information: Tensor, off: Tensor, expected: Tensor, belief: Belief) {
  const own = belief.position.reciprocal();
  const total = information.sum(-1).add(own);
  const squares = information.square().sum(-1).add(own.square());
  const mean = off.mul(information.square().unsqueeze(-1)).sum(2).div(squares.unsqueeze(-1));
  return { estimate: expected.add(mean), memory: { ...belief, position: total.div(squares) } };
}
