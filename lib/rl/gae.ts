/** Generalised advantage estimation (Schulman et al. 2015, equation 16), as a scan from the last step to the first. */

import { zerosLike } from "../tensor/creation.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What was seen along trajectories; `time` is the leading axis. */
export interface Trajectory {
  /** float32 [time, env, agent]. */
  readonly reward: Tensor;
  /** V of the observation that was acted on, [time, env, agent]. */
  readonly value: Tensor;
  /** V of the observation after the step and before any reset, [time, env, agent]. */
  readonly nextValue: Tensor;
  /** bool [time, env]: nothing comes after. */
  readonly terminated: Tensor;
  /** bool [time, env]: the trajectory ends here, terminated or truncated. */
  readonly done: Tensor;
}

/** Advantages and value targets, `[time, env, agent]`. */
export interface Advantages {
  /** How much better what was done turned out than the critic had expected. */
  readonly advantage: Tensor;
  /** The value target: advantage + value. */
  readonly returns: Tensor;
}

/**
 * Advantages with discount `gamma` and decay `lmbda`. A truncated step bootstraps from `nextValue`; a terminated one does
 * not. The flags are per env and repeated along the agent axis on purpose: all agents end together.
 */
export function generalisedAdvantages(trajectory: Trajectory, gamma: number, lmbda: number): Advantages {
  const { reward, value, nextValue, terminated, done } = trajectory;
  const perAgent = (flag: Tensor): Tensor => flag.not().cast("float32").unsqueeze(-1).expand(...reward.shape);
  const delta = reward.add(nextValue.mul(gamma).mul(perAgent(terminated))).sub(value);
  const decay = perAgent(done).mul(gamma * lmbda);
  const [, advantage] = scan(
    (next: Tensor, x: { delta: Tensor; decay: Tensor }) => {
      const now = x.delta.add(x.decay.mul(next));
      return [now, now];
    },
    zerosLike(delta.select(0, 0)),
    { delta, decay },
    { reverse: true },
  );
  return { advantage, returns: advantage.add(value) };
}
