/** Bodies simulated by MuJoCo, by PPO or TRPO. */

import { type MujocoName, MujocoWorld } from "../../worlds/mujoco/world.ts";
import { integer, type NumberOption, type ValuesOf } from "../option.ts";
import { ppo } from "../reinforcement/ppo.ts";
import { reinforcementSystem } from "../reinforcement/system.ts";
import { trpo } from "../reinforcement/trpo.ts";
import type { System } from "../system.ts";
import { preset } from "./presets.ts";

const task = {
  maxSteps: integer(1, 1_000_000, 1000, "steps after which an episode is cut off"),
  workers: {
    kind: "integer",
    min: 0,
    max: 1024,
    aboveMin: false,
    initial: null,
    help: "threads that step; 0: the one that learns. One a core, if not given",
  } as NumberOption<null>,
};

/** See the file's first line. */
export const mujoco: System = reinforcementSystem({
  title: "bodies of MuJoCo, after Gymnasium",
  scenarios: {
    hopper: "one leg that hops forward",
    half_cheetah: "half of a cheetah, which runs",
    walker2d: "two legs that walk in a plane",
    ant: "four legs around a ball",
    humanoid: "a torso, two arms and two legs, which walk",
    humanoid3d: "the humanoid of DeepMimic, 28 motors: stay on the feet",
  } satisfies Readonly<Record<MujocoName, string>>,
  algorithms: { ppo: ppo("ippo", "PPO"), trpo: trpo("TRPO: each step of the policy inside of a trust region") },
  usual: { humanoid3d: "trpo" },
  task,
  presets: ["tuned"],
  preset: (_, scenario, algorithm) => preset(scenario as MujocoName, algorithm),
  presetBelow: () => "tuned",
  world({ scenarioName, ...config }) {
    const { maxSteps, workers } = config as unknown as ValuesOf<typeof task>;
    return new MujocoWorld(scenarioName as MujocoName, { maxSteps, ...workers !== null && { workers } });
  },
});
