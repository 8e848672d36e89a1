/** Several MLPs of one shape side by side, each with weights of its own, computed together by batched products. */

import { signature, takeOnly } from "../graph/arguments.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Parameter } from "../tensor/variable.ts";
import { defaultInit, drawParameter, eachMember, type Initializer, uniformInit } from "./init.ts";
import { type Activation, checkActivation, type MLPOptions, mlpSizes, sizesOf } from "./layers.ts";
import { Module } from "./module.ts";
import { checkInput } from "./refuse.ts";

/** x W^T + b of every member, for `x [member, row, in]`. */
class StackedLinear extends Module {
  /** `[member, out, in]`. */
  readonly weight: Parameter;
  /** `[member, out]`. */
  readonly bias: Parameter;

  constructor(
    members: number,
    inFeatures: number,
    outFeatures: number,
    random: HostRandom,
    weightInit: Initializer,
    biasInit: Initializer = uniformInit(1 / Math.sqrt(inFeatures)),
  ) {
    super();
    this.weight = drawParameter("weight", [members, outFeatures, inFeatures], eachMember(weightInit), random);
    this.bias = drawParameter("bias", [members, outFeatures], eachMember(biasInit), random);
  }

  /** `[member, row, in]` to `[member, row, out]`. */
  forward(x: Tensor): Tensor {
    return x.matmul(this.weight.transpose()).add(this.bias.unsqueeze(1));
  }
}

const takesStacked = signature("new StackedMLP()", {
  members: kind.count(1),
  sizes: mlpSizes,
  random: kind.hostRandom,
  options: kind.options<MLPOptions>({
    activation: kind.text,
    weightInit: kind.callable,
    outputInit: kind.callable,
    biasInit: kind.callable,
  }),
});

/**
 * As many MLPs as an axis is long: entry `i` of the axis before the last goes through member `i`. The weights of a member are
 * drawn as those of an `MLP`.
 *
 * @example
 * ```ts
 * import { HostRandom, StackedMLP, zeros } from "@plumbline/plumbline";
 *
 * const each = new StackedMLP(3, [18, 32, 2], new HostRandom(0));
 * console.log(each.forward(zeros([60, 3, 18])).shape); // [ 60, 3, 2 ]
 * ```
 */
export class StackedMLP extends Module {
  /** The layers, first to last. */
  readonly layers: readonly Module[];
  readonly #activation: Activation;

  /** `sizes` are those of the input, the hidden layers and the output. */
  constructor(
    readonly members: number,
    readonly sizes: readonly number[],
    random: HostRandom,
    options: MLPOptions = {},
  ) {
    takesStacked(arguments);
    super();
    this.#activation = checkActivation(options.activation ?? "tanh");
    const { weightInit = defaultInit, outputInit = weightInit, biasInit } = options;
    this.layers = sizesOf(sizes).map(([from, to], i, all) =>
      new StackedLinear(members, from, to, random, i === all.length - 1 ? outputInit : weightInit, biasInit)
    );
  }

  /** `[.., member, in]` to `[.., member, out]`. */
  forward(x: Tensor): Tensor {
    const last = this.layers.length - 1;
    checkInput("StackedMLP", { members: this.members, "first size": this.sizes[0]! }, x);
    const rows = x.reshape(-1, this.members, this.sizes[0]!).permute(1, 0, 2);
    const y = this.layers.reduce((h, layer, i) => {
      const out = layer.forward(h);
      return i === last ? out : out[this.#activation]();
    }, rows);
    return y.permute(1, 0, 2).reshape(...x.shape.slice(0, -1), this.sizes.at(-1)!).named(...x.axes.slice(0, -1), null);
  }
}

takeOnly(StackedMLP, { forward: { x: kind.tensor } });
