/** Shares between 0 and 1, of two concentrations. */

import { refuseNames } from "../../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../../graph/arguments.ts";
import type { Shape } from "../../graph/types.ts";
import * as kind from "../../tensor/kinds.ts";
import { normal, splitKey, uniform } from "../../tensor/random.ts";
import { likeNode, Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { sampled, together } from "../distributions.ts";
import { digamma, logBeta } from "./gamma_function.ts";

const takesBeta = signature("new Beta()", { concentration1: kind.tensorLike, concentration0: kind.tensorLike });

/** Each is taken with a probability above 0.95; that none of so many is has one below 10^-15. */
const tries = 12;

/**
 * The logarithm of a gamma variable of shape `a` and scale 1 (Marsaglia and Tsang 2000): of several tries the first that is
 * accepted, for a shape above 1, from which one below comes by a power of a uniform number.
 */
function logGammaSample(key: Tensor, a: Tensor, shape: Shape): Tensor {
  const [first, second, third] = splitKey(key, 3) as [Tensor, Tensor, Tensor];
  const d = a.add(1 - 1 / 3);
  const noise = normal(first, [tries, ...shape]);
  const root = noise.div(d.mul(9).sqrt()).add(1);
  const v = root.mul(root).mul(root);
  const logV = v.maximum(1e-30).log();
  const bound = noise.square().mul(0.5).add(d).sub(d.mul(v)).add(d.mul(logV));
  const logU = uniform(second, [tries, ...shape]).maximum(2 ** -25).log();
  const accepted = v.greater(0).and(logU.less(bound)).cast("int32").argmax(0, true);
  const chosen = logV.takeAlongAxis(accepted, 0).squeeze(0);
  const power = uniform(third, shape).maximum(2 ** -25).log().div(a);
  return chosen.add(d.log()).add(power);
}

/** Independent numbers in (0, 1) with the density x^(a - 1) (1 - x)^(b - 1), but for a factor. */
export class Beta {
  /** a, in the shape that both have together. */
  readonly concentration1: Tensor;
  /** b, in the same shape. */
  readonly concentration0: Tensor;

  /** Both are positive, and are broadcast. */
  constructor(concentration1: TensorLike, concentration0: TensorLike) {
    takesBeta(arguments);
    [this.concentration1, this.concentration0] = together(concentration1, concentration0).map((x) => x.float()) as [
      Tensor,
      Tensor,
    ];
  }

  /** The log-density of `x` in [0, 1], element by element. */
  logProb(x: TensorLike): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const value = new Tensor(likeNode(a.node, x));
    // A power of 0 is 1 at 0 too.
    const above = value.where(value.equal(0).and(a.equal(1)).not(), 0.5);
    const below = value.where(value.equal(1).and(b.equal(1)).not(), 0.5);
    const lower = a.sub(1).mul(above.log());
    const upper = b.sub(1).mul(below.neg().log1p());
    return lower.add(upper).sub(logBeta(a, b));
  }

  /** The entropy, element by element. */
  entropy(): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const both = a.add(b);
    return logBeta(a, b)
      .sub(a.sub(1).mul(digamma(a)))
      .sub(b.sub(1).mul(digamma(b)))
      .add(both.sub(2).mul(digamma(both)));
  }

  /** Samples `[..shape, ..shape of the distribution]`, of two gamma variables. No gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    const whole = [...shape, ...this.batchShape];
    const [first, second] = splitKey(key) as [Tensor, Tensor];
    const [a, b] = [this.concentration1, this.concentration0];
    const odds = logGammaSample(first, a, whole).sub(logGammaSample(second, b, whole));
    // As in PyTorch never 0 or 1, where the density may be infinite.
    return odds.sigmoid().clamp(2 ** -126, 1 - 2 ** -24).detach("sample(): a choice among tries has no derivative");
  }

  /** KL(this || other), element by element. */
  kl(other: Beta): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const [c, d] = [other.concentration1, other.concentration0];
    return logBeta(c, d).sub(logBeta(a, b))
      .add(a.sub(c).mul(digamma(a)))
      .add(b.sub(d).mul(digamma(b)))
      .add(c.sub(a).add(d.sub(b)).mul(digamma(a.add(b))));
  }

  /** The shape of the distributions. */
  get batchShape(): Shape {
    return this.concentration1.shape;
  }

  /** The shape of one value: none. */
  get eventShape(): Shape {
    return [];
  }

  /** The mean, element by element. */
  get mean(): Tensor {
    return this.concentration1.div(this.concentration1.add(this.concentration0));
  }

  /** The variance, element by element. */
  get variance(): Tensor {
    const total = this.concentration1.add(this.concentration0);
    return this.mean.mul(this.mean.neg().add(1)).div(total.add(1));
  }

  /** The standard deviation, element by element. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }
}

takeOnly(Beta, {
  logProb: { x: kind.tensorLike },
  sample: sampled,
  kl: { other: kind.instance("another Beta", Beta) },
});
refuseNames(Beta.prototype, "a distribution", "Distribution methods");
