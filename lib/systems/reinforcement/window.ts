/** What learns by the gradient of a world as algorithms of systems: backpropagation through the rollout, and SHAC. */

import { type BPTTOptions, BPTTTrainer } from "../../rl/bptt_trainer.ts";
import { type SHACOptions, SHACTrainer } from "../../rl/shac_trainer.ts";
import type { WindowOptions } from "../../rl/window_options.ts";
import type { Environment } from "../../worlds/environment.ts";
import { isHostWorld } from "../../worlds/host/world.ts";
import { called, integer, positive, real, type Table } from "../option.ts";
import { counted } from "../text.ts";
import type { Agent, Algorithm } from "./algorithm.ts";
import { adamRows, advantageRows, batchRows, networkRows } from "./on_policy.ts";
import { ppoSettings } from "./ppo.ts";
import { trpoSettings } from "./trpo.ts";

const rows = {
  hiddenSize: networkRows.hiddenSize,
  nIters: batchRows.nIters,
  envs: { ...batchRows.envs, min: 1, initial: 64, help: "environments side by side" },
  horizon: called(["windowSteps", "truncation"], integer(1, 100_000, 32, "steps through which gradients flow back")),
  windows: integer(1, 10_000, 8, "windows in an iteration, an update after each"),
  lr: { ...adamRows.lr, initial: 2e-3 },
  lrSchedule: adamRows.lrSchedule,
  maxGradNorm: positive(1e9, 1, ppoSettings.maxGradNorm.help),
};

const shacRows = {
  ...rows,
  gamma: advantageRows.gamma,
  lmbda: { ...advantageRows.lmbda, initial: 0.95, help: "lambda of the critic's targets" },
  nCriticUpdates: { ...trpoSettings.nCriticUpdates, initial: 16, help: "passes of the critic over a window" },
  minibatchSize: { ...adamRows.minibatchSize, initial: 512, help: "frames in a minibatch of the critic" },
  tau: called(["targetTau", "polyak"], real(0, 1, 0.8, "how far the target critic follows after a window")),
};

type Create = (world: Environment, options: WindowOptions) => Promise<unknown>;

function windowAlgorithm(name: string, help: string, settings: Table, create: Create): Algorithm {
  return {
    ...{ help, settings, beside: { gradient: "train/grad_norm" } },
    check: () => {},
    endsWith: ({ lrSchedule }) => lrSchedule === "constant" ? null : `the ${lrSchedule} schedule of the learning rate`,
    describe(config) {
      const { envs, horizon, windows } = config as unknown as WindowOptions;
      return `${counted(windows!, "window")} of ${counted(envs, "env")} x ${
        counted(horizon, "step")
      }, an update after each`;
    },
    async create(world, config) {
      if (isHostWorld(world)) {
        throw new RangeError(
          `${name} learns by the gradient of a world, and ${world.name} is simulated on the host: it has none.`,
        );
      }
      const given = Object.fromEntries(Object.keys(settings).map((name) => [name, config[name]]));
      return await create(world, { ...given, seed: config.seed } as unknown as WindowOptions) as Agent;
    },
  };
}

/** Backpropagation through the rollout. */
export function bptt(help: string): Algorithm {
  return windowAlgorithm("bptt", help, rows, (world, options) => BPTTTrainer.create(world, options as BPTTOptions));
}

/** SHAC. */
export function shac(help: string): Algorithm {
  return windowAlgorithm("shac", help, shacRows, (world, options) => SHACTrainer.create(world, options as SHACOptions));
}
