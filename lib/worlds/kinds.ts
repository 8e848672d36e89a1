/** The kinds of arguments that know of worlds, beside those of `tensor/kinds.ts`. */

import type { Methods } from "../graph/arguments.ts";
import { callable, either, having, key, kindOf, number, optional, tensor, text } from "../tensor/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";

export * from "../tensor/kinds.ts";

/** What trains or plays wants of a world. */
export const world = having("a world, such as new Navigation(),", {
  name: text,
  agents: number,
  maxSteps: number,
  reset: callable,
  observe: callable,
  step: callable,
});

/** What trains or plays wants where a world may be on the host. */
export const anyWorld = kindOf(
  "a world, such as new Navigation(),",
  (x) => typeof x === "object" && x !== null && ("simulation" in x || "step" in x) && "name" in x,
);

/** What decides: a function, or what remembers. */
export const controller = either(callable, having("one that remembers", { initialMemory: callable, decide: callable }));

const envs = kindOf("a whole number of at least 1", (x) => Number.isInteger(x) && (x as number) >= 1);

/** What the methods of a world take whose states have these tensors. */
export function worldMethods(...parts: readonly string[]): Methods {
  const members = Object.fromEntries(parts.map((name) => [name, tensor]));
  const state = having("a state, as reset() or step() gives it,", members);
  return { reset: { key, envs }, observe: { state }, step: { state, action: tensor } };
}

/** The options of a world, by name; which there are each world says. */
export const worldOptions = optional(kindOf(
  "options by name",
  (x) => typeof x === "object" && x !== null && !(x instanceof Tensor) && !Array.isArray(x) && !("then" in x),
));
