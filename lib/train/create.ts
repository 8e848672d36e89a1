/** The trainer of a configuration: the world by its name, PPO on it, on the device that was asked for. */

import { useDevice } from "../engine/select.ts";
import { PPOTrainer } from "../rl/ppo_trainer.ts";
import { BuzzWire } from "../worlds/buzz_wire.ts";
import type { Environment } from "../worlds/environment.ts";
import { Navigation } from "../worlds/navigation.ts";
import { ReverseTransport } from "../worlds/reverse_transport.ts";
import { Wheel } from "../worlds/wheel.ts";
import { UsageError } from "./error.ts";
import type { Config } from "./options.ts";

/** The scenarios, by the names of the command line. */
const scenarios: Readonly<Record<Config["scenarioName"], (config: Config) => Environment>> = {
  navigation: ({ nAgents, maxSteps }) => new Navigation({ nAgents, maxSteps }) as Environment,
  wheel: ({ nAgents, maxSteps }) => new Wheel({ nAgents, maxSteps }) as unknown as Environment,
  reverse_transport: ({ nAgents, maxSteps }) => new ReverseTransport({ nAgents, maxSteps }) as unknown as Environment,
  buzz_wire: ({ maxSteps }) => new BuzzWire({ maxSteps }) as unknown as Environment,
};

/** The world of a configuration. Throws a {@linkcode UsageError} if it refuses its options. */
export function createEnvironment(config: Config): Environment {
  try {
    return scenarios[config.scenarioName](config);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** Makes `device` that of the process. Throws a {@linkcode UsageError} if it cannot be had. */
export async function chooseDevice(device: Config["device"]): Promise<void> {
  try {
    await useDevice(device);
  } catch (error) {
    throw new UsageError(`--device ${device}: ${(error as Error).message}`);
  }
}

/** Makes the trainer. Throws a {@linkcode UsageError} if the device cannot be had or the world refuses its options. */
export async function createTrainer(config: Config): Promise<PPOTrainer> {
  await chooseDevice(config.device);
  return await PPOTrainer.create(createEnvironment(config), config);
}
