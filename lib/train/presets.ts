/**
 * Settings by scenario. `seed` is the recipe of the notes that this project began with; `tuned` is what was found to learn
 * better, or the seed's where nothing better is known. What a preset leaves out has the default of its option.
 */

import { type Config, settings } from "./command/options.ts";

type Scenario = Config["scenarioName"];

/** The names of the command line. */
export type PresetName = "seed" | "tuned";

/** What a preset may say: all but the world, the seed, the device and the files. */
export type Preset = Partial<Omit<Config, "scenarioName" | "seed" | "device" | "saveEvery">>;

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

/** The settings of a preset. */
export function preset(scenario: Scenario, name: PresetName): Preset {
  return { ...extents[scenario], ...{ seed, tuned }[name][scenario] };
}

/**
 * The preset below flags that were given without one: `tuned`, which is one whole; but `seed` where a number of the seed's
 * recipe is given, so that a command which spells its recipe out gets that and nothing else.
 */
export function presetBelow(given: Partial<Config>): PresetName {
  return Object.keys(given).some((name) => name in seed.navigation) ? "seed" : "tuned";
}

/** The preset that is nearest to settings of a scenario, and where they depart from it. */
export interface Departure {
  readonly preset: PresetName;
  readonly apart: readonly (readonly [name: string, value: unknown])[];
}

/** See {@linkcode Departure}. Only what `given` names is compared. */
export function departureOf(scenario: Scenario, given: Preset): Departure {
  const [seed, tuned] = (["seed", "tuned"] as const).map((name): Departure => {
    const row: Readonly<Record<string, unknown>> = preset(scenario, name);
    const initial = (key: string) => key in row ? row[key] : settings[key as keyof typeof settings].initial;
    return { preset: name, apart: Object.entries(given).filter(([key, value]) => value !== initial(key)) };
  }) as [Departure, Departure];
  return tuned.apart.length < seed.apart.length ? tuned : seed;
}

/** By which preset a configuration goes, and where it departs from it: "seed, but lr 0.001". */
export function presetText(config: Config): string {
  const { scenarioName, seed: _, device: __, saveEvery: ___, nIters: ____, ...rest } = config;
  const { preset, apart } = departureOf(scenarioName, rest);
  return apart.length === 0 ? preset : `${preset}, but ${apart.map(([key, value]) => `${key} ${value}`).join(", ")}`;
}
