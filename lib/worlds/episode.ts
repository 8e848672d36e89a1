/** What the scenarios share about episodes: their ends and their new beginnings. */

import { where } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** `terminated` (bool [env]), and `truncated` where the time is up without it. */
export function ends(
  terminated: Tensor,
  steps: Tensor,
  maxSteps: number,
): { terminated: Tensor; truncated: Tensor } {
  const over = steps.greaterEqual(maxSteps).and(terminated.not());
  return { terminated: terminated.named("env"), truncated: over.named("env") };
}

/** `fresh` where `done` (bool [env]) is true, else `state`, for every tensor of a state; their leading axis is `env`. */
export function replaceWhere<S extends Record<string, Tensor>>(done: Tensor, fresh: S, state: S): S {
  const replaced = Object.entries(state).map(([name, now]) => {
    const each = done.reshape(-1, ...now.shape.slice(1).map(() => 1));
    return [name, where(each, fresh[name]!, now).named(...now.axes)];
  });
  return Object.fromEntries(replaced);
}
