/** The clipped PPO loss (Schulman et al. 2017, equations 7 and 9), for rows of frames and agents. */

import { F } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TanhNormal } from "../nn/distributions.ts";

/** A minibatch: `row` is a frame. */
export interface Minibatch {
  /** float32 [row, agent, feature]. */
  readonly observation: Tensor;
  /** float32 [row, agent, action]: the action before its tanh. */
  readonly actionBase: Tensor;
  /** float32 [row, agent, action]: standard normal; the sample that estimates the entropy. */
  readonly noise: Tensor;
  /** float32 [row, agent]: of the policy that acted. */
  readonly logProb: Tensor;
  /** float32 [row, agent]. */
  readonly advantage: Tensor;
  /** float32 [row, agent]: the value target. */
  readonly returns: Tensor;
  /** float32 [row]: 1 for a frame, 0 for padding of an incomplete minibatch. */
  readonly weight: Tensor;
}

/** Settings of the loss. */
export interface PPOLossOptions {
  /** The ratio of probabilities is clipped to 1 +- this. */
  readonly clipEpsilon: number;
  /** The weight of the entropy bonus. */
  readonly entropyEps: number;
}

/** The loss and what it is made of, scalars. */
export interface PPOLoss {
  readonly loss: Tensor;
  readonly objective: Tensor;
  readonly criticLoss: Tensor;
  readonly entropy: Tensor;
  /** Mean of (ratio - 1) - log ratio (Schulman 2020), which is never negative. */
  readonly approxKl: Tensor;
  /** Share of ratios outside the clip range. */
  readonly clipFraction: Tensor;
}

/** Huber's loss with threshold 1 (torch smooth_l1_loss). */
export function smoothL1(error: Tensor): Tensor {
  const size = error.abs();
  const inner = size.minimum(1);
  return inner.mul(size.sub(inner.mul(0.5)));
}

/** The loss of a minibatch, with `values` [row, agent] of the critic. */
export function ppoLoss(batch: Minibatch, policy: TanhNormal, values: Tensor, options: PPOLossOptions): PPOLoss {
  const { clipEpsilon, entropyEps } = options;
  const agents = batch.logProb.shape.at(-1)!;
  const share = batch.weight.div(batch.weight.sum().mul(agents)).unsqueeze(-1).expand(...batch.logProb.shape);
  const mean = (x: Tensor): Tensor => x.mul(share).sum();
  const logRatio = policy.logProbOfBase(batch.actionBase).sum(-1).sub(batch.logProb);
  const ratio = logRatio.exp();
  const clipped = ratio.clamp(1 - clipEpsilon, 1 + clipEpsilon);
  const objective = mean(F.minimum(ratio.mul(batch.advantage), clipped.mul(batch.advantage))).neg();
  const criticLoss = mean(smoothL1(values.sub(batch.returns)));
  const entropy = mean(policy.entropyEstimate(batch.noise).sum(-1));
  const loss = objective.add(criticLoss).sub(entropy.mul(entropyEps));
  return {
    loss,
    objective,
    criticLoss,
    entropy,
    approxKl: mean(ratio.sub(1).sub(logRatio)),
    clipFraction: mean(ratio.sub(1).abs().greater(clipEpsilon).cast("float32")),
  };
}
