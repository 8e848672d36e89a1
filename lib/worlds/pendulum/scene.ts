/** What a pendulum looks like, in tensors and on the host. */

import { rodLength } from "./constants.ts";
import type { PendulumEntities } from "./simulation.ts";

/** The hinge, the place to reach, the rod and its end. */
export const entities: PendulumEntities = [
  { role: "wall", shape: { kind: "sphere", radius: 0.05 } },
  { role: "goal", shape: { kind: "sphere", radius: 0.12 } },
  { role: "joint", shape: { kind: "line", length: rodLength } },
  { role: "agent", shape: { kind: "sphere", radius: 0.1 } },
];
