/** What comes from a world on the host is data; what it lost by that is remembered, for a loss that would learn through it. */

import { type Drop, dropAt, madeFrom } from "../../forensics/reads/drops.ts";
import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { World } from "../environment.ts";

/** What is lost where `actions` go into a world; null if nothing that learns is behind them. */
export function dropInto(world: World, actions: readonly Node[]): Drop | null {
  return dropAt("world", `the world \`${world.name}\``, actions, "world");
}

/** Notes that `x` came out of a world. */
export function fromWorld(x: Tensor, drop: Drop | null): Tensor {
  if (drop) madeFrom(x.node, drop);
  return x;
}
