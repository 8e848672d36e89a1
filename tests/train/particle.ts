/** The particle system as the tests of the command ask it: configurations by the names of their scenarios. */

import { batchOf as batchOfPPO, minibatchesOf, type PPOSettings } from "../../lib/systems/reinforcement/ppo.ts";
import { particle } from "../../lib/systems/particle/system.ts";
import { type ParticleTask, particleWorld } from "../../lib/systems/particle/scenarios.ts";
import type { CommonConfig, Settings } from "../../lib/systems/settings.ts";
import * as config from "../../lib/train/command/config.ts";
import { presetText as textOf } from "../../lib/train/command/presets.ts";
import type { Environment } from "../../lib/worlds/environment.ts";
import { ActionRepeat } from "../../lib/worlds/repeat.ts";

/** A configuration of a particle world trained by PPO. */
export type Config = CommonConfig & ParticleTask & PPOSettings & Settings;

/** The defaults, which are those of navigation. */
export const defaults = config.defaultsOf(particle, "navigation", "mappo") as Config;

export function newConfig(given: Partial<Config>, preset?: string): Config {
  const { scenarioName = "navigation" } = given;
  return config.newConfig(particle, scenarioName, given as Settings, preset) as Config;
}

export function parseConfig(value: object): Config {
  return config.parseConfig(particle, value as Settings) as Config;
}

export function resumedConfig(run: Config, given: Partial<Config>): Config {
  return config.resumedConfig(particle, run, given as Settings) as Config;
}

export function presetText(run: Config): string {
  return textOf(particle, run);
}

export function batchOf(
  run: Pick<Config, "framesPerBatch" | "maxSteps" | "minibatchSize" | "actionRepeat"> & { readonly envs?: number },
) {
  const settings = { envs: 0, recurrent: "none", sequenceLength: 10, ...run } as const;
  const { envs, steps } = batchOfPPO(settings, run.maxSteps);
  const minibatches = minibatchesOf(settings, { envs, steps });
  return { envs, steps, frames: envs * steps * run.actionRepeat, minibatches };
}

/** The world of a configuration. */
export function createEnvironment(run: Config): Environment {
  const world = particleWorld(run.scenarioName, run);
  return run.actionRepeat === 1 ? world : new ActionRepeat(world, run.actionRepeat);
}
