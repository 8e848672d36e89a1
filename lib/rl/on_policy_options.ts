/**
 * What algorithms may be told that learn from batches of their own policy: networks, batches, advantages and scales. Each adds
 * its own; all are checked by one table.
 */

import type { Module } from "../nn/module.ts";
import type { RecurrentKind } from "../nn/recurrent_mlp.ts";
import { anything, boolean, callable, type Kind, optional } from "../graph/kinds.ts";
import { type Schedule, schedules } from "../optim/schedule.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import type { NetworkOptions } from "./networks.ts";
import type { PolicySpaces } from "./policies.ts";
import type { ActionDistribution, Policy } from "./policy.ts";

/** Settings of all trainers that learn from what their present policy has done. */
export interface OnPolicyOptions {
  /**
   * Whether each agent acts on what all agents observe: one mind for the team. Not by default: each acts on its own
   * observation.
   */
  readonly centralisedPolicy?: boolean;
  /** One network for all agents (the default), or one for each; policy and critic alike. */
  readonly shareParameters?: boolean;
  /** Units in each of the two hidden layers of policy and critic; 256 unless told otherwise. */
  readonly hiddenSize?: number;
  /**
   * Whether policy and critic remember: their second hidden layer is an LSTM or a GRU then, of each agent its own state.
   * `none` (the default): what is not seen now is not known.
   */
  readonly recurrent?: "none" | RecurrentKind;
  /**
   * Where networks remember: the steps along which gradients flow back, 10 unless told otherwise (the data chunk length of
   * MAPPO's authors), and at most those of the batch, whose steps are rounded up to whole sequences. A minibatch is made of
   * whole sequences.
   */
  readonly sequenceLength?: number;
  /**
   * What becomes of continuous actions: `tanh` (the default), or `clipped`, whose deviations are parameters of their own: see
   * {@linkcode GaussianPolicy} and {@linkcode ClippedGaussianPolicy}.
   */
  readonly distribution?: ActionDistribution;
  /**
   * Makes a policy of one's own: {@linkcode GaussianPolicy} or {@linkcode CategoricalPolicy} with a `network` of one's own, or
   * a subclass. `spaces` are the sizes of the world, and what these options say of networks; `random` draws the weights.
   */
  readonly policy?: (spaces: PolicySpaces, random: HostRandom) => Policy;
  /**
   * Makes a value function of one's own: a module from `[row, agent, feature]`, as the policy's `normalize` gives it, to
   * `[row, agent]`, whose rows know nothing of each other; or a {@linkcode Recurrent} one whose steps are that, and whose
   * state has the leading axis `row`, or `[row, agent]`.
   */
  readonly critic?: (spaces: NetworkOptions, random: HostRandom) => Module;
  /** Frames (steps of one environment) to collect in an iteration, at least. */
  readonly framesPerBatch: number;
  /**
   * Environments side by side; as many as the batch has whole episodes unless told otherwise. With more of them an iteration has
   * fewer steps of each, and episodes go on from batch to batch: worlds on the host are faster with some hundred.
   */
  readonly envs?: number;
  /** Frames in a minibatch. */
  readonly minibatchSize: number;
  /** The learning rate of Adam, at least 0. */
  readonly lr: number;
  /** Constant unless told otherwise. Otherwise the rate falls to 0 over `nIters` iterations. */
  readonly lrSchedule?: Schedule;
  /** The iterations of the whole run: for schedules. */
  readonly nIters?: number;
  /** The discount of a step, in [0, 1]. */
  readonly gamma: number;
  /** How far advantages look past the critic, in [0, 1]: 0 one step, 1 to the end of the episode. */
  readonly lmbda: number;
  /**
   * Whether a step at which the time was up is worth what the critic expects after it (the default), or, as in TorchRL's
   * tutorial, nothing: as if the task had ended.
   */
  readonly bootstrapTruncated?: boolean;
  /** Whether networks see observations on the scale of their running mean and deviation, each feature its own. Not by default. */
  readonly normalizeObservations?: boolean;
  /** Whether the critic learns values on the scale of their running mean and deviation. Not by default. */
  readonly normalizeValues?: boolean;
  /** Whether the advantages of a batch are brought to mean 0 and deviation 1. Not by default. */
  readonly normalizeAdvantages?: boolean;
  /** An integer in [0, 2^53): the same seed gives the same run. */
  readonly seed: number;
}

/** Given or not, true or false. */
export const toggled: Kind = optional(boolean);

/** What options all have. Of which kind and in which range numbers and texts are is said by {@linkcode checkOptions}. */
export const onPolicyKinds: Readonly<Record<keyof OnPolicyOptions, Kind>> = {
  centralisedPolicy: toggled,
  shareParameters: toggled,
  hiddenSize: anything,
  recurrent: anything,
  sequenceLength: anything,
  distribution: anything,
  policy: optional(callable),
  critic: optional(callable),
  framesPerBatch: anything,
  envs: anything,
  minibatchSize: anything,
  lr: anything,
  lrSchedule: anything,
  nIters: anything,
  gamma: anything,
  lmbda: anything,
  bootstrapTruncated: toggled,
  normalizeObservations: toggled,
  normalizeValues: toggled,
  normalizeAdvantages: toggled,
  seed: anything,
};

/** A number that an option may be: whole or not, from `least` to `most`. */
export interface Range {
  readonly whole?: true;
  readonly least: number;
  readonly aboveLeast?: true;
  readonly most?: number;
  /** Whether `most` itself is excluded. */
  readonly belowMost?: true;
  /** Whether the option may be left out. */
  readonly mayLack?: true;
}

/** The numbers that all have. */
export const onPolicyRanges: Readonly<Record<string, Range>> = {
  hiddenSize: { whole: true, least: 1, mayLack: true },
  sequenceLength: { whole: true, least: 1, mayLack: true },
  framesPerBatch: { whole: true, least: 1 },
  envs: { whole: true, least: 1, mayLack: true },
  minibatchSize: { whole: true, least: 1 },
  lr: { least: 0 },
  nIters: { whole: true, least: 1, mayLack: true },
  gamma: { least: 0, most: 1 },
  lmbda: { least: 0, most: 1 },
};

function rangeText({ whole, least, aboveLeast, most, belowMost }: Range): string {
  return `a ${whole ? "whole number" : "number"} ${aboveLeast ? "above" : "of at least"} ${least}` +
    (most === undefined ? "" : ` and ${belowMost ? "below" : "at most"} ${most}`);
}

function isWithin(value: unknown, { whole, least, aboveLeast, most = Infinity, belowMost }: Range): boolean {
  return typeof value === "number" && Number.isFinite(value) && (!whole || Number.isInteger(value)) &&
    value >= least && value <= most && !(aboveLeast && value === least) && !(belowMost && value === most);
}

/** What an algorithm says of its options. */
export interface OptionRules {
  /** How sentences begin: "PPO". */
  readonly algorithm: string;
  /** The options that are schedules. */
  readonly schedules: readonly string[];
  /** The options that are numbers. */
  readonly ranges: Readonly<Record<string, Range>>;
}

/** Throws a RangeError at the first option that cannot be; a notebook checks no types. */
export function checkOptions(options: OnPolicyOptions, rules: OptionRules): void {
  const { algorithm, ranges } = rules;
  const given = options as unknown as Readonly<Record<string, unknown>>;
  const { recurrent = "none" } = options;
  if (!["none", "lstm", "gru"].includes(recurrent)) {
    throw new RangeError(`${algorithm}: recurrent is "none", "lstm" or "gru", not ${JSON.stringify(recurrent)}.`);
  }
  const { distribution = "tanh" } = options;
  if (!["tanh", "clipped"].includes(distribution)) {
    throw new RangeError(`${algorithm}: distribution is "tanh" or "clipped", not ${JSON.stringify(distribution)}.`);
  }
  for (const name of rules.schedules) {
    const schedule = given[name] ?? "constant";
    if (!schedules.includes(schedule as Schedule)) {
      throw new RangeError(
        `${algorithm}: ${name} is "constant", "linear" or "cosine", not ${JSON.stringify(schedule)}.`,
      );
    }
    if (schedule !== "constant" && options.nIters === undefined) {
      throw new RangeError(`${algorithm}: a ${schedule} ${name} needs nIters: where it ends.`);
    }
  }
  for (const [name, range] of Object.entries(ranges)) {
    const value = given[name];
    if ((value === undefined && range.mayLack) || isWithin(value, range)) continue;
    throw new RangeError(`${algorithm}: ${name} is ${rangeText(range)}, not ${value}.`);
  }
}
