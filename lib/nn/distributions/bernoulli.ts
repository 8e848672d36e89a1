/** Yes or no, as 1 or 0. */

import { refuseNames } from "../../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../../graph/arguments.ts";
import type { Shape } from "../../graph/types.ts";
import * as kind from "../../tensor/kinds.ts";
import { uniform } from "../../tensor/random.ts";
import { likeNode, Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { sampled } from "../distributions.ts";

/** What a {@linkcode Bernoulli} is made of: one of the two. */
export type BernoulliChoice = { readonly probs: Tensor } | { readonly logits: Tensor };

const choice = kind.options({ probs: kind.tensor, logits: kind.tensor });
const takesBernoulli = signature("new Bernoulli()", {
  choice: {
    ...choice,
    says: "{ probs } or { logits }",
    accepts: (x) => x !== undefined && choice.accepts(x) && Object.values(x as object).filter((y) => y).length === 1,
  },
}, ([x]) => x instanceof Tensor ? "PyTorch's Bernoulli(probs) is new Bernoulli({ probs })." : undefined);

/** The distance from 0 and 1 that PyTorch holds probabilities to in float32, so that their logits are finite. */
const eps = 2 ** -23;

/** Independent choices of 1, with a probability, or 0. */
export class Bernoulli {
  /** log(p / (1 - p)). */
  readonly logits: Tensor;
  /** The probabilities of 1. */
  readonly probs: Tensor;

  /** Of probabilities in [0, 1], `new Bernoulli({ probs })`, or of their logits, `new Bernoulli({ logits })`. */
  constructor(choice: BernoulliChoice) {
    takesBernoulli(arguments);
    if ("logits" in choice && choice.logits) {
      [this.logits, this.probs] = [choice.logits, choice.logits.sigmoid()];
      return;
    }
    this.probs = (choice as { probs: Tensor }).probs;
    const inside = this.probs.clamp(eps, 1 - eps);
    this.logits = inside.log().sub(inside.neg().log1p());
  }

  /** The log-probability of `x`, 0 or 1, element by element. */
  logProb(x: TensorLike): Tensor {
    const value = new Tensor(likeNode(this.logits.node, x));
    return value.mul(this.logits).sub(this.logits.softplus());
  }

  /** The entropy, element by element. */
  entropy(): Tensor {
    return this.logits.softplus().sub(this.probs.mul(this.logits));
  }

  /** Samples `[..shape, ..shape of the distribution]`, 0 or 1 as float32. No gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    return uniform(key, [...shape, ...this.batchShape]).less(this.probs).cast("float32");
  }

  /** KL(this || other), element by element. */
  kl(other: Bernoulli): Tensor {
    const [a, b] = [this.logits, other.logits];
    return this.probs.mul(a.sub(b)).sub(a.softplus()).add(b.softplus());
  }

  /** The shape of the distributions. */
  get batchShape(): Shape {
    return this.logits.shape;
  }

  /** The shape of one value: none. */
  get eventShape(): Shape {
    return [];
  }

  /** The mean, element by element: the probability of 1. */
  get mean(): Tensor {
    return this.probs;
  }

  /** The variance, element by element. */
  get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }

  /** The standard deviation, element by element. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  /** The likelier of 0 and 1, float32; 0 where they are equally likely. */
  get mode(): Tensor {
    return this.probs.greater(0.5).cast("float32");
  }
}

takeOnly(Bernoulli, {
  logProb: { x: kind.tensorLike },
  sample: sampled,
  kl: { other: kind.instance("another Bernoulli", Bernoulli) },
});
refuseNames(Bernoulli.prototype, "a distribution", "Distribution methods");
