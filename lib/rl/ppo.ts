/** The clipped PPO loss (Schulman et al. 2017, equations 7 and 9), for rows of frames and agents. */

import { signature } from "../graph/arguments.ts";
import { F } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";
import { axesOf, checkAxes } from "./shapes.ts";

/** What is known of a minibatch; `row` is a frame. */
export interface Minibatch {
  /** float32 [row, agent]: the log-probability of what was done, under the policy that did it. */
  readonly logProb: Tensor;
  /** float32 [row, agent]. */
  readonly advantage: Tensor;
  /** float32 [row, agent]: the value target. */
  readonly returns: Tensor;
  /** float32 [row, agent]: what the critic said before the first update; needed where values are clipped. */
  readonly value?: Tensor;
  /** float32 [row]: 1 for a frame, 0 for padding of an incomplete minibatch. */
  readonly weight: Tensor;
}

/** What policy and critic say of a minibatch now, float32 [row, agent] each. */
export interface Predictions {
  /** The log-probability of what was done. */
  readonly logProb: Tensor;
  /** The entropy of the policy, or an estimate of it. */
  readonly entropy: Tensor;
  /** The value that the critic gives. */
  readonly value: Tensor;
}

/** Settings of the loss. */
export interface PPOLossOptions {
  /** The ratio of probabilities is clipped to 1 +- this. */
  readonly clipEpsilon: number;
  /** The weight of the entropy bonus. */
  readonly entropyEps: number | Tensor;
  /** A value that moved farther than this from where it was no longer improves the loss; 0: values move freely. */
  readonly clipValue?: number;
}

/** The loss and what it is made of, scalars. */
export interface PPOLoss {
  /** What is minimised: objective + criticLoss - entropyEps * entropy. */
  readonly loss: Tensor;
  /** Minus the mean of ratio times advantage, pessimistically clipped (Schulman et al. 2017, equation 7). */
  readonly objective: Tensor;
  /** Mean smooth L1 distance of the values from their targets; where values are clipped the larger one. */
  readonly criticLoss: Tensor;
  /** Mean entropy of the policy, in nats. */
  readonly entropy: Tensor;
  /** Mean of (ratio - 1) - log ratio (Schulman 2020), which is never negative. */
  readonly approxKl: Tensor;
  /** Share of ratios outside the clip range. */
  readonly clipFraction: Tensor;
}

const takesError = signature("smoothL1()", { error: kind.tensor }, ([prediction, target]) => {
  return target instanceof Tensor && prediction instanceof Tensor
    ? "it takes the difference, and gives a number for each entry: smoothL1(prediction.sub(target)).mean()."
    : undefined;
});

/** Huber's loss with threshold 1 (torch smooth_l1_loss) of each difference. */
export function smoothL1(error: Tensor): Tensor {
  takesError(arguments);
  const inner = error.maximum(-1).minimum(1);
  return inner.mul(error.sub(inner.mul(0.5)));
}

const { tensor } = kind;
const takesLoss = signature("ppoLoss()", {
  batch: kind.having("{ logProb, advantage, returns, weight }", {
    logProb: tensor,
    advantage: tensor,
    returns: tensor,
    value: kind.optional(tensor),
    weight: tensor,
  }),
  now: kind.having("{ logProb, entropy, value }", { logProb: tensor, entropy: tensor, value: tensor }),
  options: kind.having("{ clipEpsilon, entropyEps }", { clipEpsilon: kind.finite, entropyEps: kind.tensorLike }, {
    clipValue: kind.finite,
  }),
});

/**
 * The loss of a minibatch.
 *
 * @throws PlumblineError G302 for tensors of other shapes.
 */
export function ppoLoss(batch: Minibatch, now: Predictions, options: PPOLossOptions): PPOLoss {
  takesLoss(arguments);
  const sizes = axesOf("ppoLoss()", "logProb", batch.logProb, ["row", "agent"]);
  const { advantage, returns, value, weight } = batch;
  checkAxes("ppoLoss()", { logProb: batch.logProb, advantage, returns, value }, sizes);
  checkAxes("ppoLoss()", { "now.logProb": now.logProb, "now.entropy": now.entropy, "now.value": now.value }, sizes);
  checkAxes("ppoLoss()", { weight }, { row: sizes.row! });
  const { clipEpsilon, entropyEps, clipValue = 0 } = options;
  const agents = sizes.agent!;
  const share = batch.weight.div(batch.weight.sum().mul(agents)).unsqueeze(-1).expand(...batch.logProb.shape);
  const mean = (x: Tensor): Tensor => x.mul(share).sum();
  const logRatio = now.logProb.sub(batch.logProb);
  const ratio = logRatio.exp();
  const clipped = ratio.clamp(1 - clipEpsilon, 1 + clipEpsilon);
  const objective = mean(F.minimum(ratio.mul(batch.advantage), clipped.mul(batch.advantage))).neg();
  const criticLoss = mean(valueLoss(batch, now.value, clipValue));
  const entropy = mean(now.entropy);
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

/** The larger of the losses of the value and of the value clipped to where it was +- `clip` (as in OpenAI's baselines). */
function valueLoss({ returns, value: before }: Minibatch, value: Tensor, clip: number): Tensor {
  const free = smoothL1(value.sub(returns));
  if (clip === 0) return free;
  if (!before) throw new RangeError("clipping values needs `value` in the minibatch: what the critic said before.");
  return F.maximum(free, smoothL1(before.add(value.sub(before).clamp(-clip, clip)).sub(returns)));
}
