/** The bodies that have names, as workers load them. */

import type { MakeSimulation } from "../host/world.ts";
import { gymnasiumTask } from "./gymnasium.ts";
import { humanoid3dTask } from "./humanoid3d.ts";
import type { MotionClip } from "./imitation/clip.ts";
import { type MotionName, motionOf } from "./imitation/motions.ts";
import { imitationTask, type MujocoControl } from "./imitation/task.ts";
import { type MujocoName, rows } from "./rows.ts";
import { type MujocoTask, simulationOf } from "./task.ts";

export type { MujocoName };

/** What a simulation is made of. */
export interface MujocoSimulationOptions {
  /** The body. */
  readonly name: MujocoName;
  /** What is imitated, and what actions say then: of `humanoid3d` only. */
  readonly imitation?: { readonly motion: MotionName | MotionClip; readonly control: MujocoControl };
}

/** What is done with the body `name`. */
export function taskOf(name: MujocoName, imitation?: MujocoSimulationOptions["imitation"]): MujocoTask {
  if (imitation) return imitationTask(motionOf(imitation.motion), imitation.control);
  return name === "humanoid3d" ? humanoid3dTask : gymnasiumTask(rows[name]);
}

/** The last task that was made: simulations of one thread, which are made one after the other, share a motion. */
let last: { readonly key: string; readonly task: MujocoTask } | null = null;

/** Makes a simulation of a body. */
export default function simulation(options: MujocoSimulationOptions): ReturnType<MakeSimulation> {
  const key = JSON.stringify(options);
  if (last?.key !== key) last = { key, task: taskOf(options.name, options.imitation) };
  return simulationOf(last.task)(undefined as never);
}
