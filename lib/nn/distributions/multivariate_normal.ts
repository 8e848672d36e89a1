/** Normal vectors whose entries depend on each other. */

import { refuseNames } from "../../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { broadcastShape } from "../../graph/broadcast.ts";
import { describe, type Shape } from "../../graph/types.ts";
import { cholesky, solveTriangular } from "../../tensor/linear_algebra.ts";
import * as kind from "../../tensor/kinds.ts";
import { normal } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { sampled } from "../distributions.ts";

/** The spread of a {@linkcode MultivariateNormal}: one of the two. */
export type Spread = { readonly scaleTril: Tensor } | { readonly covarianceMatrix: Tensor };

const spread = kind.options({ scaleTril: kind.tensor, covarianceMatrix: kind.tensor });
const takesMultivariate = signature("new MultivariateNormal()", {
  loc: kind.tensor,
  spread: {
    ...spread,
    says: "{ scaleTril } or { covarianceMatrix }",
    accepts: (x) => x !== undefined && spread.accepts(x) && Object.values(x as object).filter((y) => y).length === 1,
  },
});

/** Normal vectors `[.., n]` with a covariance matrix each, given by its lower triangular factor. */
export class MultivariateNormal {
  /** The means, `[.., n]`. */
  readonly loc: Tensor;
  /** The lower triangular L of the covariance L L', `[.., n, n]`. */
  readonly scaleTril: Tensor;

  /**
   * `loc` is `[.., n]`, the spread `[.., n, n]`: `{ scaleTril }`, whose diagonal is positive and whose upper part is not read, or
   * `{ covarianceMatrix }`, symmetric and positive definite, whose factor takes n steps.
   *
   * @throws PlumblineError G301 for shapes that do not fit.
   */
  constructor(loc: Tensor, spread: Spread) {
    takesMultivariate(arguments);
    const given = "scaleTril" in spread && spread.scaleTril;
    const factor = given ? given.tril() : cholesky((spread as { covarianceMatrix: Tensor }).covarianceMatrix);
    const n = loc.shape.at(-1);
    if (n === undefined || factor.shape.at(-1) !== n || factor.shape.at(-2) !== n) {
      throw new PlumblineError({
        code: "G301",
        message: `a MultivariateNormal takes loc [.., n] and a spread [.., n, n], not ${describe(loc.node)} and ${
          describe(factor.node)
        }.`,
        made: [loc.node, factor.node],
      });
    }
    const lead = broadcastShape([loc.unsqueeze(-1).node, factor.node], 2);
    [this.loc, this.scaleTril] = [loc.expand(...lead, n), factor.expand(...lead, n, n)];
  }

  /** The log-density of vectors `[.., n]`: `[..]`. */
  logProb(x: Tensor): Tensor {
    const n = this.eventShape[0]!;
    return this.#distance(x).add(n * Math.log(2 * Math.PI)).mul(-0.5).sub(this.#logRoot());
  }

  /** The entropy, `[..]`. */
  entropy(): Tensor {
    return this.#logRoot().add(0.5 * this.eventShape[0]! * (1 + Math.log(2 * Math.PI)));
  }

  /** Samples `[..shape, .., n]` through which gradients flow to `loc` and `scaleTril`. */
  rsample(key: Tensor, shape: Shape = []): Tensor {
    const noise = normal(key, [...shape, ...this.loc.shape]);
    return this.loc.add(this.scaleTril.matmul(noise.unsqueeze(-1)).squeeze(-1));
  }

  /** Samples `[..shape, .., n]` through which no gradient flows. */
  sample(key: Tensor, shape: Shape = []): Tensor {
    return this.rsample(key, shape).detach("sample(): use rsample() for a reparameterised sample");
  }

  /** KL(this || other), `[..]`. */
  kl(other: MultivariateNormal): Tensor {
    const spread = solveTriangular(other.scaleTril, this.scaleTril).square().sum([-2, -1]);
    const gaps = spread.add(other.#distance(this.loc)).sub(this.eventShape[0]!).mul(0.5);
    return other.#logRoot().sub(this.#logRoot()).add(gaps);
  }

  /** The shape of the distributions: that of `loc` without its last axis. */
  get batchShape(): Shape {
    return this.loc.shape.slice(0, -1);
  }

  /** The shape of one value: `[n]`. */
  get eventShape(): Shape {
    return this.loc.shape.slice(-1);
  }

  /** The mean `[.., n]`: `loc`. */
  get mean(): Tensor {
    return this.loc;
  }

  /** The variance of each entry, `[.., n]`. */
  get variance(): Tensor {
    return this.scaleTril.square().sum(-1);
  }

  /** The standard deviation of each entry, `[.., n]`. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  /** The most likely value: `loc`. */
  get mode(): Tensor {
    return this.loc;
  }

  /** The square of the distance from the mean in standard deviations (Mahalanobis), `[..]`. */
  #distance(x: Tensor): Tensor {
    return solveTriangular(this.scaleTril, x.sub(this.loc).unsqueeze(-1)).square().sum([-2, -1]);
  }

  /** Half of the logarithm of the covariance's determinant. */
  #logRoot(): Tensor {
    return this.scaleTril.diagonal(0, -2, -1).log().sum(-1);
  }
}

takeOnly(MultivariateNormal, {
  logProb: { x: kind.tensor },
  rsample: sampled,
  sample: sampled,
  kl: { other: kind.instance("another MultivariateNormal", MultivariateNormal) },
});
refuseNames(MultivariateNormal.prototype, "a distribution", "Distribution methods");
