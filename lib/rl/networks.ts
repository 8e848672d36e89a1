/** Policies and value functions of multi-agent PPO. One network serves all agents, or each has its own. */

import type { Shape } from "../graph/types.ts";
import { Categorical, gumbel, TanhNormal } from "../nn/distributions.ts";
import { MLP } from "../nn/layers.ts";
import { Module } from "../nn/module.ts";
import { StackedMLP } from "../nn/stacked.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { normal } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Environment } from "../worlds/environment.ts";
import { RunningScale } from "./running_scale.ts";

/** Deviations beyond which an observation is no stranger. */
const farthest = 10;

/** Units in each of the two hidden layers, unless told otherwise. */
const defaultWidth = 256;

/** A network `[.., agent, in]` to `[.., agent, out]`: one for all agents if `apart` is null, else so many as it says. */
function network(
  from: number,
  to: number,
  random: HostRandom,
  apart: number | null,
  width: number,
): MLP | StackedMLP {
  const sizes = [from, width, width, to];
  return apart === null ? new MLP(sizes, random) : new StackedMLP(apart, sizes, random);
}

/** What a network says of an agent's actions: the parameters of their distribution, each `[.., parameter]`. */
export interface PolicyOutput {
  readonly [key: string]: Tensor;
}

/**
 * Each agent's own observation to a distribution over its action. What is drawn and kept is a `choice`, float32
 * `[.., choiceSize]`, from which the world's action follows. The random numbers come from outside, so that a rollout draws
 * those of all its steps at once.
 */
export abstract class Policy<Output extends PolicyOutput = PolicyOutput> extends Module {
  /** The network. */
  readonly net: MLP | StackedMLP;
  /** Where networks see observations on the scale of their running mean and deviation: that scale. */
  readonly observationScale: RunningScale | null;

  /**
   * A network with `outputs` numbers for each agent, and `width` units in each hidden layer; `apart`: the number of agents, if
   * each has a network of its own; `normalizeObservations`: whether observations are brought to a running scale.
   */
  constructor(
    readonly observationSize: number,
    readonly actionSize: number,
    outputs: number,
    random: HostRandom,
    apart: number | null,
    width: number,
    normalizeObservations: boolean,
  ) {
    super();
    this.observationScale = normalizeObservations ? new RunningScale([observationSize]) : null;
    this.net = network(observationSize, outputs, random, apart, width);
  }

  /** Numbers of a choice. */
  abstract readonly choiceSize: number;
  /** Normal numbers that an estimate of the entropy of one agent's action needs; 0 where it is known exactly. */
  abstract readonly entropyNoiseSize: number;
  /** Random numbers with which a choice is made for each entry of `leading`. */
  abstract noise(key: Tensor, leading: Shape): Tensor;
  /** What the network says of observations `[.., feature]` that went through {@linkcode Policy.normalize}. */
  abstract head(normalized: Tensor): Output;
  /** A choice, from what {@linkcode Policy.noise} gave. */
  abstract choose(output: Output, noise: Tensor): Tensor;
  /** The action of a choice, as the world takes it. */
  abstract action(choice: Tensor): Tensor;
  /** The log-probability of choices, `[..]`. */
  abstract logProb(output: Output, choice: Tensor): Tensor;
  /** The entropy `[..]`, or an unbiased estimate of it; `noise` is standard normal, `[.., entropyNoiseSize]`. */
  abstract entropy(output: Output, noise: Tensor | undefined): Tensor;
  /** The most likely action, which is deterministic. */
  abstract override forward(observation: Tensor): Tensor;

  /** Observations as policy and critic take them; on a running scale at most 10 deviations from the mean (as in OpenAI's baselines). */
  normalize(observation: Tensor): Tensor {
    return this.observationScale ? this.observationScale.forward(observation).clamp(-farthest, farthest) : observation;
  }

  /** What the network says of observations `[.., feature]`. */
  output(observation: Tensor): Output {
    return this.head(this.normalize(observation));
  }
}

/** The policy that suits a world's actions; each agent has a network of its own unless they share one. */
export function policyFor(
  environment: Pick<Environment, "agents" | "observationSize" | "actionKind" | "actionSize">,
  random: HostRandom,
  shareParameters = true,
  width = defaultWidth,
  normalizeObservations = false,
): Policy {
  const { agents, observationSize, actionKind, actionSize } = environment;
  const Kind = actionKind === "discrete" ? CategoricalPolicy : GaussianPolicy;
  return new Kind(observationSize, actionSize, random, shareParameters ? null : agents, width, normalizeObservations);
}

/** Smallest scale of the policy. */
const minScale = 0.01;

/** Shifts the softplus so that an output of 0 means a scale of 1 (TorchRL's biased softplus). */
const scaleBias = Math.log(Math.expm1(1 - minScale));

/** The parameters of tanh-normal distributions, `[.., action]` each: the mean and the scale before the tanh. */
export interface GaussianOutput extends PolicyOutput {
  readonly loc: Tensor;
  readonly scale: Tensor;
}

/** Tanh-normal distributions over continuous actions. A choice is the action before its tanh. */
export class GaussianPolicy extends Policy<GaussianOutput> {
  override readonly choiceSize: number;
  override readonly entropyNoiseSize: number;

  /** Draws the initial weights from `random`. `apart`: the number of agents, if each has a network of its own. */
  constructor(
    observationSize: number,
    actionSize: number,
    random: HostRandom,
    apart: number | null = null,
    width = defaultWidth,
    normalizeObservations = false,
  ) {
    super(observationSize, actionSize, 2 * actionSize, random, apart, width, normalizeObservations);
    this.choiceSize = actionSize;
    this.entropyNoiseSize = actionSize;
  }

  override noise(key: Tensor, leading: Shape): Tensor {
    return normal(key, [...leading, this.actionSize]);
  }

  override head(normalized: Tensor): GaussianOutput {
    const [loc, raw] = this.net.forward(normalized).split([this.actionSize, this.actionSize], -1) as [Tensor, Tensor];
    return { loc, scale: raw.add(scaleBias).softplus().add(minScale) };
  }

  override choose({ loc, scale }: GaussianOutput, noise: Tensor): Tensor {
    return loc.add(scale.mul(noise));
  }

  override action(choice: Tensor): Tensor {
    return choice.tanh();
  }

  override logProb({ loc, scale }: GaussianOutput, choice: Tensor): Tensor {
    return new TanhNormal(loc, scale).logProbOfBase(choice).sum(-1);
  }

  override entropy({ loc, scale }: GaussianOutput, noise: Tensor | undefined): Tensor {
    return new TanhNormal(loc, scale).entropyEstimate(noise!).sum(-1);
  }

  override forward(observation: Tensor): Tensor {
    return this.output(observation).loc.tanh();
  }
}

/** The parameters of categorical distributions. */
export interface CategoricalOutput extends PolicyOutput {
  /** Unnormalised log-probabilities `[.., action]`. */
  readonly logits: Tensor;
}

/** Categorical distributions over discrete actions. A choice is the action's number. */
export class CategoricalPolicy extends Policy<CategoricalOutput> {
  override readonly choiceSize = 1;
  override readonly entropyNoiseSize = 0;

  /** Draws the initial weights from `random`. `apart`: the number of agents, if each has a network of its own. */
  constructor(
    observationSize: number,
    actionSize: number,
    random: HostRandom,
    apart: number | null = null,
    width = defaultWidth,
    normalizeObservations = false,
  ) {
    super(observationSize, actionSize, actionSize, random, apart, width, normalizeObservations);
  }

  override noise(key: Tensor, leading: Shape): Tensor {
    return gumbel(key, [...leading, this.actionSize]);
  }

  override head(normalized: Tensor): CategoricalOutput {
    return { logits: this.net.forward(normalized) };
  }

  override choose({ logits }: CategoricalOutput, noise: Tensor): Tensor {
    return logits.add(noise).argmax(-1).cast("float32").unsqueeze(-1);
  }

  override action(choice: Tensor): Tensor {
    return choice.squeeze(-1).cast("int32");
  }

  override logProb({ logits }: CategoricalOutput, choice: Tensor): Tensor {
    return new Categorical(logits).logProb(this.action(choice));
  }

  override entropy({ logits }: CategoricalOutput): Tensor {
    return new Categorical(logits).entropy();
  }

  override forward(observation: Tensor): Tensor {
    return this.output(observation).logits.argmax(-1);
  }
}

/** Values `[row, agent]` of observations `[row, agent, feature]`, as {@linkcode Policy.normalize} gives them. */
export class Critic extends Module {
  /** The network. */
  readonly net: MLP | StackedMLP;

  /**
   * `centralised`: each value is told from the observations of all agents (MAPPO); otherwise from the agent's own (IPPO).
   * Without `shareParameters` each agent's values come from a network of its own.
   */
  constructor(
    readonly agents: number,
    readonly observationSize: number,
    readonly centralised: boolean,
    random: HostRandom,
    readonly shareParameters = true,
    width = defaultWidth,
  ) {
    super();
    const from = centralised ? agents * observationSize : observationSize;
    const to = centralised && shareParameters ? agents : 1;
    this.net = network(from, to, random, shareParameters ? null : agents, width);
  }

  /** `[row, agent, feature]` to `[row, agent]`. */
  forward(observation: Tensor): Tensor {
    const rows = observation.shape[0]!;
    const { agents, observationSize, centralised, shareParameters, net } = this;
    if (!centralised) {
      const each = shareParameters ? observation.reshape(rows * agents, observationSize) : observation;
      return net.forward(each).reshape(rows, agents);
    }
    const all = observation.reshape(rows, agents * observationSize);
    return shareParameters
      ? net.forward(all)
      : net.forward(all.unsqueeze(1).expand(-1, agents, -1)).reshape(rows, agents);
  }
}
