/** What a swarm looks like from above: agents where they are, where they think that they are, who is spoofed, and whom they trust. */

import { eye, zeros } from "../../tensor/creation.ts";
import { concat, stack, where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { discs, type Placement, type Scene } from "../scene.ts";
import type { SwarmSettings } from "./options.ts";
import type { SwarmState } from "./swarm.ts";

/** Rings around receivers that are spoofed, metres: the others' lie on their goals, unseen. */
const ring = 0.8;

/**
 * The scene of a swarm: agents, goals, where agents think that they are (small), and rings around spoofed receivers once the attack is
 * on; agents are linked as they trust one another's word. `badOf` says which sources are off in a state, [env, agent, source].
 */
export function sceneOfSwarm({ nAgents }: SwarmSettings, badOf: (state: SwarmState) => Tensor): Scene<SwarmState> {
  const goals = discs("goal", nAgents, 1).map((goal, agent) => ({ ...goal, agent }));
  const rings = discs("goal", nAgents, ring).map((goal, agent) => ({ ...goal, agent }));
  return {
    entities: [...discs("agent", nAgents, 0.35), ...goals, ...rings, ...discs("object", nAgents, 0.2)],
    frameSeconds: 0.25,
    place({ position, goal, estimate, steps, attack: { spoofed, begins } }: SwarmState): Placement {
      const isOn = spoofed.greater(0).and(steps.greaterEqual(begins).unsqueeze(-1)).unsqueeze(-1);
      const all = concat([position, goal, where(isOn, position, goal), estimate], 1);
      return { position: all.named("env", null, null), angle: zeros(all.shape.slice(0, 2)).named("env", null) };
    },
    // Of a neighbour that was not heard nothing is believed, however far it is trusted.
    links: ({ trust, sensed: { heard } }: SwarmState): Tensor =>
      trust.clamp(0, 1).mul(heard).mul(eye(nAgents).mul(-1).add(1).unsqueeze(0)),
    errors: {
      names: [
        ...["position error of spoofed agents (m)", "position error of the others (m)"],
        ...["trust in sources that are off", "distrust of sources that are not"],
      ],
      values(state: SwarmState): Tensor {
        const { position, estimate, trust, sensed: { heard }, attack: { spoofed } } = state;
        const off = estimate.sub(position).square().sum(-1).sqrt();
        const bad = badOf(state);
        const mean = (x: Tensor, who: Tensor): Tensor => {
          const axes = who.shape.slice(1).map((_, axis) => axis + 1);
          const count = who.sum(axes);
          // Of nobody there is no mean: a gap in the line.
          return where(count.greater(0), x.mul(who).sum(axes).div(count.maximum(1)), NaN);
        };
        const clean = spoofed.mul(-1).add(1);
        const good = bad.mul(-1).add(1).mul(heard);
        return stack(
          [mean(off, spoofed), mean(off, clean), mean(trust, bad.mul(heard)), mean(trust.mul(-1).add(1), good)],
          -1,
        );
      },
    },
  };
}
