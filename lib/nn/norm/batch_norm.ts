/**
 * Batch normalisation (Ioffe and Szegedy 2015): in training each channel has the mean 0 and the variance 1 over the batch, and its
 * statistics are followed; after `eval()` those that were followed are taken.
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { atCaller } from "../../graph/site.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import { ones, tensor, zeros } from "../../tensor/creation.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Parameter, Variable } from "../../tensor/variable.ts";
import { Module } from "../module.ts";
import { besideChannels, checkChannels } from "./group_norm.ts";

/** Settings of {@linkcode BatchNorm}. */
export interface BatchNormOptions {
  /** Added to the variance: 1e-5 unless told otherwise. */
  eps?: number;
  /** The share that a batch has in the running statistics: 0.1 unless told otherwise. */
  momentum?: number;
}

const takesBatchNorm = signature("new BatchNorm()", {
  numFeatures: kind.count(1),
  options: kind.options<BatchNormOptions>({ eps: kind.finite, momentum: kind.finite }),
});

/**
 * Each channel normalised over the batch and what comes after the channels (torch.nn.BatchNorm1d, 2d and 3d): of `[batch, channel]`,
 * sequences or images. The running statistics are state of a compiled function, as all of the module.
 *
 * @example
 * ```ts
 * import { BatchNorm, HostRandom, tensor } from "@plumbline/plumbline";
 *
 * const norm = new BatchNorm(2);
 * const x = tensor(new HostRandom(0).uniform(20, -1, 1), { shape: [10, 2] });
 * console.log(await norm.forward(x.mul(5).add(3)).mean(0).abs().less(1e-5).all().item()); // true
 * console.log(await norm.numBatchesTracked.item(), norm.eval().forward(x).shape); // 1 [ 10, 2 ]
 * ```
 */
export class BatchNorm extends Module {
  /** `[channel]`, starts at 1. */
  readonly weight: Parameter;
  /** `[channel]`, starts at 0. */
  readonly bias: Parameter;
  /** `[channel]`, starts at 0. */
  readonly runningMean: Variable;
  /** `[channel]`, unbiased; starts at 1. */
  readonly runningVar: Variable;
  /** Batches that were seen, an int32 scalar. */
  readonly numBatchesTracked: Variable;
  /** Added to the variance. */
  readonly eps: number;
  /** The share that a batch has in the running statistics. */
  readonly momentum: number;

  /** For as many channels as `numFeatures`. */
  constructor(readonly numFeatures: number, options: BatchNormOptions = {}) {
    takesBatchNorm(arguments);
    super();
    this.eps = options.eps ?? 1e-5;
    this.momentum = options.momentum ?? 0.1;
    this.weight = new Parameter(ones([numFeatures]), "weight");
    this.bias = new Parameter(zeros([numFeatures]), "bias");
    this.runningMean = new Variable(zeros([numFeatures]), "runningMean");
    this.runningVar = new Variable(ones([numFeatures]), "runningVar");
    this.numBatchesTracked = new Variable(tensor(0, { dtype: "int32" }), "numBatchesTracked");
  }

  /**
   * `[batch, channel, ..]` to the same. In training it changes the running statistics.
   *
   * @throws PlumblineError G301 for other channels, or a batch of one number a channel, which has no variance.
   */
  forward(x: Tensor): Tensor {
    checkChannels("BatchNorm", this.numFeatures, x);
    return atCaller(() => {
      const [mean, variance] = this.training ? this.#follow(x) : [this.runningMean, this.runningVar];
      const beside = (numbers: Tensor): Tensor => besideChannels(numbers, x);
      const normal = x.sub(beside(mean)).div(beside(variance.add(this.eps).sqrt()));
      return normal.mul(beside(this.weight)).add(beside(this.bias)).named(...x.axes);
    });
  }

  /** The statistics of a batch, of which the running ones take over a share. */
  #follow(x: Tensor): [mean: Tensor, variance: Tensor] {
    const axes = x.shape.flatMap((_, i) => i === 1 ? [] : [i]);
    const count = sizeOf(axes.map((i) => x.shape[i]!));
    if (count < 2) {
      throw new PlumblineError({
        code: "G301",
        message: `BatchNorm needs more than one number of a channel to train, not ${describe(x.node)}.`,
        made: [x.node],
        help: "a larger batch; or eval(), where it takes the statistics that it has followed.",
      });
    }
    const mean = x.mean(axes);
    const variance = x.sub(besideChannels(mean, x)).square().mean(axes);
    const { momentum } = this;
    const follow = (running: Variable, now: Tensor): void => {
      running.assign(running.mul(1 - momentum).add(now.detach("running statistics").mul(momentum)));
    };
    follow(this.runningMean, mean);
    follow(this.runningVar, variance.mul(count / (count - 1)));
    this.numBatchesTracked.assign(this.numBatchesTracked.add(1));
    return [mean, variance];
  }
}

takeOnly(BatchNorm, { forward: { x: kind.tensor } });
