/** The scale of observations or of value targets: running mean and variance, which change with the policy and so forget slowly. */

import { signature, takeOnly } from "../graph/arguments.ts";
import type { Shape } from "../graph/types.ts";
import { Module } from "../nn/module.ts";
import { full, zeros } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/** The weight that older batches keep when one is added: about the last hundred count. */
const keep = 0.99;

/** Standard deviations are taken to be at least this. */
const least = 1e-4;

const takesScale = signature("new RunningScale()", { shape: kind.shape });

/** Running mean and variance of batches, each batch with the weight 1 (Chan et al. 1979, for two sets). */
export class RunningScale extends Module {
  /** float32, of the shape that has a mean of its own for each entry. */
  readonly mean: Variable;
  /** Of the same shape; of all numbers that have been seen, the older ones with less weight. */
  readonly variance: Variable;
  /** Scalar. */
  readonly weight: Variable = new Variable(zeros([]), "scale.weight");

  /** `shape`: the trailing axes along which each entry has its own scale; `[]` for one of all numbers. */
  constructor(shape: Shape) {
    takesScale(arguments);
    super();
    this.mean = new Variable(zeros(shape), "scale.mean");
    this.variance = new Variable(full(shape, 1), "scale.variance");
  }

  /** Adds a batch `[.., ...shape]`. For use in a compiled function, with this as state. */
  add(batch: Tensor): void {
    const axes = Array.from({ length: batch.rank - this.mean.rank }, (_, i) => i);
    const before = this.weight.mul(keep);
    const weight = before.add(1);
    const shift = batch.mean(axes).sub(this.mean);
    const spread = before.mul(this.variance).add(batch.variance(axes, { correction: 0 }));
    this.variance.assign(spread.div(weight).add(shift.square().mul(before).div(weight.square())));
    this.mean.assign(this.mean.add(shift.div(weight)));
    this.weight.assign(weight);
  }

  /** Numbers `[.., ...shape]` with mean 0 and deviation 1. */
  forward(x: Tensor): Tensor {
    return x.sub(this.mean).div(this.#deviation());
  }

  /** The numbers that {@linkcode forward} made `x` of. */
  inverse(x: Tensor): Tensor {
    return x.mul(this.#deviation()).add(this.mean);
  }

  #deviation(): Tensor {
    return this.variance.sqrt().maximum(least);
  }
}

takeOnly(RunningScale, { add: { batch: kind.tensor }, forward: { x: kind.tensor }, inverse: { x: kind.tensor } });
