/** What SHAC's actor climbs: discounted rewards along a window, and what the critic expects after it (Xu et al. 2022, equation 5). */

import { signature } from "../graph/arguments.ts";
import { where } from "../tensor/functions.ts";
import { arange, full } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { axesOf, checkAxes } from "./shapes.ts";

/** A window of steps; `time` is the leading axis. */
export interface ShortHorizon {
  /** float32 [time, env, agent]. */
  readonly reward: Tensor;
  /** V of what was seen after each step, before any reset, float32 [time, env, agent]: it carries the gradient of what was seen. */
  readonly nextValue: Tensor;
  /** bool [time, env]: nothing comes after. */
  readonly terminated: Tensor;
  /** bool [time, env]: the episode ends here, terminated or truncated. */
  readonly done: Tensor;
}

const { tensor } = kind;
const takesWindow = signature("shortHorizonReturn()", {
  window: kind.having("{ reward, nextValue, terminated, done }", {
    reward: tensor,
    nextValue: tensor,
    terminated: tensor,
    done: tensor,
  }),
  gamma: kind.kindOf("a number from 0 to 1", (x) => typeof x === "number" && x >= 0 && x <= 1),
});

/**
 * The return of a window by steps, a scalar: every reward with the discount `gamma`, counted from the window's first step, or from
 * that of an episode that begins in it; and the value of what was seen where the window or an episode ends, unless it is terminated.
 * Divided by the numbers of steps, envs and agents.
 *
 * @throws PlumblineError G302 for other shapes.
 */
export function shortHorizonReturn(window: ShortHorizon, gamma: number): Tensor {
  takesWindow(arguments);
  const { reward, nextValue, terminated, done } = window;
  const call = "shortHorizonReturn()";
  const sizes = axesOf(call, "reward", reward, ["time", "env", "agent"]);
  checkAxes(call, { reward, nextValue }, sizes);
  checkAxes(call, { terminated, done }, { time: sizes.time!, env: sizes.env! }, ["bool", "int32"]);
  const { time, env } = sizes as { time: number; env: number };
  const ended = done.or(terminated);
  const [, discount] = scan(
    (now: Tensor, ended: Tensor) => [where(ended, 1, now.mul(gamma)), now],
    full([env], 1),
    ended,
  );
  const isLast = arange(time).equal(time - 1).unsqueeze(1);
  const goesOn = ended.or(isLast).and(terminated.not());
  // Where the value does not count it may be infinite: `where`, not a product.
  const value = where(goesOn.unsqueeze(-1), nextValue, 0).mul(gamma);
  return reward.add(value).mul(discount.unsqueeze(-1)).mean();
}
