/** Actions of agents that push themselves in the plane, as numbers or as a choice of one of nine pushes. */

import { tensor } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ActionKind } from "./environment.ts";

/**
 * The pushes that can be chosen, in VMAS's order: choice `3 x + y`, where x and y each are 0 to stay, 1 for the negative
 * direction and 2 for the positive one.
 */
const choices = [0, -1, 1].flatMap((x) => [0, -1, 1].map((y) => [x, y]));

/** What a scenario says of its actions, and how they push. */
export class Actions {
  readonly kind: ActionKind;
  readonly size: number;
  readonly #choices: Tensor | null;

  /** Two numbers if `continuous`, else one of nine choices. */
  constructor(continuous: boolean) {
    this.kind = continuous ? "continuous" : "discrete";
    this.size = continuous ? 2 : choices.length;
    this.#choices = continuous ? null : tensor(choices);
  }

  /** The push of every agent, [env, agent, 2] within [-1, 1]; actions out of their range are moved to its nearest end. */
  push(action: Tensor): Tensor {
    if (this.#choices === null) return action.maximum(-1).minimum(1);
    const choice = action.cast("int32").maximum(0).minimum(choices.length - 1).reshape(-1);
    return this.#choices.take(choice, 0).reshape(...action.shape, 2);
  }
}

/** The choice, int32 [env, agent], that is nearest to a push in each of its directions; [env, agent, 2] within [-1, 1]. */
export function nearestChoice(push: Tensor): Tensor {
  const way = push.round();
  return where(way.less(0), 1, way.mul(2)).mul(tensor([3, 1])).sum(-1).cast("int32");
}
