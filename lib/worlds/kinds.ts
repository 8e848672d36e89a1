/** The kinds of arguments that know of worlds, beside those of `tensor/kinds.ts`. */

import type { Methods } from "../graph/arguments.ts";
import {
  callable,
  either,
  having,
  isRecord,
  key,
  type Kind,
  kindOf,
  number,
  optional,
  tensor,
  text,
} from "../tensor/kinds.ts";
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

/** A world whose environments are simulations on the host. */
export const hostWorld = having("a world on the host, such as new HostPendulum(),", {
  name: text,
  agents: number,
  maxSteps: number,
  simulation: either(text, callable),
});

/** What trains or plays wants where a world may be on the host. */
export const anyWorld: Kind = { ...either(world, hostWorld), says: world.says };

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
  (x) =>
    typeof x === "object" && x !== null && !(x instanceof Tensor) && !Array.isArray(x) && !("then" in x) && isRecord(x),
));
