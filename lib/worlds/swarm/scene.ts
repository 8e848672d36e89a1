/** What a swarm looks like from above: agents where they are, where they think that they are, and whom they trust. */

import { where } from "../../tensor/functions.ts";
import { concat } from "../../tensor/functions.ts";
import { zeros } from "../../tensor/creation.ts";
import type { Placement, Scene } from "../scene.ts";
import { discs } from "../scene.ts";
import type { SwarmSettings } from "./options.ts";
import type { SwarmState } from "./swarm.ts";

/** The scene of a swarm: goals, receivers that are spoofed (rings, once the attack is on), agents, and their beliefs (small). */
export function sceneOfSwarm({ nAgents }: SwarmSettings): Scene<SwarmState> {
  const goals = discs("goal", nAgents, 1).map((goal, agent) => ({ ...goal, agent }));
  const agents = discs("agent", nAgents, 0.35);
  const beliefs = discs("object", nAgents, 0.2);
  return {
    entities: [...agents, ...goals, ...beliefs],
    place({ position, goal, estimate }: SwarmState): Placement {
      const all = concat([position, goal, estimate], 1);
      return {
        position: all.named("env", null, null),
        angle: zeros(all.shape.slice(0, 2)).named("env", null),
      };
    },
    errors: {
      names: ["position error (m)", "of attacked agents (m)"],
      values({ position, estimate, attack: { spoofed } }: SwarmState) {
        const off = estimate.sub(position).square().sum(-1).sqrt();
        const ofSpoofed = off.mul(spoofed).sum(-1).div(spoofed.sum(-1).maximum(1));
        return concat([off.mean(-1, true), where(spoofed.sum(-1).greater(0), ofSpoofed, 0).unsqueeze(-1)], -1);
      },
    },
  };
}
