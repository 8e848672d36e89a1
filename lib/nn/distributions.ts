/** Probability distributions over actions. `sample` passes no gradient; `rsample` is reparameterised. */

import { refuseNames } from "../forensics/pytorch/refuse.ts";
import { noteSink } from "../forensics/nonfinite/sinks.ts";
import { broadcastShape } from "../graph/broadcast.ts";
import { type Parameters, signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { fromStart } from "../graph/indices.ts";
import * as ops from "../graph/ops.ts";
import { describe, sameShape, type Shape } from "../graph/types.ts";
import { where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { normal, uniform } from "../tensor/random.ts";
import { likeNode, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { areProbabilities, behindTanh } from "./behind.ts";

const logSqrtTwoPi = 0.5 * Math.log(2 * Math.PI);

const location = { loc: kind.tensorLike, scale: kind.tensorLike };
const takesNormal = signature("new Normal()", location);

/** Two of what distributions are made of, broadcast to the shape that they have together. */
export function together(a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const float = ops.full("float32", [], 0);
  const beside = a instanceof Tensor ? a.node : b instanceof Tensor ? b.node : float;
  return ops.together(likeNode(beside, a), likeNode(beside, b)).map((x) => new Tensor(x)) as [Tensor, Tensor];
}

/** Independent normal distributions. */
export class Normal {
  /** The means, in the shape that both have together. */
  readonly loc: Tensor;
  /** The standard deviations, in the same shape. */
  readonly scale: Tensor;

  /** `scale` is positive. The two are broadcast: a sample has the shape of both together. */
  constructor(loc: TensorLike, scale: TensorLike) {
    takesNormal(arguments);
    [this.loc, this.scale] = together(loc, scale);
  }

  /** The log-density of `x`, element by element. */
  logProb(x: TensorLike): Tensor {
    const z = new Tensor(likeNode(this.loc.node, x)).sub(this.loc).div(this.scale);
    return z.square().mul(-0.5).sub(this.scale.log()).sub(logSqrtTwoPi);
  }

  /** The entropy, element by element. */
  entropy(): Tensor {
    return this.scale.log().add(0.5 + logSqrtTwoPi);
  }

  /** Samples `[..shape, ..shape of the distribution]` through which gradients flow to `loc` and `scale`. */
  rsample(key: Tensor, shape: Shape = []): Tensor {
    return this.loc.add(this.scale.mul(normal(key, [...shape, ...this.loc.shape])));
  }

  /** Samples `[..shape, ..shape of the distribution]` through which no gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    return this.rsample(key, shape).detach("sample(): use rsample() for a reparameterised sample");
  }

  /** The shape of the distributions: that of `loc`. */
  get batchShape(): Shape {
    return this.loc.shape;
  }

  /** The shape of one value: none. */
  get eventShape(): Shape {
    return [];
  }

  /** The mean, element by element: `loc`. */
  get mean(): Tensor {
    return this.loc;
  }

  /** The variance, element by element. */
  get variance(): Tensor {
    return this.scale.square();
  }

  /** The standard deviation, element by element: `scale`. */
  get stddev(): Tensor {
    return this.scale;
  }

  /** The most likely value. */
  get mode(): Tensor {
    return this.loc;
  }

  /** KL(this || other), element by element. */
  kl(other: Normal): Tensor {
    const ratio = this.scale.div(other.scale).square();
    const shift = this.loc.sub(other.loc).div(other.scale).square();
    return ratio.add(shift).sub(1).sub(ratio.log()).mul(0.5);
  }
}

/** What draws take. */
export const sampled: Parameters = { key: kind.key, shape: kind.optional(kind.shape) };
takeOnly(Normal, {
  logProb: { x: kind.tensorLike },
  rsample: sampled,
  sample: sampled,
  kl: { other: kind.instance("another Normal", Normal) },
});

/** log(1 - tanh(u)^2), exact for every u: 2 (log 2 - u - softplus(-2 u)). */
function logDerivativeOfTanh(u: Tensor): Tensor {
  return u.add(u.mul(-2).softplus()).mul(-2).add(2 * Math.LN2);
}

const takesTanhNormal = signature("new TanhNormal()", { ...location, eps: kind.optional(kind.finite) });

/**
 * tanh of a normal variable: actions in (-1, 1). Keep the value before the tanh (`sampleBase`, `logProbOfBase`) where you
 * can: near the edges the numbers of an action alone no longer tell it.
 */
export class TanhNormal {
  /** The distribution before the tanh. */
  readonly base: Normal;

  /** `scale` is positive. Actions are taken to lie within +-(1 - `eps`) when they are inverted. */
  constructor(loc: TensorLike, scale: TensorLike, readonly eps = 1e-6) {
    takesTanhNormal(arguments);
    this.base = new Normal(loc, scale);
  }

  /**
   * The log-density of an action, element by element; finite at the edges +-1 too. Of an action that was computed as the tanh of
   * another tensor it is exact there as well: the graph knows the value before the tanh.
   */
  logProb(action: TensorLike): Tensor {
    if (!(action instanceof Tensor)) return this.logProb(new Tensor(likeNode(this.base.loc.node, action)));
    const known = behindTanh(action.node);
    if (known) return this.logProbOfBase(new Tensor(known));
    const inside = action.clamp(-1 + this.eps, 1 - this.eps);
    const u = inside.add(1).div(inside.neg().add(1)).log().mul(0.5);
    return this.logProbOfBase(u);
  }

  /** The log-density of the action tanh(u), element by element. */
  logProbOfBase(u: Tensor): Tensor {
    return this.base.logProb(u).sub(logDerivativeOfTanh(u));
  }

  /** Values before the tanh, `[..shape, ..shape of the distribution]`, without gradient. */
  sampleBase(key: Tensor, shape: Shape = []): Tensor {
    return this.base.sample(key, shape);
  }

  /** Actions `[..shape, ..shape of the distribution]` through which gradients flow. */
  rsample(key: Tensor, shape: Shape = []): Tensor {
    return this.base.rsample(key, shape).tanh();
  }

  /** Actions `[..shape, ..shape of the distribution]` through which no gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    return this.base.sample(key, shape).tanh();
  }

  /**
   * An unbiased estimate of the entropy from one reparameterised sample, element by element: the entropy before the tanh,
   * exactly, plus the log-derivative of the tanh at the sample. `noise` is standard normal, of the shape of `loc`.
   */
  entropyEstimate(noise: Tensor): Tensor {
    const { loc, scale } = this.base;
    return this.base.entropy().add(logDerivativeOfTanh(loc.add(scale.mul(noise))));
  }

  /** The tanh of the most likely value before it: the deterministic action. */
  get mode(): Tensor {
    return this.base.loc.tanh();
  }
}

/** Standard Gumbel numbers, all finite: the class whose logit plus such a number is largest is a sample of the classes. */
export function gumbel(key: Tensor, shape: Shape): Tensor {
  // Of a uniform number of 0 it would be infinite, and NaN with the logit -Infinity of a class that is never drawn.
  const unit = uniform(key, shape).maximum(2 ** -24);
  return unit.neg().add(1).log().neg().log().neg();
}

takeOnly(TanhNormal, {
  logProb: { action: kind.tensorLike },
  logProbOfBase: { u: kind.tensor },
  sampleBase: sampled,
  rsample: sampled,
  sample: sampled,
  entropyEstimate: { noise: kind.tensor },
});

/** What a {@linkcode Categorical} is made of: one of the two, `[.., class]`. */
export type CategoricalChoice = { readonly logits: Tensor } | { readonly probs: Tensor };

const choice = kind.options({ logits: kind.tensor, probs: kind.tensor });
const takesCategorical = signature("new Categorical()", {
  logits: kind.either(kind.tensor, {
    ...choice,
    says: "{ logits } or { probs }",
    accepts: (x) => x !== undefined && choice.accepts(x) && Object.values(x as object).filter((y) => y).length === 1,
  }),
});

/** log-probabilities of numbers that are probabilities but for a factor; -Infinity, and no gradient, where one is 0. */
function logOf(probs: Tensor): Tensor {
  const shares = probs.div(probs.sum(-1, true));
  const never = shares.equal(0);
  return where(never, -Infinity, where(never, 1, shares).log());
}

/** A choice among the classes of the last axis. */
export class Categorical {
  /** log-probabilities `[.., class]`. */
  readonly logProbs: Tensor;

  /**
   * Of unnormalised log-probabilities `[.., class]`, `new Categorical(logits)`, or of probabilities, which are brought to the sum
   * 1, `new Categorical({ probs })`. A class whose logit is -Infinity, or whose probability is 0, is never drawn.
   *
   * @throws PlumblineError G310 for probabilities in the place of logits (PyTorch takes those there), as far as it shows: they
   * come from a softmax, or are numbers that sum to 1.
   */
  constructor(logits: Tensor | CategoricalChoice) {
    takesCategorical(arguments);
    if (!(logits instanceof Tensor) && "probs" in logits && logits.probs) {
      this.logProbs = logOf(floating(logits.probs));
      return;
    }
    const given = logits instanceof Tensor ? logits : (logits as { logits: Tensor }).logits;
    if (logits === given) refuseProbabilities(given);
    this.logProbs = floating(given).logSoftmax(-1);
  }

  /**
   * The log-probability of classes, int32 `[..]`, from 0: any other is an error (G308), as in PyTorch. Classes and choices are broadcast,
   * so that of samples `[..shape, ..]` each has its own.
   */
  logProb(index: Tensor): Tensor {
    const places = new Tensor(fromStart(index.unsqueeze(-1).node));
    if (sameShape(index.shape, this.batchShape)) return this.logProbs.takeAlongAxis(places, -1).squeeze(-1);
    const lead = broadcastShape([places.node, this.logProbs.node], 1);
    const all = this.logProbs.expand(...lead, this.logProbs.shape.at(-1)!);
    return all.takeAlongAxis(places.expand(...lead, 1), -1).squeeze(-1);
  }

  /** The entropy `[..]`. A class of probability 0 adds 0. */
  entropy(): Tensor {
    const p = this.logProbs.exp();
    return p.mul(this.logProbs.clamp(-3.4e38, null)).sum(-1).neg();
  }

  /** KL(this || other), `[..]`. A class of probability 0 adds 0; one that only `other` rules out makes it huge. */
  kl(other: Categorical): Tensor {
    const [p, q] = [this.logProbs, other.logProbs].map((x) => x.clamp(-3.4e38, null)) as [Tensor, Tensor];
    return this.logProbs.exp().mul(p.sub(q)).sum(-1);
  }

  /** Classes, int32 `[..shape, ..]` (Gumbel's trick); never one whose logit is -Infinity. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    return this.#watched(this.logProbs.add(gumbel(key, [...shape, ...this.logProbs.shape])).argmax(-1));
  }

  /** The probabilities `[.., class]`. */
  get probs(): Tensor {
    return this.logProbs.exp();
  }

  /** The log-probabilities `[.., class]`, which are logits. */
  get logits(): Tensor {
    return this.logProbs;
  }

  /** The shape of the choices: that of `logProbs` without its last axis. */
  get batchShape(): Shape {
    return this.logProbs.shape.slice(0, -1);
  }

  /** The shape of one value: none. */
  get eventShape(): Shape {
    return [];
  }

  /** The most likely class, int32 `[..]`. */
  get mode(): Tensor {
    return this.#watched(this.logProbs.argmax(-1));
  }

  /** A choice among no classes would be class 0: whoever computes it is told. */
  #watched(choice: Tensor): Tensor {
    noteSink(this.logProbs.max(-1).node, "the log-probabilities of a Categorical", [choice.node]);
    return choice;
  }
}

takeOnly(Categorical, {
  logProb: { index: kind.tensor },
  kl: { other: kind.instance("another Categorical", Categorical) },
  sample: sampled,
});

/** `x`, which has classes along its last axis, as float32. */
function floating(x: Tensor): Tensor {
  if (x.rank > 0) return x.cast("float32");
  throw new PlumblineError({
    code: "G301",
    message: `a Categorical chooses among the classes of the last axis; ${describe(x.node)} has no axis.`,
  });
}

function refuseProbabilities(x: Tensor): void {
  if (!areProbabilities(x.node)) return;
  throw new PlumblineError({
    code: "G310",
    message: `new Categorical() takes logits, but ${describe(x.node)} holds probabilities: they sum to 1.`,
    help: [
      "of probabilities, as PyTorch's Categorical takes them:  new Categorical({ probs })",
      "if they are logits all the same:  new Categorical({ logits })",
    ],
  });
}

for (const { prototype } of [Normal, TanhNormal, Categorical]) {
  refuseNames(prototype, "a distribution", "Distribution methods");
}
