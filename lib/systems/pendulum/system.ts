/** Gymnasium's pendulum, by PPO or TRPO: as functions of tensors, and as simulations on the host. */

import { HostPendulum } from "../../worlds/pendulum/host.ts";
import { Pendulum } from "../../worlds/pendulum/pendulum.ts";
import type { Environment } from "../../worlds/environment.ts";
import { integer, type ValuesOf } from "../option.ts";
import { ppo } from "../reinforcement/ppo.ts";
import { trpo } from "../reinforcement/trpo.ts";
import { reinforcementSystem } from "../reinforcement/system.ts";
import type { System } from "../system.ts";

const task = {
  maxSteps: integer(1, 1_000_000, 200, "steps after which an episode is cut off"),
};

const ppoPreset = { numEpochs: 10, lr: 2e-3, lrSchedule: "linear", maxGradNorm: 0.5, entropyEps: 0 } as const;
const trpoPreset = { nIters: 100, nCriticUpdates: 10 } as const;

/** See the file's first line. */
export const pendulum: System = reinforcementSystem({
  title: "pendulum of Gymnasium",
  scenarios: {
    pendulum: "swing a rod up and hold it there, in tensors",
    host_pendulum: "the same, simulated on the host",
  },
  algorithms: { ppo: ppo("ippo", "PPO"), trpo: trpo("TRPO: each step of the policy inside of a trust region") },
  task,
  presets: ["tuned"],
  preset: (_name, _scenario, algorithm) => ({
    ...{ hiddenSize: 64, nIters: 50, framesPerBatch: 4000, minibatchSize: 200, gamma: 0.9, lmbda: 0.95 },
    ...{ normalizeValues: true, normalizeAdvantages: true },
    ...(algorithm === "trpo" ? trpoPreset : ppoPreset),
  }),
  presetBelow: () => "tuned",
  world({ scenarioName, ...config }) {
    const { maxSteps } = config as unknown as ValuesOf<typeof task>;
    return scenarioName === "pendulum"
      ? new Pendulum({ maxSteps }) as unknown as Environment
      : new HostPendulum({ maxSteps });
  },
});
