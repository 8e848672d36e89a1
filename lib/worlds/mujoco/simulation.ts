/** The bodies that have names, as workers load them. */

import type { MakeSimulation } from "../host/world.ts";
import { gymnasiumTask } from "./gymnasium.ts";
import { humanoid3dTask } from "./humanoid3d.ts";
import { type MujocoName, rows } from "./rows.ts";
import { type MujocoTask, simulationOf } from "./task.ts";

export type { MujocoName };

/** What is done with the body `name`. */
export function taskOf(name: MujocoName): MujocoTask {
  return name === "humanoid3d" ? humanoid3dTask : gymnasiumTask(rows[name]);
}

/** Makes a simulation of the body `name`. */
export default function simulation({ name }: { readonly name: MujocoName }): ReturnType<MakeSimulation> {
  return simulationOf(taskOf(name))(undefined as never);
}
