/** The policies of multi-agent PPO: tanh-normal for continuous actions, categorical for discrete ones. */

import type { Shape } from "../graph/types.ts";
import { Categorical, gumbel, TanhNormal } from "../nn/distributions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { normal } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ActionKind, Environment } from "../worlds/environment.ts";
import { Policy, type PolicyOptions, type PolicyOutput } from "./policy.ts";

/** What the maker of a policy of one's own is told. */
export interface PolicySpaces extends PolicyOptions {
  /** What an agent's action is. */
  readonly actionKind: ActionKind;
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

  /** The tanh of the means, `[.., actionSize]`. */
  override mode({ loc }: GaussianOutput): Tensor {
    return loc.tanh();
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

  /** The number of the most likely action, int32 `[..]`. */
  override mode({ logits }: CategoricalOutput): Tensor {
    return logits.argmax(-1);
  }
}
