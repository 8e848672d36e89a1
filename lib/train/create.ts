/** The trainer of a configuration: the world by its name, PPO on it, on the device that was asked for. */

import { useDevice } from "../engine/select.ts";
import { PPOTrainer } from "../rl/ppo_trainer.ts";
import type { Environment } from "../worlds/environment.ts";
import { Navigation } from "../worlds/navigation.ts";
import { UsageError } from "./error.ts";
import type { Config } from "./options.ts";
import type { Trainer } from "./trainer.ts";

/** The scenarios, by the names of the command line. */
const scenarios: Readonly<Record<Config["scenarioName"], (config: Config) => Environment>> = {
  navigation: ({ nAgents, maxSteps }) => new Navigation({ nAgents, maxSteps }) as Environment,
};

/** Makes the trainer. Throws a {@linkcode UsageError} if the device cannot be had. */
export async function createTrainer(config: Config): Promise<Trainer> {
  try {
    await useDevice(config.device);
  } catch (error) {
    throw new UsageError(`--device ${config.device}: ${(error as Error).message}`);
  }
  return await PPOTrainer.create(scenarios[config.scenarioName](config), config);
}
