/**
 * Settings by scenario. `seed` is the recipe of the notes that this project began with; `tuned` is what was found to learn
 * better, or the seed's where nothing better is known. What a preset leaves out has the default of its option.
 */

import type { ValuesOf } from "../option.ts";
import type { CommonConfig, Settings } from "../settings.ts";
import type { PPOSettings } from "../reinforcement/ppo.ts";
import type { TRPOSettings } from "../reinforcement/trpo.ts";
import type { scenarios, task } from "./scenarios.ts";

type Scenario = keyof typeof scenarios;

/** What a preset may say: all but the world, the seed, the device and the files. */
type Preset = Partial<ValuesOf<typeof task> & PPOSettings & Pick<CommonConfig, "nIters">>;

/** The names of the presets. */
export const presets = ["seed", "tuned"] as const;

/** The size of the task, and for how long to train. */
const extents: Readonly<Record<Scenario, Preset>> = {
  navigation: { nAgents: 3, maxSteps: 100, nIters: 10 },
  reverse_transport: { nAgents: 3, maxSteps: 500, nIters: 250 },
  wheel: { nAgents: 4, maxSteps: 100, nIters: 500 },
  buzz_wire: { nAgents: 2, maxSteps: 150, nIters: 20 },
};

const common = { maxGradNorm: 1, clipEpsilon: 0.2, gamma: 0.99, lmbda: 0.9 };

const seed = {
  navigation: { framesPerBatch: 6000, numEpochs: 30, minibatchSize: 400, lr: 3e-4, entropyEps: 1e-4, ...common },
  reverse_transport: {
    framesPerBatch: 32768,
    numEpochs: 4,
    minibatchSize: 8192,
    lr: 3e-4,
    entropyEps: 1e-4,
    ...common,
  },
  wheel: {
    framesPerBatch: 6000,
    numEpochs: 4,
    minibatchSize: 4096,
    lr: 1e-3,
    entropyEps: 1e-2,
    ...common,
    lmbda: 0.95,
  },
  buzz_wire: { framesPerBatch: 4096, numEpochs: 3, minibatchSize: 1024, lr: 5e-4, entropyEps: 5e-4, ...common },
} satisfies Readonly<Record<Scenario, Preset>>;

/** Small networks on scaled observations and values, which learn from discrete pushes that are held for some steps. */
const held: Preset = {
  actions: "discrete",
  nIters: 500,
  hiddenSize: 64,
  numEpochs: 8,
  lrSchedule: "linear",
  entropySchedule: "linear",
  normalizeObservations: true,
  normalizeValues: true,
  normalizeAdvantages: true,
  maxGradNorm: 1,
  clipEpsilon: 0.2,
};

const tuned: Readonly<Record<Scenario, Preset>> = {
  navigation: seed.navigation,
  // Values of up to a hundred times a reward are learned on their own scale, or not for a long time.
  reverse_transport: {
    ...seed.reverse_transport,
    numEpochs: 6,
    minibatchSize: 2048,
    lr: 5e-4,
    normalizeValues: true,
    normalizeAdvantages: true,
  },
  wheel: {
    ...held,
    // The team has to agree on a direction, whatever the angle of the line: observations are not brought to a common scale, the
    // horizon is short, and the entropy bonus is large until it has; else it settles on directions that change with the angle.
    normalizeObservations: false,
    entropyEps: 0.05,
    entropySchedule: "cosine",
    framesPerBatch: 48000,
    minibatchSize: 500,
    lr: 3e-3,
    gamma: 0.95,
    lmbda: 0.88,
    actionRepeat: 4,
  },
  buzz_wire: {
    ...held,
    // Alone neither agent knows where the ball hangs between the two.
    centralisedPolicy: true,
    framesPerBatch: 12000,
    minibatchSize: 500,
    lr: 1e-3,
    entropyEps: 0.01,
    gamma: 0.98,
    lmbda: 0.9,
    actionRepeat: 2,
  },
};

/** What a preset of TRPO may say. */
type TRPOPreset = Partial<ValuesOf<typeof task> & TRPOSettings & Pick<CommonConfig, "nIters">>;

/** What TRPO learns with in all scenarios: the notes know PPO only. */
const trpoCommon: TRPOPreset = {
  centralisedCritic: true,
  hiddenSize: 64,
  framesPerBatch: 6000,
  minibatchSize: 500,
  nCriticUpdates: 10,
};

const trpo: Readonly<Record<Scenario, TRPOPreset>> = {
  navigation: { ...trpoCommon, nIters: 50 },
  reverse_transport: { ...trpoCommon, framesPerBatch: 32768, minibatchSize: 2048, normalizeValues: true },
  wheel: { ...trpoCommon, actions: "discrete", framesPerBatch: 48000, actionRepeat: 4, gamma: 0.95, lmbda: 0.88 },
  buzz_wire: {
    ...trpoCommon,
    ...{ actions: "discrete", actionRepeat: 2, gamma: 0.98, lmbda: 0.9, nIters: 500 },
    ...{ centralisedPolicy: true, framesPerBatch: 12000, normalizeObservations: true, normalizeValues: true },
  },
};

/** The settings of a preset. */
export function preset(name: string, scenario: string, algorithm: string): Settings {
  if (algorithm === "trpo") return { ...extents[scenario as Scenario], ...trpo[scenario as Scenario] };
  const table = name === "seed" ? seed : tuned;
  return { ...extents[scenario as Scenario], ...table[scenario as Scenario] };
}

/**
 * The preset below flags that were given without one: `tuned`, which is one whole; but `seed` where a number of the seed's
 * recipe is given, so that a command which spells its recipe out gets that and nothing else. TRPO has one, under both names.
 */
export function presetBelow(given: Settings): string {
  if (given.algorithm === "trpo") return "tuned";
  return Object.keys(given).some((name) => name in seed.navigation) ? "seed" : "tuned";
}
