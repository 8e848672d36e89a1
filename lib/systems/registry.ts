/** All systems: a row each. */

import { humanoid3d } from "./mujoco/humanoid3d.ts";
import { language } from "./language/system.ts";
import { mujoco } from "./mujoco/system.ts";
import { particle } from "./particle/system.ts";
import { pendulum } from "./pendulum/system.ts";
import { swarm } from "./swarm/system.ts";
import type { System } from "./system.ts";
import { vehicle } from "./vehicle/system.ts";

/** What trains most of them: the type of a trainer of which nothing else is said. */
export type { PPOTrainer as UsualTrainer } from "../rl/ppo_trainer.ts";

/** The systems, in the order of `--help`. The first scenario of the first is trained unless another is named. */
export const systems: readonly System[] = [particle, pendulum, vehicle, swarm, mujoco, humanoid3d, ...language];

/** The names of all scenarios. */
export function scenarioNames(): string[] {
  return systems.flatMap(({ scenarios }) => Object.keys(scenarios));
}

/** The system that answers to a scenario's name; null if none does. */
export function findSystem(scenario: string): System | null {
  return systems.find(({ scenarios }) => Object.hasOwn(scenarios, scenario)) ?? null;
}
