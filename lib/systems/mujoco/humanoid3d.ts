/** The humanoid of DeepMimic, simulated by MuJoCo: it stays on its feet, or imitates a motion; by PPO or TRPO. */

import { checkClip } from "../../worlds/mujoco/imitation/clip.ts";
import { isMotionName, motionNames } from "../../worlds/mujoco/imitation/motions.ts";
import { type MotionClip, MujocoWorld } from "../../worlds/mujoco/world.ts";
import { readInput } from "../input_file.ts";
import { choice, path, type ValuesOf } from "../option.ts";
import { ppo } from "../reinforcement/ppo.ts";
import { reinforcementSystem } from "../reinforcement/system.ts";
import { trpo } from "../reinforcement/trpo.ts";
import type { System } from "../system.ts";
import { UsageError } from "../usage.ts";
import { humanoidPreset, humanoidPresets } from "./presets.ts";
import { steps } from "./steps.ts";

const task = {
  ...steps,
  motion: path(null, `what is imitated: ${motionNames.join(", ")}, or a file in DeepMimic's format`, motionNames),
  control: choice(["torque", "target"], "torque", "what actions are where it imitates: torques, or angles"),
};

/** See the file's first line. */
export const humanoid3d: System = reinforcementSystem({
  title: "humanoid of DeepMimic, simulated by MuJoCo",
  scenarios: { humanoid3d: "28 motors: stay on the feet, or imitate a --motion" },
  algorithms: { trpo: trpo("TRPO: each step of the policy inside of a trust region"), ppo: ppo("ippo", "PPO") },
  task,
  presets: humanoidPresets,
  preset: (name, _, algorithm) => humanoidPreset(name, algorithm),
  presetBelow: ({ motion = null, control }) =>
    motion === null ? "tuned" : control === "target" ? "walk_target" : "walk",
  world(config) {
    const { maxSteps, workers, motion, control } = config as unknown as ValuesOf<typeof task>;
    const imitated = motion === null ? null : isMotionName(motion) ? motion : readClip(motion);
    return new MujocoWorld("humanoid3d", { maxSteps, ...workers !== null && { workers }, motion: imitated, control });
  },
});

/** The motion in a file, which the world looks at. Throws a {@linkcode UsageError} if there is none. */
function readClip(file: string): MotionClip {
  const bytes = readInput("--motion", file, `; it is one of ${motionNames.join(", ")}, or a file`);
  let clip: unknown;
  try {
    clip = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new UsageError(`--motion ${file} is no JSON: ${(error as Error).message}.`);
  }
  checkClip(`--motion ${file}`, clip);
  return clip;
}
