/** The scale of value targets: their running mean and variance, which change with the policy and so forget slowly. */

import { tensor } from "../tensor/creation.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Stateful, Variable } from "../tensor/variable.ts";

/** The weight that older batches keep when one is added: about the last hundred count. */
const keep = 0.99;

/** Standard deviations are taken to be at least this. */
const least = 1e-4;

/** Running mean and variance of batches of numbers, each batch with the weight 1 (Chan et al. 1979, for two sets). */
export class ValueScale implements Stateful {
  /** Scalars. */
  readonly mean: Variable = new Variable(tensor(0), "value.mean");
  readonly variance: Variable = new Variable(tensor(1), "value.variance");
  readonly weight: Variable = new Variable(tensor(0), "value.weight");

  /** Adds a batch. For use in a compiled function, with this as state. */
  add(batch: Tensor): void {
    const before = this.weight.mul(keep);
    const weight = before.add(1);
    const mean = batch.mean();
    const shift = mean.sub(this.mean);
    const spread = before.mul(this.variance).add(batch.variance(undefined, { correction: 0 }));
    this.variance.assign(spread.div(weight).add(shift.square().mul(before).div(weight.square())));
    this.mean.assign(this.mean.add(shift.div(weight)));
    this.weight.assign(weight);
  }

  /** Values as a critic learns them. */
  normalize(x: Tensor): Tensor {
    return x.sub(this.mean).div(this.#deviation());
  }

  /** Values as rewards have them, from what a critic says. */
  denormalize(x: Tensor): Tensor {
    return x.mul(this.#deviation()).add(this.mean);
  }

  /** Mean, variance and weight. */
  variables(): Variable[] {
    return [this.mean, this.variance, this.weight];
  }

  #deviation(): Tensor {
    return this.variance.sqrt().maximum(least);
  }
}
