/** A swarm that finds its way while its GPS lies: five algorithms, of which the last learns whom to trust. */

import { attackKinds } from "../../worlds/swarm/options.ts";
import { SpoofedSwarm } from "../../worlds/swarm/swarm.ts";
import { choice, integer, positive, real, toggle, type ValuesOf } from "../option.ts";
import { refusing, reinforcementSystem } from "../reinforcement/system.ts";
import type { Environment } from "../../worlds/environment.ts";
import type { Config, Settings } from "../settings.ts";
import type { System } from "../system.ts";
import { swarmAlgorithms } from "./algorithms.ts";
import { swarmEvaluation } from "./evaluation.ts";
import { swarmPlayers } from "./players.ts";

const task = {
  nAgents: integer(1, 64, 8, "agents of a swarm"),
  maxSteps: integer(1, 1_000_000, 48, "steps after which an episode ends"),
  attack: choice(attackKinds, "drift", "how offsets grow"),
  fraction: real(0, 1, 0.5, "the share of receivers that are spoofed"),
  liars: integer(0, 64, 1, "agents that claim what is not so"),
  collude: toggle(true, "liars claim the spoofer's offset, or else each its own"),
  range: positive(1e6, 10, "metres within which agents see each other"),
  gpsNoise: positive(1e3, 0.4, "the deviation of a GPS position, m"),
  gpsLoss: real(0, 1, 0, "the chance that a receiver gives nothing in a step"),
  motionNoise: real(0, 1e3, 0.1, "what every step adds to the motion, m"),
  biasNoise: real(0, 1e3, 0.06, "a constant error of an agent's steps, m"),
  attackSeed: integer(0, 2 ** 32 - 1, 0, "other attacks on the same flights"),
};

const settings: Settings = {
  ...{ nIters: 100, envs: 48, framesPerBatch: 2304, minibatchSize: 576, numEpochs: 5, hiddenSize: 64 },
  ...{ lr: 1e-3, lrSchedule: "cosine", maxGradNorm: 10, entropyEps: 0, gamma: 0.95, lmbda: 0.95 },
  ...{ normalizeValues: true, normalizeAdvantages: true, evalEvery: 20 },
};

function worldOf(config: Config): SpoofedSwarm {
  const given = config as unknown as ValuesOf<typeof task>;
  const names = Object.keys(task) as (keyof typeof task)[];
  return refusing(() => new SpoofedSwarm(Object.fromEntries(names.map((name) => [name, given[name]]))));
}

const players = swarmPlayers(worldOf);

/** See the file's first line. */
export const swarm: System = {
  ...reinforcementSystem({
    title: "spoofed swarms",
    scenarios: { spoofed_swarm: "fly to a goal although receivers are spoofed and agents lie" },
    algorithms: swarmAlgorithms,
    task,
    presets: ["tuned"],
    preset: (_name, _scenario, algorithm) => ({ ...settings, ...algorithm === "lstm-mappo" && { recurrent: "lstm" } }),
    presetBelow: () => "tuned",
    world: (config) => worldOf(config) as unknown as Environment,
    players,
  }),
  evaluation: swarmEvaluation(players),
};
