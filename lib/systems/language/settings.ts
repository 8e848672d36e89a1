/** The settings of language models: what is read, how large the model is, and how it learns. */

import { type LanguageTrainerOptions, type lmAlgorithms, weighers, withoutStages } from "../../lm/options.ts";
import { called, choice, integer, path, positive, real, toggle } from "../option.ts";
import type { Config, Settings } from "../settings.ts";
import type { AlgorithmFacts } from "../system.ts";

/** The size of the model. */
export const modelRows = {
  dModel: called(["nEmbd", "embedDim"], integer(2, 65_536, 128, "features of a byte")),
  numLayers: called(["nLayer", "depth"], integer(2, 1000, 5, "layers, those of the heads among them")),
  numHeads: called(["nHead"], integer(1, 1000, 4, "heads of attention in a layer")),
};

/** Bytes of a row, where a text goes on and on. */
export const contextRow = { contextLength: called(["blockSize", "seqLen"], integer(4, 65_536, 256, "bytes of a row")) };

/** Of the sums. */
export const sumsRows = {
  digits: integer(1, 9, 3, "digits of a summand, at most"),
  corrupted: real(0, 1, 0.5, "share of sums of which a digit is wrong"),
};

/** Of a text of one's own. */
export const textRows = {
  data: called(["dataset", "file", "corpus"], path(null, "the text to learn from: a file of any bytes")),
};

const pace = {
  nIters: called(["maxIters", "iters", "iterations", "maxSteps"], integer(1, 10_000_000, 100, "iterations")),
  batchesPerIteration: integer(1, 1_000_000, 10, "batches that an iteration learns from"),
  batchSize: integer(1, 1_000_000, 16, "rows of a batch"),
  accumulate: called(
    ["gradAccum", "gradientAccumulationSteps"],
    integer(1, 100_000, 1, "parts of a batch whose gradients are added before a step"),
  ),
  lr: called(
    ["learningRate"],
    positive(1, 2e-3, "highest rate of AdamW; it falls as a cosine to 3%"),
  ),
  warmup: called(["warmupRatio", "warmupSteps"], real(0, 1, 0.03, "share of the steps over which it rises")),
  weightDecay: called(["wd"], real(0, 10, 0.1, "share of the weights taken off at every step, times the rate")),
  maxGradNorm: called(["gradClip"], positive(1e9, 1, "norm to which gradients are clipped")),
};

const ahead = { predictions: called(["numPredictions"], integer(2, 64, 4, "bytes predicted at once, by a head each")) };

const stages = {
  pretrainShare: real(0, 1, 0.3, "share of the iterations with even weights that come first"),
  stage1Share: real(0, 1, 0.1, "share of them for stage 1, in which the model stays as it is"),
  stage1Lr: positive(1, 1e-3, "learning rate of critic or reference"),
};

const temperature = {
  weightTemperature: positive(1e6, 0.7, "what scores of heads are divided by"),
};

const critic = {
  deltaDiscount: real(0, 1, 0.95, "how much of the value before is taken from a value"),
  gamma: real(0, 1, 0.99, "discount of rewards"),
  lmbda: real(0, 1, 0.95, "decay of generalised advantages"),
  valueCoef: real(0, 1000, 0.1, "share of the critic's loss in stage 2"),
  weigher: choice(
    weighers,
    "critic",
    "whose values weigh; shuffled: another row's",
  ),
  detachWeights: toggle(true, "no gradient flows through the weights of heads"),
};

const rho = { keep: positive(1, 0.6, "share of the bytes that are kept") };

/** The algorithms, with their settings. */
export const algorithms: Readonly<Record<typeof lmAlgorithms[number], AlgorithmFacts>> = {
  mtp: { help: "several bytes ahead, all heads alike", settings: { ...pace, ...ahead } },
  ntp: { help: "the next byte alone", settings: pace },
  "critic-wmtp": {
    help: "heads weighed by how much a critic's value changes at what they say",
    settings: { ...pace, ...ahead, ...stages, ...temperature, ...critic },
  },
  "rho1-wmtp": {
    help: "heads weighed by how much worse they are than a reference",
    settings: { ...pace, ...ahead, ...stages, ...temperature },
  },
  "rho1-tokenskip": {
    help: "only what is said much worse than a reference says it counts",
    settings: { ...pace, ...ahead, ...stages, ...rho },
  },
};

/** The settings that suit a scenario. */
export function presetOf(scenario: string, algorithm: string): Settings {
  const isCritic = algorithm === "critic-wmtp";
  if (scenario === "sums") return { batchSize: 128, ...isCritic && { gamma: 1 } };
  // Far rewards would drown what a single byte changes.
  return isCritic ? { gamma: 0.9 } : {};
}

/** What a trainer is made by. */
export function trainerOptions(config: Config): LanguageTrainerOptions {
  const { pretrainShare = 0, stage1Share = 0, predictions = 1, weightTemperature, nIters } = config;
  // A share of a short run is an iteration at least: what was never taught would weigh the heads.
  const iterations = (share: unknown): number =>
    Number(share) > 0 ? Math.max(1, Math.round(Number(share) * nIters)) : 0;
  return {
    ...withoutStages,
    ...config,
    ...weightTemperature !== undefined && { temperature: weightTemperature },
    predictions: Number(predictions),
    pretrainIters: iterations(pretrainShare),
    stage1Iters: iterations(stage1Share),
  } as unknown as LanguageTrainerOptions;
}
