/** Numbers between two bounds, all equally likely. */

import { refuseNames } from "../../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../../graph/arguments.ts";
import type { Shape } from "../../graph/types.ts";
import { zerosLike } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import * as kind from "../../tensor/kinds.ts";
import { uniform } from "../../tensor/random.ts";
import { likeNode, Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { sampled, together } from "../distributions.ts";

const takesUniform = signature("new Uniform()", { low: kind.tensorLike, high: kind.tensorLike });

/** Independent numbers in [low, high). */
export class Uniform {
  /** The lower bounds, in the shape that both have together. */
  readonly low: Tensor;
  /** The upper bounds, in the same shape. */
  readonly high: Tensor;

  /** `low` is below `high`. The two are broadcast. */
  constructor(low: TensorLike, high: TensorLike) {
    takesUniform(arguments);
    [this.low, this.high] = together(low, high);
  }

  /** The log-density of `x`, element by element; -Infinity outside of [low, high). */
  logProb(x: TensorLike): Tensor {
    const value = new Tensor(likeNode(this.low.node, x));
    const isInside = value.greaterEqual(this.low).and(value.less(this.high));
    return where(isInside, zerosLike(value), -Infinity).sub(this.entropy());
  }

  /** The entropy, element by element. */
  entropy(): Tensor {
    return this.high.sub(this.low).log();
  }

  /** Samples `[..shape, ..shape of the distribution]` through which gradients flow to the bounds. */
  rsample(key: Tensor, shape: Shape = []): Tensor {
    return this.low.add(uniform(key, [...shape, ...this.batchShape]).mul(this.high.sub(this.low)));
  }

  /** Samples `[..shape, ..shape of the distribution]` through which no gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    return this.rsample(key, shape).detach("sample(): use rsample() for a reparameterised sample");
  }

  /** KL(this || other), element by element; Infinity where `other` does not hold all of this. */
  kl(other: Uniform): Tensor {
    const isOutside = this.low.less(other.low).or(other.high.less(this.high));
    return where(isOutside, Infinity, other.entropy().sub(this.entropy()));
  }

  /** The shape of the distributions. */
  get batchShape(): Shape {
    return this.low.shape;
  }

  /** The shape of one value: none. */
  get eventShape(): Shape {
    return [];
  }

  /** The mean, element by element. */
  get mean(): Tensor {
    return this.low.add(this.high).mul(0.5);
  }

  /** The variance, element by element. */
  get variance(): Tensor {
    return this.high.sub(this.low).square().div(12);
  }

  /** The standard deviation, element by element. */
  get stddev(): Tensor {
    return this.high.sub(this.low).div(Math.sqrt(12));
  }
}

takeOnly(Uniform, {
  logProb: { x: kind.tensorLike },
  rsample: sampled,
  sample: sampled,
  kl: { other: kind.instance("another Uniform", Uniform) },
});
refuseNames(Uniform.prototype, "a distribution", "Distribution methods");
