/** RMSNorm (Zhang and Sennrich 2019): the last axis divided by its root mean square, then scaled. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { atCaller } from "../../graph/site.ts";
import { ones } from "../../tensor/creation.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Parameter } from "../../tensor/variable.ts";
import { Module } from "../module.ts";
import { checkInput } from "../refuse.ts";

const takesRMSNorm = signature("new RMSNorm()", { features: kind.count(1), eps: kind.optional(kind.finite) });

/** x / sqrt(mean(x^2) + eps) * weight over the last axis (torch.nn.RMSNorm). */
export class RMSNorm extends Module {
  /** `[features]`, starts at 1. */
  readonly weight: Parameter;

  /** `eps` is added to the mean square: that of float32, 2^-23, unless told otherwise, as in PyTorch. */
  constructor(readonly features: number, readonly eps: number = 2 ** -23) {
    takesRMSNorm(arguments);
    super();
    this.weight = new Parameter(ones([features]), "weight");
  }

  /** `[.., features]` to the same. */
  forward(x: Tensor): Tensor {
    checkInput("RMSNorm", { features: this.features }, x);
    return atCaller(() => x.div(x.square().mean(-1, true).add(this.eps).sqrt()).mul(this.weight));
  }
}

takeOnly(RMSNorm, { forward: { x: kind.tensor } });
