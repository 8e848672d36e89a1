/** Mixtures of distributions of one kind, and the divergence of two of one kind. */

import { refuseNames } from "../../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { sameShape, type Shape } from "../../graph/types.ts";
import * as kind from "../../tensor/kinds.ts";
import { splitKey } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Categorical, Normal, sampled } from "../distributions.ts";
import { Bernoulli } from "./bernoulli.ts";
import { Beta } from "./beta.ts";
import { MultivariateNormal } from "./multivariate_normal.ts";
import { Uniform } from "./uniform.ts";

/** What a mixture has as its parts. */
export type Component = Normal | Bernoulli | Beta | Uniform | MultivariateNormal;

const component = kind.kindOf(
  "a distribution with a mean",
  (x) => [Normal, Bernoulli, Beta, Uniform, MultivariateNormal].some((of) => x instanceof of),
);
const takesMixture = signature("new MixtureSameFamily()", {
  mixture: kind.instance("a Categorical", Categorical),
  components: component,
});

/** One of several distributions of a kind, chosen by a {@linkcode Categorical}. */
export class MixtureSameFamily {
  /**
   * The choice has the shape `[.., k]`, with k classes; the distributions `[.., k]`, along whose last axis it chooses.
   *
   * @throws PlumblineError G301 if these differ.
   */
  constructor(
    /** The choice. */
    readonly mixture: Categorical,
    /** What is chosen from. */
    readonly components: Component,
  ) {
    takesMixture(arguments);
    const [weights, parts] = [mixture.logProbs.shape, components.batchShape];
    if (parts.length > 0 && sameShape(weights, parts)) return;
    throw new PlumblineError({
      code: "G301",
      message: `a MixtureSameFamily chooses among classes [${weights}], and has distributions [${parts}]: they differ.`,
      help: "the last axis of both is what is chosen along, the others are the same.",
    });
  }

  /** The log-density of `x`: `[..]`, where `x` has the shape of a value behind it. */
  logProb(x: Tensor): Tensor {
    const { eventShape } = this;
    const place = x.rank - eventShape.length;
    const shape = [...x.shape.slice(0, place), this.mixture.logProbs.shape.at(-1)!, ...eventShape];
    const parts = this.components.logProb(x.unsqueeze(place).expand(...shape));
    return parts.add(this.mixture.logProbs).logSumExp(-1);
  }

  /** Samples `[..shape, .., ..shape of a value]`. No gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    const [first, second] = splitKey(key) as [Tensor, Tensor];
    const choice = this.mixture.sample(first, shape);
    const all = this.components.sample(second, shape);
    const behind = this.eventShape;
    const index = choice.reshape(...choice.shape, 1, ...behind.map(() => 1)).expand(...choice.shape, 1, ...behind);
    const along = -1 - behind.length;
    return all.takeAlongAxis(index, along).squeeze(along);
  }

  /** The shape of the mixtures. */
  get batchShape(): Shape {
    return this.mixture.batchShape;
  }

  /** The shape of one value. */
  get eventShape(): Shape {
    return this.components.eventShape;
  }

  /** The mean. */
  get mean(): Tensor {
    return this.#average(this.components.mean);
  }

  /** The variance of each entry: that within the distributions, and that of their means. */
  get variance(): Tensor {
    const gap = this.components.mean.sub(this.mean.unsqueeze(-1 - this.eventShape.length));
    return this.#average(this.components.variance.add(gap.square()));
  }

  /** The standard deviation of each entry. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  #average(x: Tensor): Tensor {
    const { probs } = this.mixture;
    const weights = probs.reshape(...probs.shape, ...this.eventShape.map(() => 1));
    return x.mul(weights).sum(-1 - this.eventShape.length);
  }
}

takeOnly(MixtureSameFamily, { logProb: { x: kind.tensor }, sample: sampled });
refuseNames(MixtureSameFamily.prototype, "a distribution", "Distribution methods");

/** What has a divergence from another of its kind. */
export type Divergent<D> = { kl(other: D): Tensor };

const withDivergence = kind.kindOf(
  "a distribution",
  (x) => [Normal, Categorical, Bernoulli, Beta, Uniform, MultivariateNormal].some((of) => x instanceof of),
);
const takesDivergence = signature("klDivergence()", { p: withDivergence, q: withDivergence });

/**
 * KL(p || q) of two distributions of one kind (torch.distributions.kl_divergence): `p.kl(q)`.
 *
 * @throws PlumblineError G310 for distributions of two kinds.
 */
export function klDivergence<D extends Divergent<D>>(p: D, q: D): Tensor {
  takesDivergence(arguments);
  return p.kl(q);
}
