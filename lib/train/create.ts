/** The trainer of a configuration: the world by its name, PPO on it, on the device that was asked for. */

import { useDevice } from "../engine/select.ts";
import { PPOTrainer } from "../rl/ppo_trainer.ts";
import { BuzzWire } from "../worlds/particle/scenarios/buzz_wire.ts";
import type { Environment } from "../worlds/environment.ts";
import { Navigation } from "../worlds/particle/scenarios/navigation.ts";
import { ActionRepeat } from "../worlds/repeat.ts";
import { ReverseTransport } from "../worlds/particle/scenarios/reverse_transport.ts";
import { Wheel } from "../worlds/particle/scenarios/wheel.ts";
import { UsageError } from "./files/error.ts";
import type { Config } from "./command/options.ts";

/** The options that every scenario has. */
interface CommonOptions {
  readonly nAgents: number;
  readonly maxSteps: number;
  readonly continuousActions: boolean;
}

/** The scenarios, by the names of the command line. */
const scenarios: Readonly<Record<Config["scenarioName"], (options: CommonOptions) => Environment>> = {
  navigation: (options) => new Navigation(options) as Environment,
  wheel: (options) => new Wheel(options) as unknown as Environment,
  reverse_transport: (options) => new ReverseTransport(options) as unknown as Environment,
  buzz_wire: ({ nAgents: _, ...options }) => new BuzzWire(options) as unknown as Environment,
};

/** The world of a configuration. Throws a {@linkcode UsageError} if it refuses its options. */
export function createEnvironment(config: Config): Environment {
  const { scenarioName, nAgents, maxSteps, actions, actionRepeat } = config;
  try {
    const world = scenarios[scenarioName]({ nAgents, maxSteps, continuousActions: actions === "continuous" });
    return actionRepeat === 1 ? world : new ActionRepeat(world, actionRepeat);
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
