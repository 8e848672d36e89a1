/** The particle worlds of VMAS, trained by multi-agent PPO or TRPO. */

import { ppo } from "../reinforcement/ppo.ts";
import { trpo } from "../reinforcement/trpo.ts";
import { reinforcementSystem } from "../reinforcement/system.ts";
import type { System } from "../system.ts";
import { UsageError } from "../usage.ts";
import { preset, presetBelow, presets } from "./presets.ts";
import { type ParticleTask, particleWorld, scenarios, task } from "./scenarios.ts";

/** See the file's first line. */
export const particle: System = reinforcementSystem({
  title: "particle worlds of VMAS",
  scenarios: Object.fromEntries(Object.entries(scenarios).map(([name, { help }]) => [name, help])),
  algorithms: {
    mappo: ppo("mappo", "PPO whose critic sees all agents"),
    ippo: ppo("ippo", "PPO whose critic sees one agent"),
    trpo: trpo("TRPO: each step of the policy inside of a trust region"),
  },
  task,
  presets,
  preset,
  presetBelow,
  world: (config) => particleWorld(config.scenarioName, config as unknown as ParticleTask),
  checkTask({ scenarioName, nAgents }) {
    if (scenarioName !== "buzz_wire" || nAgents === 2) return;
    throw new UsageError(
      `--n-agents ${nAgents} does not go with buzz_wire, which is for two agents: give --n-agents 2.`,
    );
  },
});
