/** Actions of agents that push themselves in the plane, as numbers or as a choice of one of nine pushes. */

import { tensor } from "../../../tensor/creation.ts";
import { where } from "../../../tensor/functions.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { ActionKind } from "../../environment.ts";

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

  /** Of `agents` agents in `scenario`: two numbers if `continuous`, else one of nine choices. */
  constructor(readonly scenario: string, readonly agents: number, continuous: boolean) {
    this.kind = continuous ? "continuous" : "discrete";
    this.size = continuous ? 2 : choices.length;
    this.#choices = continuous ? null : tensor(choices);
  }

  /**
   * The push of every agent, [env, agent, 2] within [-1, 1]; actions out of their range are moved to its nearest end.
   *
   * @throws TypeError with a sentence if `action` is not one for every agent of `envs` environments.
   */
  push(action: Tensor, envs: number): Tensor {
    this.#check(action, envs);
    if (this.#choices === null) return action.clamp(-1, 1);
    const choice = action.clamp(0, choices.length - 1).reshape(-1);
    return this.#choices.take(choice, 0).reshape(...action.shape, 2);
  }

  /** Sizes that would broadcast are refused as well: they push all agents, or along both axes, alike. */
  #check({ dtype, shape }: Tensor, envs: number): void {
    const { agents, kind } = this;
    const [takes, sizes] = kind === "continuous" ? ["float32", [envs, agents, 2]] : ["int32", [envs, agents]];
    if (dtype === takes && `${shape}` === `${sizes}`) return;
    const what = kind === "continuous"
      ? `two numbers for each agent, float32 [env ${envs}, agent ${agents}, 2]`
      : `one choice from 0 to ${choices.length - 1} for each agent, int32 [env ${envs}, agent ${agents}]`;
    throw new TypeError(
      `${this.scenario}: an action here is ${what}; step() was given ${dtype} [${shape.join(", ")}].`,
    );
  }
}

/** A push, of at most 1, that is smaller than this along an axis is best chosen as none. */
const deadZone = 0.25;

/** The choice, int32 [env, agent], that is along a push in each of its directions, if it pushes that way; [env, agent, 2]. */
export function choiceAlong(push: Tensor): Tensor {
  const way = where(push.greater(deadZone), 2, where(push.less(-deadZone), 1, 0));
  return way.mul(tensor([3, 1])).sum(-1).cast("int32");
}
