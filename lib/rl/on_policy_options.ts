/**
 * What algorithms may be told that learn from batches of their own policy: networks, batches, advantages and scales. Each adds
 * its own; all are checked by one table.
 */

import type { Module } from "../nn/module.ts";
import type { RecurrentKind } from "../nn/recurrent_mlp.ts";
import {
  anything,
  boolean,
  callable,
  count,
  having,
  type Kind,
  kindOf,
  oneOf,
  optional,
  shown,
} from "../graph/kinds.ts";
import type { Schedule } from "../optim/schedule.ts";
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
  /** Whether the weights of policy and critic are orthogonal at first, see {@linkcode NetworkOptions.orthogonalInit}. Not by default. */
  readonly orthogonalInit?: boolean;
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
  /**
   * Whether rewards are learned from on the scale of the running deviation of their discounted sum, clipped to [-10, 10]; metrics
   * tell them as they are. Not by default.
   */
  readonly normalizeRewards?: boolean;
  /** Whether the advantages of a batch are brought to mean 0 and deviation 1. Not by default. */
  readonly normalizeAdvantages?: boolean;
  /** An integer in [0, 2^53): the same seed gives the same run. */
  readonly seed: number;
}

/** A number of at least 0. */
export const notNegative: Kind = kindOf("a number of at least 0", (x) => Number.isFinite(x) && Number(x) >= 0);
/** A number above 0. */
export const positive: Kind = kindOf("a number above 0", (x) => Number.isFinite(x) && Number(x) > 0);
/** How something falls, if it does. */
export const schedule: Kind = optional(oneOf("constant", "linear", "cosine"));
/** Given or not, true or false. */
export const toggle: Kind = optional(boolean);

const share = kindOf("a number of at least 0 and at most 1", (x) => notNegative.accepts(x) && Number(x) <= 1);

/** Kinds by the names of options. */
export type OptionKinds = Readonly<Record<string, Kind>>;

/** The numbers and words that all have. */
export const onPolicyJudged = {
  distribution: optional(oneOf("tanh", "clipped")),
  recurrent: optional(oneOf("none", "lstm", "gru")),
  lrSchedule: schedule,
  hiddenSize: optional(count(1)),
  sequenceLength: optional(count(1)),
  framesPerBatch: count(1),
  envs: optional(count(1)),
  minibatchSize: count(1),
  lr: notNegative,
  nIters: optional(count(1)),
  gamma: share,
  lmbda: share,
} satisfies Partial<Record<keyof OnPolicyOptions, Kind>>;

const onPolicyOthers = {
  centralisedPolicy: toggle,
  shareParameters: toggle,
  policy: optional(callable),
  critic: optional(callable),
  bootstrapTruncated: toggle,
  normalizeObservations: toggle,
  normalizeValues: toggle,
  normalizeRewards: toggle,
  orthogonalInit: toggle,
  normalizeAdvantages: toggle,
  seed: anything,
};

/** What options an algorithm has: those of `judged`, which {@linkcode checkOptions} judges, those of all, and `others`. */
export function optionsKind(algorithm: string, judged: OptionKinds, others: OptionKinds = {}): Kind {
  const named = Object.fromEntries(Object.keys(judged).map((name) => [name, anything]));
  return having(`the options of ${algorithm} by name,`, {}, { ...named, ...onPolicyOthers, ...others });
}

/**
 * Throws a RangeError at the first option that cannot be, or at all that are missing; a notebook checks no types. `flags` choose the
 * algorithm on the command line.
 */
export function checkOptions(
  algorithm: string,
  options: OnPolicyOptions,
  judged: OptionKinds,
  flags: string,
): void {
  const given = options as unknown as Readonly<Record<string, unknown>>;
  const needed = [...Object.keys(judged).filter((name) => !judged[name]!.accepts(undefined)), "seed"];
  const missing = needed.filter((name) => given[name] === undefined);
  if (missing.length > 0) {
    const names = missing.join(", ");
    throw new RangeError(
      `${algorithm}: the options lack ${names}. deno task train ${flags}--print-config prints settings that suit navigation.`,
    );
  }
  for (const [name, kind] of Object.entries(judged)) {
    const value = given[name];
    if (!kind.accepts(value)) throw new RangeError(`${algorithm}: ${name} is ${kind.says}, not ${shown(value)}.`);
    if (kind !== schedule || (value ?? "constant") === "constant" || given.nIters !== undefined) continue;
    throw new RangeError(`${algorithm}: a ${value} ${name} needs nIters: where it ends.`);
  }
}
