/** Backpropagation through the rollout as an algorithm of systems. */

import type { BPTTOptions } from "../../rl/bptt_options.ts";
import { BPTTTrainer } from "../../rl/bptt_trainer.ts";
import { isHostWorld } from "../../worlds/host/world.ts";
import { called, integer, positive } from "../option.ts";
import { counted } from "../text.ts";
import type { Agent, Algorithm } from "./algorithm.ts";
import { adamRows, batchRows, networkRows } from "./on_policy.ts";
import { ppoSettings } from "./ppo.ts";

const settings = {
  hiddenSize: networkRows.hiddenSize,
  nIters: batchRows.nIters,
  envs: { ...batchRows.envs, min: 1, initial: 64, help: "environments side by side" },
  horizon: called(["windowSteps", "truncation"], integer(1, 100_000, 32, "steps through which gradients flow back")),
  windows: integer(1, 10_000, 8, "windows in an iteration, an update after each"),
  lr: { ...adamRows.lr, initial: 2e-3 },
  lrSchedule: adamRows.lrSchedule,
  maxGradNorm: positive(1e9, 1, ppoSettings.maxGradNorm.help),
};

/** Backpropagation through the rollout. */
export function bptt(help: string): Algorithm {
  return {
    ...{ help, settings, beside: { gradient: "train/grad_norm" } },
    check: () => {},
    endsWith: ({ lrSchedule }) => lrSchedule === "constant" ? null : `the ${lrSchedule} schedule of the learning rate`,
    describe(config) {
      const { envs, horizon, windows } = config as unknown as BPTTOptions;
      return `${counted(windows!, "window")} of ${counted(envs, "env")} x ${
        counted(horizon, "step")
      }, an update after each`;
    },
    async create(world, config) {
      if (isHostWorld(world)) {
        throw new RangeError(
          `bptt learns by the gradient of a world, and ${world.name} is simulated on the host: it has none.`,
        );
      }
      const names = Object.keys(settings) as (keyof typeof settings)[];
      const given = Object.fromEntries(names.map((name) => [name, config[name]]));
      return await BPTTTrainer.create(
        world,
        { ...given, seed: config.seed } as unknown as BPTTOptions,
      ) as unknown as Agent;
    },
  };
}
