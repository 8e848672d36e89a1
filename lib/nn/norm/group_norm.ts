/** GroupNorm (Wu and He 2018): each sample's channels in groups, which have mean 0 and variance 1, then scaled and shifted. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { atCaller } from "../../graph/site.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import { ones, zeros } from "../../tensor/creation.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Parameter } from "../../tensor/variable.ts";
import { Module } from "../module.ts";

const takesGroupNorm = signature("new GroupNorm()", {
  numGroups: kind.count(1),
  numChannels: kind.count(1),
  eps: kind.optional(kind.finite),
});

/** Throws G301 unless the second axis of `x` is that of `channels`. */
export function checkChannels(layer: string, channels: number, x: Tensor): void {
  if (x.rank >= 2 && x.shape[1] === channels) return;
  throw new PlumblineError({
    code: "G301",
    message: `${layer} takes [batch, channel, ..] with ${channels} channels; it was given ${describe(x.node)}.`,
    made: [x.node],
  });
}

/** Numbers `[channel]` beside `x [batch, channel, ..]`. */
export function besideChannels(numbers: Tensor, x: Tensor): Tensor {
  return numbers.reshape(1, -1, ...x.shape.slice(2).map(() => 1));
}

/** Each sample's channels in groups, normalised, then scaled and shifted channel by channel (torch.nn.GroupNorm). */
export class GroupNorm extends Module {
  /** `[channel]`, starts at 1. */
  readonly weight: Parameter;
  /** `[channel]`, starts at 0. */
  readonly bias: Parameter;

  /**
   * `eps` is added to the variance: 1e-5 unless told otherwise.
   *
   * @throws RangeError unless `numGroups` divides `numChannels`.
   */
  constructor(readonly numGroups: number, readonly numChannels: number, readonly eps = 1e-5) {
    takesGroupNorm(arguments);
    super();
    if (numChannels % numGroups !== 0) {
      throw new RangeError(
        `the groups of GroupNorm share its channels: ${numChannels} is no multiple of ${numGroups}.`,
      );
    }
    this.weight = new Parameter(ones([numChannels]), "weight");
    this.bias = new Parameter(zeros([numChannels]), "bias");
  }

  /** `[batch, channel, ..]` to the same. */
  forward(x: Tensor): Tensor {
    checkChannels("GroupNorm", this.numChannels, x);
    return atCaller(() => {
      const each = sizeOf(x.shape.slice(1)) / this.numGroups;
      const groups = x.reshape(x.shape[0]!, this.numGroups, each);
      const centred = groups.sub(groups.mean(-1, true));
      const normal = centred.div(centred.square().mean(-1, true).add(this.eps).sqrt()).reshape(...x.shape);
      return normal.mul(besideChannels(this.weight, x)).add(besideChannels(this.bias, x)).named(...x.axes);
    });
  }
}

takeOnly(GroupNorm, { forward: { x: kind.tensor } });
