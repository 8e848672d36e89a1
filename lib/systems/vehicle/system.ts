/** A car that learns to follow tracks, by PPO, TRPO, or the gradient of the drive: BPTT and SHAC. */

import { carNames } from "../../worlds/vehicle/models/cars.ts";
import { modelNames } from "../../worlds/vehicle/models/model.ts";
import { trackNames } from "../../worlds/vehicle/tracks/curves.ts";
import { Vehicle } from "../../worlds/vehicle/vehicle.ts";
import type { Environment } from "../../worlds/environment.ts";
import { choice, integer, needing, type Option, positive, real, type ValuesOf } from "../option.ts";
import { ppo } from "../reinforcement/ppo.ts";
import { trpo } from "../reinforcement/trpo.ts";
import { reinforcementSystem } from "../reinforcement/system.ts";
import { bptt, shac } from "../reinforcement/window.ts";
import type { Settings } from "../settings.ts";
import type { System } from "../system.ts";

/** `row`, which is about tracks that are drawn. */
function ofRandom<O extends Option>(row: O): O {
  return needing("--track random", ({ track }) => track === "random", row);
}

const task = {
  maxSteps: integer(1, 1_000_000, 400, "steps after which an episode is cut off"),
  model: choice(modelNames, "st", "kinematic, single track, drift or multi-body"),
  car: choice(carNames, "bmw_320i", "whose numbers"),
  track: choice(trackNames, "circuit", "the way to follow"),
  trackSeed: ofRandom(integer(0, 2 ** 32 - 1000, 0, "the first of the `random` tracks")),
  trackCount: ofRandom(integer(1, 1000, 8, "how many `random` tracks there are")),
  maxSpeed: positive(100, 15, "the largest speed of a track, m/s"),
  halfWidth: positive(100, 3, "from the middle to the edge of a track, m"),
  spread: real(0, 0.9, 0, "how far mass, grip and lag differ from the car's, as a share"),
};

const common = {
  ...{ hiddenSize: 64, nIters: 40, envs: 64, framesPerBatch: 8192, minibatchSize: 512, gamma: 0.97, lmbda: 0.95 },
  ...{ normalizeValues: true, normalizeAdvantages: true },
} as const;
// With twice the rate some seeds come to steer so hard that the closed loop oscillates, and its gradient explodes.
const window = { hiddenSize: 64, nIters: 32, windows: 16, lr: 2e-3, lrSchedule: "linear", maxGradNorm: 0.3 } as const;
const presets: Readonly<Record<string, Settings>> = {
  ppo: { ...common, nIters: 100, numEpochs: 10, lr: 1e-3, lrSchedule: "linear", maxGradNorm: 0.5, entropyEps: 0 },
  trpo: { ...common, nCriticUpdates: 10 },
  bptt: window,
  shac: { ...window, horizon: 16, gamma: 0.97, nCriticUpdates: 2, minibatchSize: 256 },
};

/** See the file's first line. */
export const vehicle: System = reinforcementSystem({
  title: "cars on tracks",
  scenarios: { vehicle: "drive along a track as its middle and its bends ask for" },
  algorithms: {
    ppo: ppo("ippo", "PPO"),
    trpo: trpo("TRPO: each step of the policy inside of a trust region"),
    bptt: bptt("backpropagation through the rollout: the gradient of rewards through the physics"),
    shac: shac("SHAC: the same in short windows, at whose ends a critic says what is to come"),
  },
  task,
  presets: ["tuned"],
  preset: (_name, _scenario, algorithm) => presets[algorithm]!,
  presetBelow: () => "tuned",
  world: (config) => new Vehicle(worldOptionsOf(config as unknown as ValuesOf<typeof task>)) as unknown as Environment,
});

/** What of the settings makes the world. */
function worldOptionsOf(settings: ValuesOf<typeof task>): ValuesOf<typeof task> {
  const names = Object.keys(task) as (keyof typeof task)[];
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as unknown as ValuesOf<typeof task>;
}
