/**
 * Fusions that remember how certain they are: Kalman filters of position and bias, one covariance for both axes, which take all words
 * of a step at once, each with the inverse of its variance times a weight. What they differ in is that weight.
 */

import { eye, full, zeros } from "../../tensor/creation.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Fusion, Hidden, Sensed } from "./fusion.ts";
import { swarmDefaults } from "./options.ts";

/** What a Kalman filter remembers of each agent. */
type Belief = {
  /** What each step is off by, float32 [env, agent, 2]. */
  bias: Tensor;
  /** The variance of the position, float32 [env, agent]. */
  position: Tensor;
  /** The covariance of position and bias. */
  both: Tensor;
  /** The variance of the bias. */
  slope: Tensor;
};

/** How much each word counts, [env, agent, source], by the square of its distance in deviations, of two axes together. */
type Weigh = (squares: Tensor, sensed: Sensed, hidden: Hidden | undefined) => Tensor;

/** The 99% quantile of chi-square with two degrees of freedom. */
const gate = 9.21;
/** Where the soft gate has halved a weight, and how steeply it does; tuned on other episodes. */
export const soft = { half: 4, power: 2, q: 1 };

const softly = (squares: Tensor): Tensor => squares.div(soft.half).pow(soft.power).add(1).reciprocal();
const within = (squares: Tensor): Tensor => squares.less(gate).cast("float32");

/** What sources declare; one's own GPS one judges oneself. */
function declaredBy({ declared }: Sensed): Tensor {
  return declared.maximum(eye(declared.shape[1]!).unsqueeze(0));
}

/** How the filters weigh, by their names. */
export const kalmanFusions = {
  kalman: (squares) => within(squares),
  kalman_declared: (squares, sensed) => within(squares).mul(declaredBy(sensed)),
  soft: (squares) => softly(squares),
  soft_declared: (squares, sensed) => softly(squares).mul(declaredBy(sensed)),
  oracle: (squares, _, hidden) => hidden!.bad.mul(-1).add(1).add(squares.mul(0)),
  covariance_intersection: (squares) => squares.mul(0).add(1),
} satisfies Readonly<Record<string, Weigh>>;

/**
 * `kalman` takes words within the 99% of what it expects, `soft` weighs them by 1 / (1 + (distance^2 / 4)^2), distances in deviations;
 * with `_declared` a word counts as much as its source trusted its own GPS in the step before, by its own account. `oracle` knows which
 * sources are bad. `covariance_intersection` (Julier and Uhlmann 1997, with the weights of Niehsen 2002) takes all words as if their
 * errors were one and the same.
 */
export function kalmanFusion(name: keyof typeof kalmanFusions): Fusion {
  const weigh: Weigh = kalmanFusions[name];
  const isIntersection = name === "covariance_intersection";
  return {
    name,
    knowsTruth: name === "oracle",
    initialMemory(envs, agents): Belief {
      const { startNoise, biasNoise } = swarmDefaults;
      const all = (x: number): Tensor => full([envs, agents], x);
      return {
        bias: zeros([envs, agents, 2]),
        ...{ position: all(startNoise ** 2), both: all(0), slope: all(biasNoise ** 2) },
      };
    },
    fuse(sensed, memory, hidden) {
      const belief = predicted(memory as Belief);
      const expected = sensed.before.add(sensed.action).add(belief.bias);
      const off = sensed.word.sub(expected.unsqueeze(2));
      const variance = sensed.variance.maximum(1e-6);
      const spread = variance.add(belief.position.unsqueeze(-1));
      const weight = weigh(off.square().sum(-1).div(spread), sensed, hidden).mul(sensed.heard);
      const information = weight.div(variance);
      if (isIntersection) return { ...intersected(information, off, expected, belief), trust: weight };
      const total = information.sum(-1);
      const mean = off.mul(information.unsqueeze(-1)).sum(2).div(total.maximum(1e-9).unsqueeze(-1));
      return { ...corrected(belief, expected, mean, total), trust: weight };
    },
  };
}

/** The belief after a step whose action is known. */
function predicted({ bias, position, both, slope }: Belief): Belief {
  const { motionNoise } = swarmDefaults;
  return {
    bias,
    position: position.add(both.mul(2)).add(slope).add(motionNoise ** 2 * soft.q),
    both: both.add(slope),
    slope,
  };
}

/** The belief after a position was measured with so much `information` (the inverse of its variance), `mean` off from the expected one. */
function corrected({ bias, position, both, slope }: Belief, expected: Tensor, mean: Tensor, information: Tensor) {
  const share = position.mul(information).add(1).reciprocal().mul(information);
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
