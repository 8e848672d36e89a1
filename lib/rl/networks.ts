/** Policies and value functions of multi-agent PPO. One network serves all agents, or each has its own. */

import type { Shape } from "../graph/types.ts";
import { Categorical, gumbel, TanhNormal } from "../nn/distributions.ts";
import { MLP } from "../nn/layers.ts";
import { Module } from "../nn/module.ts";
import { StackedMLP } from "../nn/stacked.ts";
import { concat } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { normal } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Environment } from "../worlds/environment.ts";
import { RunningScale } from "./running_scale.ts";

/** Deviations beyond which an observation is no stranger. */
const farthest = 10;

/** What the networks of agents have in common. */
export interface NetworkOptions {
  /** Agents side by side. */
  readonly agents: number;
  /** Features of one agent's observation. */
  readonly observationSize: number;
  /** Whether each agent's output is told from the observations of all; otherwise from its own. Not by default. */
  readonly centralised?: boolean;
  /** One network for all agents (the default), or one for each. */
  readonly shareParameters?: boolean;
  /** Units in each of the two hidden layers; 256 unless told otherwise. */
  readonly hiddenSize?: number;
}

/** A network `[.., agent, from]` to `[.., agent, to]`, or of other axes where agents share it. */
function network(from: number, to: number, options: NetworkOptions, random: HostRandom): MLP | StackedMLP {
  const { agents, shareParameters = true, hiddenSize = 256 } = options;
  const sizes = [from, hiddenSize, hiddenSize, to];
  return shareParameters ? new MLP(sizes, random) : new StackedMLP(agents, sizes, random);
}

/** What a network says of an agent's actions: the parameters of their distribution, each `[.., parameter]`. */
export interface PolicyOutput {
  /** Any tensor of it, by name. */
  readonly [key: string]: Tensor;
}

/** How a {@linkcode Policy} is made. */
export interface PolicyOptions extends NetworkOptions {
  /** Numbers of a continuous action, or how many discrete ones there are. */
  readonly actionSize: number;
  /** Whether observations are brought to the scale of their running mean and deviation. Not by default. */
  readonly normalizeObservations?: boolean;
}

/**
 * Each agent's own observation, or those of all, to a distribution over its action. What is drawn and kept is a `choice`,
 * float32 `[.., choiceSize]`, from which the world's action follows. The random numbers come from outside, so that a rollout
 * draws those of all its steps at once.
 */
export abstract class Policy<Output extends PolicyOutput = PolicyOutput> extends Module {
  /** The network. */
  readonly net: MLP | StackedMLP;
  /** Where networks see observations on the scale of their running mean and deviation: that scale. */
  readonly observationScale: RunningScale | null;

  /** A network with `outputs` numbers for each agent; `random` draws the initial weights. */
  constructor(readonly options: PolicyOptions, outputs: number, random: HostRandom) {
    super();
    const { agents, observationSize, centralised, normalizeObservations } = options;
    this.observationScale = normalizeObservations ? new RunningScale([observationSize]) : null;
    this.net = network(centralised ? agents * observationSize : observationSize, outputs, options, random);
  }

  /** Numbers of a choice. */
  abstract readonly choiceSize: number;
  /** Normal numbers that an estimate of the entropy of one agent's action needs; 0 where it is known exactly. */
  abstract readonly entropyNoiseSize: number;
  /** Random numbers with which a choice is made for each entry of `leading`. */
  abstract noise(key: Tensor, leading: Shape): Tensor;
  /** What the numbers `[.., outputs]` that the network gives mean. */
  protected abstract read(outputs: Tensor): Output;
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

  /** What the network says of observations `[.., agent, feature]` that went through {@linkcode Policy.normalize}. */
  head(normalized: Tensor): Output {
    return this.read(this.net.forward(this.options.centralised ? fromEachSide(normalized) : normalized));
  }

  /** What the network says of observations `[.., agent, feature]`. */
  output(observation: Tensor): Output {
    return this.head(this.normalize(observation));
  }
}

/**
 * To `[.., agent, agent * feature]`: for each agent the observations of all, its own first and then those of the agents after it
 * in turn, so that one network knows for which of them it acts.
 */
function fromEachSide(observation: Tensor): Tensor {
  const agents = observation.shape.at(-2)!;
  const turned = Array.from(
    { length: agents },
    (_, k) => k === 0 ? observation : concat([observation.slice(-2, k), observation.slice(-2, 0, k)], -2),
  );
  return concat(turned, -1);
}

/** The policy that suits a world's actions. */
export function policyFor(
  environment: Pick<Environment, "agents" | "observationSize" | "actionKind" | "actionSize">,
  options: Omit<PolicyOptions, "agents" | "observationSize" | "actionSize">,
  random: HostRandom,
): Policy {
  const { agents, observationSize, actionKind, actionSize } = environment;
  const Kind = actionKind === "discrete" ? CategoricalPolicy : GaussianPolicy;
  return new Kind({ ...options, agents, observationSize, actionSize }, random);
}

/** Smallest scale of the policy. */
const minScale = 0.01;

/** Shifts the softplus so that an output of 0 means a scale of 1 (TorchRL's biased softplus). */
const scaleBias = Math.log(Math.expm1(1 - minScale));

/** The parameters of tanh-normal distributions, `[.., action]` each: the mean and the scale before the tanh. */
export interface GaussianOutput extends PolicyOutput {
  /** The mean of the normal variable before the tanh. */
  readonly loc: Tensor;
  /** Its standard deviation, above 0.01. */
  readonly scale: Tensor;
}

/** Tanh-normal distributions over continuous actions. A choice is the action before its tanh. */
export class GaussianPolicy extends Policy<GaussianOutput> {
  /** The action before its tanh: as many numbers as the action has. */
  override readonly choiceSize: number;
  /** As many as the action has numbers: no closed form is known. */
  override readonly entropyNoiseSize: number;

  /** Draws the initial weights from `random`. */
  constructor(options: PolicyOptions, random: HostRandom) {
    const { actionSize } = options;
    super(options, 2 * actionSize, random);
    this.choiceSize = actionSize;
    this.entropyNoiseSize = actionSize;
  }

  /** Standard normal numbers, `[..leading, actionSize]`. */
  override noise(key: Tensor, leading: Shape): Tensor {
    return normal(key, [...leading, this.options.actionSize]);
  }

  /** The first half are the means; the second, through a softplus, the scales. */
  protected override read(outputs: Tensor): GaussianOutput {
    const { actionSize } = this.options;
    const [loc, raw] = outputs.split([actionSize, actionSize], -1) as [Tensor, Tensor];
    return { loc, scale: raw.add(scaleBias).softplus().add(minScale) };
  }

  /** `loc + scale * noise`, before the tanh. */
  override choose({ loc, scale }: GaussianOutput, noise: Tensor): Tensor {
    return loc.add(scale.mul(noise));
  }

  /** The tanh of the choice: numbers in (-1, 1). */
  override action(choice: Tensor): Tensor {
    return choice.tanh();
  }

  /** That of the action, summed over its numbers. */
  override logProb({ loc, scale }: GaussianOutput, choice: Tensor): Tensor {
    return new TanhNormal(loc, scale).logProbOfBase(choice).sum(-1);
  }

  /** An unbiased estimate from one sample, which `noise` makes. */
  override entropy({ loc, scale }: GaussianOutput, noise: Tensor | undefined): Tensor {
    return new TanhNormal(loc, scale).entropyEstimate(noise!).sum(-1);
  }

  /** The tanh of the means, `[.., agent, actionSize]`. */
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
  /** The number of the action. */
  override readonly choiceSize = 1;
  /** None: the entropy is known exactly. */
  override readonly entropyNoiseSize = 0;

  /** Draws the initial weights from `random`. */
  constructor(options: PolicyOptions, random: HostRandom) {
    super(options, options.actionSize, random);
  }

  /** Gumbel numbers, `[..leading, actionSize]`. */
  override noise(key: Tensor, leading: Shape): Tensor {
    return gumbel(key, [...leading, this.options.actionSize]);
  }

  /** The numbers are the logits. */
  protected override read(logits: Tensor): CategoricalOutput {
    return { logits };
  }

  /** The action whose logit plus noise is largest, never one whose logit is -Infinity. */
  override choose({ logits }: CategoricalOutput, noise: Tensor): Tensor {
    return logits.add(noise).argmax(-1).cast("float32").unsqueeze(-1);
  }

  /** The number of the action, int32 `[..]`. */
  override action(choice: Tensor): Tensor {
    return choice.squeeze(-1).cast("int32");
  }

  /** That of the action, `[..]`. */
  override logProb({ logits }: CategoricalOutput, choice: Tensor): Tensor {
    return new Categorical(logits).logProb(this.action(choice));
  }

  /** Exact, `[..]`, in nats. */
  override entropy({ logits }: CategoricalOutput): Tensor {
    return new Categorical(logits).entropy();
  }

  /** The number of the most likely action, int32 `[.., agent]`. */
  override forward(observation: Tensor): Tensor {
    return this.output(observation).logits.argmax(-1);
  }
}

/** Values `[row, agent]` of observations `[row, agent, feature]`, as {@linkcode Policy.normalize} gives them. */
export class Critic extends Module {
  /** The network. */
  readonly net: MLP | StackedMLP;

  /** MAPPO's critic is centralised, IPPO's is not. `random` draws the initial weights. */
  constructor(readonly options: NetworkOptions, random: HostRandom) {
    super();
    const { agents, observationSize, centralised = false, shareParameters = true } = options;
    const from = centralised ? agents * observationSize : observationSize;
    this.net = network(from, centralised && shareParameters ? agents : 1, options, random);
  }

  /** `[row, agent, feature]` to `[row, agent]`. */
  forward(observation: Tensor): Tensor {
    const rows = observation.shape[0]!;
    const { net, options: { agents, observationSize, centralised = false, shareParameters = true } } = this;
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
