/**
 * Rewards on the scale of what they add up to: each is divided by the running deviation of the discounted sum of rewards until then
 * (Engstrom et al. 2020, "Implementation Matters in Deep Policy Gradients", section 3; VecNormalize of Stable Baselines). What
 * critics learn is near 1 then, whatever a world pays, and stays so from batch to batch.
 */

import { zeros } from "../tensor/creation.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Stateful, Variable } from "../tensor/variable.ts";
import { RunningScale } from "./running_scale.ts";

/** Scaled rewards are clipped to so much above and below 0, as VecNormalize does it. */
const farthest = 10;

/** What rewards are divided by, learned from those of all batches so far. */
export class RewardScale implements Stateful {
  /** The discounted sum of the rewards of the running episode, [env, agent]. */
  readonly sum: Variable;
  /** Of all such sums. */
  readonly scale: RunningScale = new RunningScale([], { keep: 1 });

  /** For so many environments, each with so many agents; `gamma` is the discount of a step. */
  constructor(envs: number, agents: number, readonly gamma: number) {
    this.sum = new Variable(zeros([envs, agents]), "sum");
  }

  /** What it has learned. */
  variables(): Variable[] {
    return [this.sum, ...this.scale.variables()];
  }

  /** Adds the rewards of a batch, [time, env, agent], and gives them scaled. `done` is bool [time, env]: an episode ended. */
  scaled(reward: Tensor, done: Tensor): Tensor {
    const given = reward.detach("a scale is data");
    const goesOn = done.not().cast("float32").unsqueeze(-1).expand(...reward.shape);
    const [last, sums] = scan(
      (before: Tensor, now: { reward: Tensor; goesOn: Tensor }): [Tensor, Tensor] => {
        const sum = before.mul(this.gamma).add(now.reward);
        return [sum.mul(now.goesOn), sum];
      },
      this.sum as Tensor,
      { reward: given, goesOn },
    );
    this.sum.assign(last);
    this.scale.add(sums);
    return reward.div(this.scale.deviation()).clamp(-farthest, farthest);
  }
}
