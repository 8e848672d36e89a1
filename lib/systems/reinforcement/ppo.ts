/** PPO as an algorithm of systems: its settings, the rules between them, and its trainer. */

import type { PPOOptions } from "../../rl/ppo_options.ts";
import { PPOTrainer } from "../../rl/ppo_trainer.ts";
import { batchShape } from "../../rl/rollout.ts";
import { isHostWorld } from "../../worlds/host/world.ts";
import { called, choice, integer, positive, real, toggle, type ValuesOf } from "../option.ts";
import type { Config } from "../settings.ts";
import { counted } from "../text.ts";
import type { TrainerFacts } from "../trainer.ts";
import { UsageError } from "../usage.ts";
import type { Agent, Algorithm } from "./algorithm.ts";

const schedules = ["constant", "linear", "cosine"] as const;

/** The settings of PPO with their defaults, which are those of navigation. */
export const ppoSettings = {
  centralisedPolicy: toggle(false, "each agent acts on what all observe, not on its own view"),
  shareParameters: toggle(true, "one network for all agents, or else one for each"),
  hiddenSize: integer(1, 10_000, 256, "units in each of the two hidden layers"),
  recurrent: called(
    ["memory", "rnn"],
    choice(["none", "lstm", "gru"], "none", "whether policy and critic remember, and by what"),
  ),
  sequenceLength: called(
    ["chunkLength", "dataChunkLength"],
    integer(1, 100_000, 10, "where they remember: steps that gradients flow back"),
  ),
  nIters: called(
    ["iterations", "numIterations", "totalTimesteps", "numTimesteps", "numUpdates"],
    integer(1, 10_000_000, 10, "iterations: collect a batch, learn from it"),
  ),
  envs: called(
    ["numEnvs", "nEnvs"],
    integer(0, 1_000_000, 0, "environments side by side; 0: whole episodes fill a batch"),
  ),
  framesPerBatch: called(
    ["numSteps", "nSteps", "rolloutSteps"],
    integer(1, 100_000_000, 6000, "frames to collect in an iteration, all envs together"),
  ),
  numEpochs: called(
    ["updateEpochs", "nEpochs"],
    integer(1, 10_000, 30, "passes over a batch"),
  ),
  minibatchSize: called(
    ["batchSize"],
    integer(1, 100_000_000, 400, "frames (actions, where they are held) in a minibatch"),
  ),
  lr: called(["learningRate"], positive(1, 3e-4, "learning rate of Adam")),
  lrSchedule: choice(schedules, "constant", "how it falls to 0 over the iterations"),
  maxGradNorm: positive(1e9, 1, "norm to which gradients are clipped"),
  clipEpsilon: called(
    ["clipCoef", "clipRange"],
    positive(1, 0.2, "how far the ratio of probabilities may move"),
  ),
  entropyEps: called(
    ["entCoef", "entropyCoef"],
    real(0, 100, 1e-4, "weight of the entropy bonus"),
  ),
  entropySchedule: choice(schedules, "constant", "how that falls to 0 over the iterations"),
  gamma: real(0, 1, 0.99, "discount of later rewards"),
  lmbda: called(
    ["lambda", "gaeLambda"],
    real(0, 1, 0.9, "lambda of generalised advantage estimation"),
  ),
  actionRepeat: integer(1, 1000, 1, "steps that an action is held; gamma and lambda count actions"),
  bootstrapTruncated: toggle(true, "an episode that is cut off is worth what the critic expects"),
  normalizeAdvantages: toggle(false, "bring the advantages of a batch to mean 0, deviation 1"),
  normalizeObservations: toggle(
    false,
    "see observations on the scale of their running mean and deviation",
  ),
  normalizeValues: toggle(false, "learn values on the scale of their running mean and deviation"),
  clipValue: real(0, 1e6, 0, "how far a value may move in an iteration; 0: freely"),
  targetKl: real(0, 1e6, 0, "no further epoch after one with a larger KL; 0: all epochs"),
};

/** The settings of PPO. */
export type PPOSettings = ValuesOf<typeof ppoSettings>;

/** How a batch is collected. */
export interface Batch {
  /** How many whole episodes fit into framesPerBatch; 1 or more. */
  readonly envs: number;
  /** Actions of each env in an iteration: envs x steps x actionRepeat is not below framesPerBatch, and every frame is used. */
  readonly steps: number;
}

type BatchSettings = Pick<
  PPOSettings,
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

function checkBatch(config: PPOSettings, maxSteps: number): void {
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
function checkAdvantages({ normalizeAdvantages }: PPOSettings, frames: number): void {
  if (!normalizeAdvantages || frames > 1) return;
  throw new UsageError(
    "--normalize-advantages needs more than one frame in a batch, since one number has no deviation: give more " +
      "--frames-per-batch, or --no-normalize-advantages.",
  );
}

function endsWith({ lrSchedule, entropySchedule }: PPOSettings): string | null {
  if (lrSchedule !== "constant") return `the ${lrSchedule} schedule of the learning rate`;
  return entropySchedule === "constant" ? null : `the ${entropySchedule} schedule of the entropy bonus`;
}

function describe(
  config: PPOSettings,
  batch: Batch,
): string {
  const { envs, steps } = batch;
  const { actionRepeat, numEpochs } = config;
  const actions = actionRepeat === 1 ? "steps" : `actions x ${actionRepeat} steps`;
  return `batch: ${counted(envs, "env")} x ${steps} ${actions} = ${envs * steps * actionRepeat} frames; ` +
    `${counted(numEpochs, "epoch")} of ${counted(minibatchesOf(config, batch), "minibatch", "es")}`;
}

/** PPO; `critic` says whether its critic sees all agents (`mappo`) or its own (`ippo`). */
export function ppo(critic: PPOOptions["algorithm"], help: string): Algorithm {
  const own = (config: Config): PPOSettings => config as unknown as PPOSettings;
  return {
    help,
    settings: ppoSettings,
    check: (config, maxSteps) => checkBatch(own(config), maxSteps),
    endsWith: (config) => endsWith(own(config)),
    describe: (config, facts) => describe(own(config), facts as TrainerFacts & Batch),
    create: (world, config, networks = {}): Promise<Agent> => {
      const names = Object.keys(ppoSettings).filter((name) => name !== "actionRepeat");
      const settings = Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as PPOSettings;
      const { envs, ...rest } = settings;
      const options = { ...rest, ...envs > 0 && { envs }, ...networks, algorithm: critic, seed: config.seed };
      return isHostWorld(world) ? PPOTrainer.create(world, options) : PPOTrainer.create(world, options);
    },
  };
}
