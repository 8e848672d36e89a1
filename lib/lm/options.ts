/** The settings of a language model that learns. */

/** The ways to weigh heads. */
export const lmAlgorithms = ["ntp", "mtp", "critic-wmtp", "rho1-wmtp", "rho1-tokenskip"] as const;

/** One of {@linkcode lmAlgorithms}. */
export type LMAlgorithm = typeof lmAlgorithms[number];

/** Whose values weigh the heads: the critic's, those of another row as a control, or those of one who knows the answer. */
export const weighers = ["critic", "shuffled", "oracle"] as const;

/** Everything that a {@linkcode LanguageTrainer} is made by. */
export interface LanguageTrainerOptions {
  readonly algorithm: LMAlgorithm;
  readonly seed: number;
  /** Iterations of the whole run. */
  readonly nIters: number;
  /** Batches that an iteration learns from. */
  readonly batchesPerIteration: number;
  /** Rows of a batch. */
  readonly batchSize: number;
  /** Parts of a batch whose gradients are added before a step. */
  readonly accumulate: number;
  readonly dModel: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly predictions: number;
  /** The highest learning rate; it rises over the share `warmup` of the steps, and falls as a cosine to 3% of itself. */
  readonly lr: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  /** Iterations with even weights that come first. */
  readonly pretrainIters: number;
  /** Iterations of stage 1, after those: critic or reference learn, and the model does not. */
  readonly stage1Iters: number;
  /** The learning rate of critic or reference. */
  readonly stage1Lr: number;
  /** What scores are divided by before the softmax over heads. */
  readonly temperature: number;
  /** How much of the value before is taken from a value. */
  readonly deltaDiscount: number;
  readonly gamma: number;
  readonly lmbda: number;
  /** The share of the critic's loss in stage 2. */
  readonly valueCoef: number;
  readonly weigher: typeof weighers[number];
  readonly detachWeights: boolean;
  /** The share of tokens that `rho1-tokenskip` keeps. */
  readonly keep: number;
}

/** Settings that an algorithm does not have, as they are where they do not matter. */
export const withoutStages: Pick<
  LanguageTrainerOptions,
  | "pretrainIters"
  | "stage1Iters"
  | "stage1Lr"
  | "temperature"
  | "deltaDiscount"
  | "gamma"
  | "lmbda"
  | "valueCoef"
  | "weigher"
  | "detachWeights"
  | "keep"
> = {
  ...{ pretrainIters: 0, stage1Iters: 0, stage1Lr: 1e-3, temperature: 0.7, deltaDiscount: 0.95, gamma: 0.99 },
  ...{ lmbda: 0.95, valueCoef: 0.1, weigher: "critic", detachWeights: true, keep: 0.6 },
};
