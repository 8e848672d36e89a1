/** Probability distributions over actions. `sample` passes no gradient; `rsample` is reparameterised. */

import type { Shape } from "../graph/types.ts";
import { normal, uniform } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

const logSqrtTwoPi = 0.5 * Math.log(2 * Math.PI);

/** Independent normal distributions; `loc` and `scale` have the same shape. */
export class Normal {
  /** `scale` is positive. */
  constructor(readonly loc: Tensor, readonly scale: Tensor) {}

  /** The log-density of `x`, element by element. */
  logProb(x: Tensor): Tensor {
    const z = x.sub(this.loc).div(this.scale);
    return z.square().mul(-0.5).sub(this.scale.log()).sub(logSqrtTwoPi);
  }

  /** The entropy, element by element. */
  entropy(): Tensor {
    return this.scale.log().add(0.5 + logSqrtTwoPi);
  }

  /** A sample through which gradients flow to `loc` and `scale`. */
  rsample(key: Tensor): Tensor {
    return this.loc.add(this.scale.mul(normal(key, this.loc.shape)));
  }

  /** A sample through which no gradient flows. */
  sample(key: Tensor): Tensor {
    return this.rsample(key).detach("sample(): use rsample() for a reparameterised sample");
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

/** log(1 - tanh(u)^2), exact for every u: 2 (log 2 - u - softplus(-2 u)). */
function logDerivativeOfTanh(u: Tensor): Tensor {
  return u.add(u.mul(-2).softplus()).mul(-2).add(2 * Math.LN2);
}

/**
 * tanh of a normal variable: actions in (-1, 1). Keep the value before the tanh (`sampleBase`, `logProbOfBase`) where you
 * can: near the edges the action alone no longer tells it.
 */
export class TanhNormal {
  /** The distribution before the tanh. */
  readonly base: Normal;

  /** `scale` is positive. Actions are taken to lie within +-(1 - `eps`) when they are inverted. */
  constructor(loc: Tensor, scale: Tensor, readonly eps = 1e-6) {
    this.base = new Normal(loc, scale);
  }

  /** The log-density of an action, element by element; finite at the edges +-1 too. */
  logProb(action: Tensor): Tensor {
    const inside = action.clamp(-1 + this.eps, 1 - this.eps);
    const u = inside.add(1).div(inside.neg().add(1)).log().mul(0.5);
    return this.logProbOfBase(u);
  }

  /** The log-density of the action tanh(u), element by element. */
  logProbOfBase(u: Tensor): Tensor {
    return this.base.logProb(u).sub(logDerivativeOfTanh(u));
  }

  /** A value before the tanh, without gradient. */
  sampleBase(key: Tensor): Tensor {
    return this.base.sample(key);
  }

  /** An action through which gradients flow. */
  rsample(key: Tensor): Tensor {
    return this.base.rsample(key).tanh();
  }

  /** An action through which no gradient flows. */
  sample(key: Tensor): Tensor {
    return this.base.sample(key).tanh();
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

/** A choice among the classes of the last axis. */
export class Categorical {
  /** log-probabilities `[.., class]`. */
  readonly logProbs: Tensor;

  /** Unnormalised log-probabilities `[.., class]`. */
  constructor(logits: Tensor) {
    this.logProbs = logits.logSoftmax(-1);
  }

  /** The log-probability of classes, int32 `[..]`. */
  logProb(index: Tensor): Tensor {
    return this.logProbs.takeAlongAxis(index.unsqueeze(-1), -1).squeeze(-1);
  }

  /** The entropy `[..]`. A class of probability 0 adds 0. */
  entropy(): Tensor {
    const p = this.logProbs.exp();
    return p.mul(this.logProbs.clamp(-3.4e38, null)).sum(-1).neg();
  }

  /** Classes, int32 `[..]` (Gumbel's trick); never one whose logit is -Infinity. */
  sample(key: Tensor): Tensor {
    return this.logProbs.add(gumbel(key, this.logProbs.shape)).argmax(-1);
  }

  /** The most likely class, int32 `[..]`. */
  get mode(): Tensor {
    return this.logProbs.argmax(-1);
  }
}
