/** The policies of learners: tanh-normal or clipped normal for continuous actions, categorical for discrete ones. */

import { type Methods, signature, takeOnly } from "../graph/arguments.ts";
import type { Shape } from "../graph/types.ts";
import { normalInit, orthogonal } from "../nn/init.ts";
import { Categorical, gumbel, Normal, TanhNormal } from "../nn/distributions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { normal } from "../tensor/random.ts";
import * as kind from "../tensor/kinds.ts";
import { full } from "../tensor/creation.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Parameter } from "../tensor/variable.ts";
import type { ActionKind, Environment } from "../worlds/environment.ts";
import { networkKinds } from "./networks.ts";
import { Policy, type PolicyOptions, type PolicyOutput } from "./policy.ts";

/** What the maker of a policy of one's own is told. */
export interface PolicySpaces extends PolicyOptions {
  /** What an agent's action is. */
  readonly actionKind: ActionKind;
}

/** Smallest scale of the policy. */
const minScale = 0.01;

/** Shifts the softplus so that an output of 0 means `scale` (TorchRL's biased softplus). */
const scaleBias = (scale: number): number => Math.log(Math.expm1(scale - minScale));

const count = kind.count(1);
/** What a policy may be told beside the sizes that it must be told. */
const choices = {
  ...networkKinds,
  normalizeObservations: kind.optional(kind.boolean),
  distribution: kind.optional(kind.oneOf("tanh", "clipped")),
  initialScale: kind.optional(kind.kindOf("a number above 0.01", (x) => Number.isFinite(x) && Number(x) > minScale)),
  network: kind.optional(kind.callable),
};
const sizes = { agents: count, observationSize: count, actionSize: count };
const actionKind = kind.oneOf("continuous", "discrete");
const takesPolicy = signature("policyFor()", {
  environment: kind.having("a world, such as new Navigation(),", { ...sizes, actionKind }),
  options: kind.options({ ...choices, ...sizes, actionKind }),
  random: kind.hostRandom,
});

/** The policy that suits a world's actions. */
export function policyFor(
  environment: Pick<Environment, "agents" | "observationSize" | "actionKind" | "actionSize">,
  options: Omit<PolicyOptions, "agents" | "observationSize" | "actionSize">,
  random: HostRandom,
): Policy {
  takesPolicy(arguments);
  const { agents, observationSize, actionKind, actionSize } = environment;
  const Continuous = options.distribution === "clipped" ? ClippedGaussianPolicy : GaussianPolicy;
  const Kind = actionKind === "discrete" ? CategoricalPolicy : Continuous;
  return new Kind({ ...options, agents, observationSize, actionSize }, random);
}

/** What the methods of a policy take, whose network says `output`. */
const methods = (output: kind.Kind): Methods => ({
  noise: { key: kind.key, leading: kind.shape },
  choose: { output, noise: kind.tensor },
  action: { choice: kind.tensor },
  logProb: { output, choice: kind.tensor },
  entropy: { output, noise: kind.optional(kind.tensor) },
  kl: { before: output, now: output },
  mode: { output },
});
const made = {
  options: kind.having("the options of a policy by name", sizes, { ...choices, actionKind }),
  random: kind.hostRandom,
};
const takesGaussian = signature("new GaussianPolicy()", made);
const takesCategorical = signature("new CategoricalPolicy()", made);

/** The parameters of normal distributions, `[.., action]` each: before the tanh, or before the clip. */
export interface GaussianOutput extends PolicyOutput {
  /** The mean of the normal variable. */
  readonly loc: Tensor;
  /** Its standard deviation; that of a {@linkcode GaussianPolicy} is above 0.01. */
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
    takesGaussian(arguments);
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
    const { actionSize, initialScale = 1 } = this.options;
    const [loc, raw] = outputs.split([actionSize, actionSize], -1) as [Tensor, Tensor];
    return { loc, scale: raw.add(scaleBias(initialScale)).softplus().add(minScale) };
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

  /** That of the actions is that of the normal variables before the tanh, which loses nothing. */
  override kl(before: GaussianOutput, now: GaussianOutput): Tensor {
    return new Normal(before.loc, before.scale).kl(new Normal(now.loc, now.scale)).sum(-1);
  }

  /** The tanh of the means, `[.., actionSize]`. */
  override mode({ loc }: GaussianOutput): Tensor {
    return loc.tanh();
  }
}

takeOnly(
  GaussianPolicy,
  methods(kind.having("{ loc, scale }", { loc: kind.tensor, scale: kind.tensor })),
  ["read"],
);

const takesClipped = signature("new ClippedGaussianPolicy()", made);

/** How small the means are at first. */
const firstMean = 0.01;

/**
 * Normal distributions over continuous actions, which are clipped to [-1, 1] where the world takes them. The network says the
 * means; the deviations are parameters of their own, whatever is observed, and `initialScale` at first. A choice is the action before it is
 * clipped.
 */
export class ClippedGaussianPolicy extends Policy<GaussianOutput> {
  /** As many numbers as the action has. */
  override readonly choiceSize: number;
  /** None: the entropy is known exactly. */
  override readonly entropyNoiseSize = 0;
  /** The logarithms of the deviations: `[actionSize]`, or `[agent, actionSize]` where each agent has its own network. */
  readonly logStd: Parameter;

  /** Draws the initial weights from `random`; those of the last layer are small. */
  constructor(options: PolicyOptions, random: HostRandom) {
    takesClipped(arguments);
    const { agents, actionSize, shareParameters = true, initialScale = 1, orthogonalInit } = options;
    super(
      { outputInit: orthogonalInit ? orthogonal(firstMean) : normalInit(firstMean), ...options },
      actionSize,
      random,
    );
    this.choiceSize = actionSize;
    this.logStd = new Parameter(
      full(shareParameters ? [actionSize] : [agents, actionSize], Math.log(initialScale)),
      "logStd",
    );
  }

  /** Standard normal numbers, `[..leading, actionSize]`. */
  override noise(key: Tensor, leading: Shape): Tensor {
    return normal(key, [...leading, this.options.actionSize]);
  }

  /** The numbers are the means. */
  protected override read(loc: Tensor): GaussianOutput {
    return { loc, scale: this.logStd.exp().expand(...loc.shape) };
  }

  /** `loc + scale * noise`, not clipped. */
  override choose({ loc, scale }: GaussianOutput, noise: Tensor): Tensor {
    return loc.add(scale.mul(noise));
  }

  /** The choice, clipped to [-1, 1]. */
  override action(choice: Tensor): Tensor {
    return choice.clamp(-1, 1);
  }

  /** That of the choice, summed over its numbers. */
  override logProb({ loc, scale }: GaussianOutput, choice: Tensor): Tensor {
    return new Normal(loc, scale).logProb(choice).sum(-1);
  }

  /** That of the choice, exact, `[..]`, in nats. */
  override entropy({ loc, scale }: GaussianOutput): Tensor {
    return new Normal(loc, scale).entropy().sum(-1);
  }

  /** That of the choices, `[..]`, in nats. */
  override kl(before: GaussianOutput, now: GaussianOutput): Tensor {
    return new Normal(before.loc, before.scale).kl(new Normal(now.loc, now.scale)).sum(-1);
  }

  /** The means, clipped to [-1, 1]. */
  override mode({ loc }: GaussianOutput): Tensor {
    return loc.clamp(-1, 1);
  }
}

takeOnly(
  ClippedGaussianPolicy,
  methods(kind.having("{ loc, scale }", { loc: kind.tensor, scale: kind.tensor })),
  ["read"],
);

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
    takesCategorical(arguments);
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

  /** Exact, `[..]`, in nats. */
  override kl(before: CategoricalOutput, now: CategoricalOutput): Tensor {
    return new Categorical(before.logits).kl(new Categorical(now.logits));
  }

  /** The number of the most likely action, int32 `[..]`. */
  override mode({ logits }: CategoricalOutput): Tensor {
    return logits.argmax(-1);
  }
}

takeOnly(CategoricalPolicy, methods(kind.having("{ logits }", { logits: kind.tensor })), ["read"]);
