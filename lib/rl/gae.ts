/** Generalised advantage estimation (Schulman et al. 2015, equation 16), as a scan from the last step to the first. */

import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { zerosLike } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { axesOf, checkAxes } from "./shapes.ts";

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

const share = kind.kindOf("a number from 0 to 1", (x) => typeof x === "number" && x >= 0 && x <= 1);
const { tensor } = kind;
const takesAdvantages = signature("generalisedAdvantages()", {
  trajectory: kind.having("{ reward, value, nextValue, terminated, done }", {
    reward: tensor,
    value: tensor,
    nextValue: tensor,
    terminated: tensor,
    done: tensor,
  }),
  gamma: share,
  lmbda: share,
}, ([trajectory]) => {
  const isWithout = trajectory instanceof Object && "terminated" in trajectory && !("done" in trajectory);
  return isWithout ? "done is true where a trajectory ends: terminated.or(truncated)." : undefined;
});

/** The numbers of a tensor where they are known already: by its place, in the order of its elements. */
function known({ node }: Tensor): ((at: number) => number) | null {
  if (node.op === "full") return () => node.attrs.value;
  const numbers = node.value?.hostIfAny;
  return numbers ? (at) => numbers[at]! : null;
}

/** Throws if a step is known to be terminated and not done. */
function refuseUndone(terminated: Tensor, done: Tensor): void {
  const [ends, dones] = [known(terminated), known(done)];
  if (!ends || !dones) return;
  const at = Array.from({ length: done.size }, (_, i) => i).findIndex((i) => ends(i) !== 0 && dones(i) === 0);
  if (at < 0) return;
  const envs = done.shape[1]!;
  throw new PlumblineError({
    code: "G310",
    message: `generalisedAdvantages() was given a step that is terminated but not done: time ${
      Math.floor(at / envs)
    }, env ${at % envs}.`,
    help: "done is true where a trajectory ends, terminated or truncated: terminated.or(truncated).",
  });
}

/**
 * Advantages with discount `gamma` and decay `lmbda`. A truncated step bootstraps from `nextValue`; a terminated one does
 * not. The flags are per env and repeated along the agent axis on purpose: all agents end together.
 *
 * @throws PlumblineError G302 for other shapes, G310 for a step that is terminated but not done.
 */
export function generalisedAdvantages(trajectory: Trajectory, gamma: number, lmbda: number): Advantages {
  takesAdvantages(arguments);
  const { reward, value, nextValue, terminated, done } = trajectory;
  const call = "generalisedAdvantages()";
  const sizes = axesOf(call, "reward", reward, ["time", "env", "agent"]);
  checkAxes(call, { reward, value, nextValue }, sizes);
  checkAxes(call, { terminated, done }, { time: sizes.time!, env: sizes.env! }, ["bool", "int32"]);
  refuseUndone(terminated, done);
  const perAgent = (flag: Tensor): Tensor => flag.not().cast("float32").unsqueeze(-1).expand(...reward.shape);
  const delta = reward.add(nextValue.mul(gamma).mul(perAgent(terminated))).sub(value);
  const decay = perAgent(done.or(terminated)).mul(gamma * lmbda);
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
