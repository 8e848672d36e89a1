/** What the scenarios share about episodes: their ends and their new beginnings. */

import { signature } from "../graph/arguments.ts";
import { where } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Tree, zipTrees } from "../tensor/tree.ts";
import type { Environment } from "./environment.ts";
import * as kind from "./kinds.ts";

/** `terminated` (bool [env]), and `truncated` where the time is up without it. */
export function ends(
  terminated: Tensor,
  steps: Tensor,
  maxSteps: number,
): { terminated: Tensor; truncated: Tensor } {
  const over = steps.greaterEqual(maxSteps).and(terminated.not());
  return { terminated: terminated.named("env"), truncated: over.named("env") };
}

const takesReset = signature("resetWhere()", {
  environment: kind.having("a world, such as new Navigation(),", { reset: kind.callable }),
  done: kind.tensor,
  state: kind.tree,
  key: kind.key,
});

/**
 * The environments where `done` (bool [env]) is true at fresh starts, drawn from `key` (uint32 [2]); the others as they are.
 *
 * @example
 * ```ts
 * import { Navigation, randomKey, resetWhere, tensor } from "@plumbline/plumbline";
 *
 * const world = new Navigation();
 * const state = world.reset(randomKey(0), 2);
 * const next = resetWhere(world, tensor([true, false]), state, randomKey(1)); // environment 0 starts anew
 * ```
 */
export function resetWhere<S extends Tree>(
  environment: Pick<Environment<S>, "reset">,
  done: Tensor,
  state: S,
  key: Tensor,
): S {
  takesReset(arguments);
  return zipTrees(environment.reset(key, done.size), state, (fresh, now) => {
    const each = done.reshape(done.size, ...now.shape.slice(1).map(() => 1));
    return where(each, fresh, now).named(...now.axes);
  });
}
