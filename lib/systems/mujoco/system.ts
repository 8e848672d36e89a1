/** Bodies simulated by MuJoCo, by PPO or TRPO. */

import { type MujocoName, MujocoWorld } from "../../worlds/mujoco/world.ts";
import type { ValuesOf } from "../option.ts";
import { ppo } from "../reinforcement/ppo.ts";
import { reinforcementSystem } from "../reinforcement/system.ts";
import { trpo } from "../reinforcement/trpo.ts";
import type { System } from "../system.ts";
import { preset } from "./presets.ts";
import { steps } from "./steps.ts";

/** See the file's first line. */
export const mujoco: System = reinforcementSystem({
  title: "bodies of MuJoCo, after Gymnasium",
  scenarios: {
    hopper: "one leg that hops forward",
    half_cheetah: "half of a cheetah, which runs",
    walker2d: "two legs that walk in a plane",
    ant: "four legs around a ball",
    humanoid: "a torso, two arms and two legs, which walk",
  } satisfies Readonly<Record<Exclude<MujocoName, "humanoid3d">, string>>,
  algorithms: { ppo: ppo("ippo", "PPO"), trpo: trpo("TRPO: each step of the policy inside of a trust region") },
  task: steps,
  presets: ["tuned"],
  preset: (_name, scenario, algorithm) => preset(scenario, algorithm),
  presetBelow: () => "tuned",
  world({ scenarioName, ...config }) {
    const { maxSteps, workers } = config as unknown as ValuesOf<typeof steps>;
    return new MujocoWorld(scenarioName as MujocoName, { maxSteps, ...workers !== null && { workers } });
  },
});
