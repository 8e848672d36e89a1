/**
 * What algorithms of systems have in common that learn from batches of their own policy: rows of settings, the rules between
 * them, and how the trainer is made.
 */

import type { OnPolicyFacts } from "../../rl/policy_trainer.ts";
import { batchShape } from "../../rl/rollout.ts";
import {
  called,
  choice,
  type ChoiceOption,
  integer,
  needing,
  type NumberOption,
  positive,
  real,
  toggle,
  type ValuesOf,
} from "../option.ts";
import type { Config } from "../settings.ts";
import type { AlgorithmFacts, Otherwise } from "../system.ts";
import { counted } from "../text.ts";
import { UsageError } from "../usage.ts";
import type { Agent, Algorithm, AnyWorld, Networks } from "./algorithm.ts";

const schedules = ["constant", "linear", "cosine"] as const;
/** A row whose value is a schedule. */
export type ScheduleOption = ChoiceOption<typeof schedules[number]>;

/** A row: how something falls to 0. */
export function schedule(help: string): ScheduleOption {
  return choice(schedules, "constant", help);
}

/** What networks there are. */
export const networkRows = {
  centralisedPolicy: toggle(false, "each agent acts on what all observe, not on its own view"),
  shareParameters: called(
    ["sharePolicy", "sharePolicies", "sharePolicyParams"],
    toggle(true, "one network for all agents, or else one for each"),
  ),
  hiddenSize: called(
    ["hiddenDim", "hiddenSizes", "hiddenUnits"],
    integer(1, 10_000, 256, "units in each of the two hidden layers"),
  ),
  orthogonalInit: toggle(false, "weights are orthogonal at first, and biases 0"),
  distribution: needing(
    "--actions continuous",
    ({ actions }) => actions !== "discrete",
    choice(["tanh", "clipped"], "tanh", "what bounds actions that are numbers"),
  ),
  recurrent: called(
    ["memory", "rnn", "lstm", "gru"],
    choice(["none", "lstm", "gru"], "none", "whether policy and critic remember, and by what"),
  ),
  sequenceLength: needing(
    "--recurrent lstm or gru",
    ({ recurrent }) => recurrent !== "none",
    called(
      ["chunkLength", "dataChunkLength"],
      integer(1, 100_000, 10, "where they remember: steps that gradients flow back"),
    ),
  ),
};

/** What is collected. */
export const batchRows = {
  nIters: called(
    ["iterations", "iters", "maxIters", "numIterations", "numUpdates"],
    integer(1, 10_000_000, 10, "iterations: collect a batch, learn from it"),
  ),
  envs: called(
    ["numEnvs", "nEnvs"],
    integer(0, 1_000_000, 0, "environments side by side; 0: whole episodes fill a batch"),
  ),
  framesPerBatch: called(
    ["numSteps", "nSteps", "rolloutSteps", "rolloutLength", "trainBatchSize"],
    integer(1, 100_000_000, 6000, "frames to collect in an iteration, all envs together"),
  ),
};

const otherwise: Readonly<Record<string, Otherwise>> = {
  numTimesteps: {
    row: called([
      "totalTimesteps",
      "nTimesteps",
      "timesteps",
      "totalSteps",
      "steps",
      "totalFrames",
      "maxFrames",
      "frames",
    ], {
      kind: "integer",
      min: 1,
      max: 1e15,
      aboveMin: false,
      initial: null,
      help: "in place of --n-iters: frames in all, at least",
    } as NumberOption<null>),
    setting: "nIters",
    // What is no batch is refused by its own flag.
    value: (frames, { framesPerBatch }) => Number(framesPerBatch) > 0 ? Math.ceil(frames / Number(framesPerBatch)) : 1,
  },
};

/** How Adam learns from it. */
export const adamRows = {
  minibatchSize: called(
    ["batchSize"],
    integer(1, 100_000_000, 400, "frames (actions, where they are held) in a minibatch"),
  ),
  lr: called(["learningRate"], positive(1, 3e-4, "learning rate of Adam")),
  lrSchedule: called(["annealLr"], schedule("how it falls to 0 over the iterations")),
};

/** What rewards are worth, and on which scales they and observations are seen. */
export const advantageRows = {
  gamma: called(["discount", "discountFactor"], real(0, 1, 0.99, "discount of later rewards")),
  lmbda: called(
    ["lambda", "lam", "gaeLambda"],
    real(0, 1, 0.9, "lambda of generalised advantage estimation"),
  ),
  actionRepeat: integer(1, 1000, 1, "steps that an action is held; gamma and lambda count actions"),
  bootstrapTruncated: toggle(true, "an episode that is cut off is worth what the critic expects"),
  normalizeAdvantages: called(
    ["normAdv", "normalizeAdvantage"],
    toggle(false, "bring the advantages of a batch to mean 0, deviation 1"),
  ),
  normalizeObservations: called(
    ["normObs", "normalizeObs"],
    toggle(false, "see observations on the scale of their running mean and deviation"),
  ),
  normalizeValues: toggle(false, "learn values on the scale of their running mean and deviation"),
  normalizeRewards: called(
    ["normReward", "normalizeReward"],
    toggle(false, "learn from rewards on the scale of their discounted sums"),
  ),
};

const rows = { ...networkRows, ...batchRows, ...adamRows, ...advantageRows };

/** The settings that all have. */
export type OnPolicySettings = ValuesOf<typeof rows>;

/** How a batch is collected. */
export interface Batch {
  /** How many whole episodes fit into framesPerBatch; 1 or more. */
  readonly envs: number;
  /** Actions of each env in an iteration: envs x steps x actionRepeat is not below framesPerBatch, and every frame is used. */
  readonly steps: number;
}

type BatchSettings = Pick<
  OnPolicySettings,
  "framesPerBatch" | "minibatchSize" | "actionRepeat" | "envs" | "recurrent" | "sequenceLength"
>;

/** The shape of batches where an episode has at most `maxSteps` steps. */
export function batchOf(settings: BatchSettings, maxSteps: number): Batch {
  const { framesPerBatch, actionRepeat } = settings;
  const given = settings.envs === 0 ? undefined : settings.envs;
  const shape = batchShape(framesPerBatch, Math.ceil(maxSteps / actionRepeat), actionRepeat, given);
  const length = lengthOf(settings, shape.steps);
  return { envs: shape.envs, steps: Math.ceil(shape.steps / length) * length };
}

/** Updates in an epoch; the last may be of fewer frames. */
export function minibatchesOf(settings: BatchSettings, { envs, steps }: Batch): number {
  const length = lengthOf(settings, steps);
  return Math.ceil(envs * steps / length / Math.floor(settings.minibatchSize / length));
}

/** Steps that stay together in a minibatch: where networks remember a sequence, at most those of the batch; else 1. */
function lengthOf({ recurrent, sequenceLength }: BatchSettings, steps: number): number {
  return recurrent === "none" ? 1 : Math.min(sequenceLength, steps);
}

function checkBatch(config: OnPolicySettings, maxSteps: number): void {
  const { framesPerBatch, minibatchSize, actionRepeat } = config;
  if (config.envs === 0 && framesPerBatch < maxSteps) {
    throw new UsageError(
      `--frames-per-batch ${framesPerBatch} is less than one episode of --max-steps ${maxSteps}: ` +
        `give at least ${maxSteps} frames.`,
    );
  }
  const { envs, steps } = batchOf(config, maxSteps);
  checkAdvantages(config, envs * steps);
  const length = lengthOf(config, steps);
  if (minibatchSize < length) {
    throw new UsageError(
      `--minibatch-size ${minibatchSize} is less than a sequence of --sequence-length ${length}: minibatches are of whole ones.`,
    );
  }
  if (minibatchSize > envs * steps) {
    throw new UsageError(
      `--minibatch-size ${minibatchSize} is larger than the batch of ${envs * steps} ` +
        `${actionRepeat === 1 ? "frames" : "actions"}: give at most ${envs * steps}, or more --frames-per-batch.`,
    );
  }
}

/** Throws a {@linkcode UsageError} if there would be one number whose deviation is to be 1. */
function checkAdvantages({ normalizeAdvantages }: OnPolicySettings, frames: number): void {
  if (!normalizeAdvantages || frames > 1) return;
  throw new UsageError(
    "--normalize-advantages needs more than one frame in a batch, since one number has no deviation: give more " +
      "--frames-per-batch, or --no-normalize-advantages.",
  );
}

/** What tells one such algorithm from another. `S` has a value for each row of its settings. */
export interface OnPolicyParts<S extends OnPolicySettings> extends AlgorithmFacts {
  /** What would change if a run went on for more iterations than it was made for, beside the learning rate. */
  readonly endsWith?: (config: S) => string | null;
  /** What becomes of a batch of so many minibatches: "30 epochs of 15 minibatches". */
  readonly learns: (config: S, minibatches: number) => string;
  /** Makes the trainer. */
  readonly create: (world: AnyWorld, options: OptionsOf<S>) => Promise<Agent>;
}

/** Settings as trainers take them. */
export type OptionsOf<S extends OnPolicySettings> =
  & Omit<S, "actionRepeat" | "envs">
  & Networks
  & { readonly envs?: number; readonly seed: number };

/** The algorithm of its parts. */
export function onPolicyAlgorithm<S extends OnPolicySettings>(parts: OnPolicyParts<S>): Algorithm {
  const own = (config: Config): S => config as unknown as S;
  const { help, settings, beside = {}, endsWith = () => null } = parts;
  return {
    ...{ help, settings, beside, otherwise },
    check(config, maxSteps) {
      checkBatch(own(config), maxSteps);
    },
    endsWith(config) {
      const { lrSchedule } = own(config);
      return lrSchedule === "constant" ? endsWith(own(config)) : `the ${lrSchedule} schedule of the learning rate`;
    },
    describe(config, facts) {
      const batch = facts as OnPolicyFacts;
      const { envs, steps } = batch;
      const { actionRepeat } = own(config);
      const actions = actionRepeat === 1 ? "steps" : `actions x ${actionRepeat} steps`;
      return `batch: ${counted(envs, "env")} x ${steps} ${actions} = ${envs * steps * actionRepeat} frames; ` +
        parts.learns(own(config), minibatchesOf(own(config), batch));
    },
    create(world, config, networks = {}) {
      const names = Object.keys(settings).filter((name) => name !== "actionRepeat" && name !== "envs");
      const given = Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as S;
      const { envs } = own(config);
      const options = { ...given, ...envs > 0 && { envs }, ...networks, seed: config.seed };
      return parts.create(world, options as unknown as OptionsOf<S>);
    },
  };
}
