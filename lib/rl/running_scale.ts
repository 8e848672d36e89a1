/**
 * The scale of observations or of value targets: running mean and variance. What they describe changes with the policy, and so they
 * forget slowly, unless told to keep all.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import type { Shape } from "../graph/types.ts";
import { Module } from "../nn/module.ts";
import { full, zeros } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/** What a {@linkcode RunningScale} may be told. */
export interface RunningScaleOptions {
  /**
   * The weight that older batches keep when one is added, above 0 and at most 1: with 0.99, unless told otherwise, about the last
   * hundred count; with 1 all do.
   */
  readonly keep?: number;
}

/** Standard deviations are taken to be at least this. */
const least = 1e-4;

const weight = kind.kindOf("a number above 0, at most 1", (x) => typeof x === "number" && x > 0 && x <= 1);
const takesScale = signature("new RunningScale()", {
  shape: kind.shape,
  options: kind.options<RunningScaleOptions>({ keep: weight }),
});

/** Running mean and variance of batches, each new one with the weight 1 (Chan et al. 1979, for two sets). */
export class RunningScale extends Module {
  /** float32, of the shape that has a mean of its own for each entry. */
  readonly mean: Variable;
  /** Of the same shape; of all numbers that have been seen, the older ones with less weight. */
  readonly variance: Variable;
  /** Scalar. */
  readonly weight: Variable = new Variable(zeros([]), "scale.weight");
  readonly #keep: number;

  /** `shape`: the trailing axes along which each entry has its own scale; `[]` for one of all numbers. */
  constructor(shape: Shape, options: RunningScaleOptions = {}) {
    takesScale(arguments);
    super();
    this.#keep = options.keep ?? 0.99;
    this.mean = new Variable(zeros(shape), "scale.mean");
    this.variance = new Variable(full(shape, 1), "scale.variance");
  }

  /** Adds a batch `[.., ...shape]`. For use in a compiled function, with this as state. */
  add(batch: Tensor): void {
    const axes = Array.from({ length: batch.rank - this.mean.rank }, (_, i) => i);
    const before = this.weight.mul(this.#keep);
    const weight = before.add(1);
    const shift = batch.mean(axes).sub(this.mean);
    const spread = before.mul(this.variance).add(batch.variance(axes, { correction: 0 }));
    this.variance.assign(spread.div(weight).add(shift.square().mul(before).div(weight.square())));
    this.mean.assign(this.mean.add(shift.div(weight)));
    this.weight.assign(weight);
  }

  /** Numbers `[.., ...shape]` with mean 0 and deviation 1. */
  forward(x: Tensor): Tensor {
    return x.sub(this.mean).div(this.deviation());
  }

  /** The numbers that {@linkcode forward} made `x` of. */
  inverse(x: Tensor): Tensor {
    return x.mul(this.deviation()).add(this.mean);
  }

  /** The standard deviation, of the shape of the mean; a small number where all that was seen is the same. */
  deviation(): Tensor {
    return this.variance.sqrt().maximum(least);
  }
}

takeOnly(RunningScale, {
  deviation: {},
  add: { batch: kind.tensor },
  forward: { x: kind.tensor },
  inverse: { x: kind.tensor },
});
