/** Layers: Linear, LayerNorm, and the MLP made of them. */

import { signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { describe, sameShape } from "../graph/types.ts";
import { ones, zeros } from "../tensor/creation.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Parameter } from "../tensor/variable.ts";
import { defaultInit, drawParameter, type Initializer, uniformInit } from "./init.ts";
import { Module } from "./module.ts";
import { checkInput } from "./refuse.ts";

/** Settings of {@linkcode Linear}. */
export interface LinearOptions {
  /** The weight; PyTorch's default if none is given. */
  weightInit?: Initializer;
  /** The bias; PyTorch's default if none is given, no bias if `null`. */
  biasInit?: Initializer | null;
  /** A weight `[out, in]` that it shares with another layer: the table of an embedding, whose head it is. */
  weight?: Parameter;
}

const features = kind.count(1);
const random = kind.hostRandom;

/** What other libraries call biases. */
const biasHints = {
  bias: "without a bias: { biasInit: null }.",
  device: "the device is that of the process: useDevice().",
};
const takesLinear = signature("new Linear()", {
  inFeatures: features,
  outFeatures: features,
  random,
  options: kind.options<LinearOptions>({
    weightInit: kind.callable,
    biasInit: kind.orNull(kind.callable),
    weight: kind.instance("a parameter", Parameter),
  }, biasHints),
});

/** x W^T + b, for `x [.., in]`. */
export class Linear extends Module {
  /** `[out, in]`. */
  readonly weight: Parameter;
  /** `[out]`. */
  readonly bias: Parameter | null;

  /**
   * Draws the initial weights from `random`.
   *
   * @throws PlumblineError G301 for a shared weight of another shape.
   */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    random: HostRandom,
    options: LinearOptions = {},
  ) {
    takesLinear(arguments);
    super();
    const { weightInit = defaultInit, biasInit = uniformInit(1 / Math.sqrt(inFeatures)), weight } = options;
    const shape = [outFeatures, inFeatures];
    this.weight = weight ? checkShared(weight, shape) : drawParameter("weight", shape, weightInit, random);
    this.bias = biasInit && drawParameter("bias", [outFeatures], biasInit, random);
  }

  /** `[.., in]` to `[.., out]`. */
  forward(x: Tensor): Tensor {
    checkInput("Linear", { inFeatures: this.inFeatures }, x);
    const rows = x.rank === 2 ? x : x.reshape(-1, this.inFeatures);
    const product = rows.matmul(this.weight.transpose());
    const y = this.bias ? product.add(this.bias) : product;
    return x.rank === 2 ? y : likeRows(x, y);
  }
}

takeOnly(Linear, { forward: { x: kind.tensor } });

/** Gives `weight`, unless it is of another shape. */
function checkShared(weight: Parameter, shape: readonly number[]): Parameter {
  if (sameShape(weight.shape, shape)) return weight;
  throw new PlumblineError({
    code: "G301",
    message: `the weight that a Linear shares is [${shape.join(", ")}], [out, in], not ${describe(weight.node)}.`,
    made: [weight.node],
  });
}

const takesLayerNorm = signature("new LayerNorm()", { features, eps: kind.optional(kind.finite) });

/** Normalises the last axis to mean 0 and variance 1, then scales and shifts (Ba et al. 2016). */
export class LayerNorm extends Module {
  /** `[features]`, starts at 1. */
  readonly weight: Parameter;
  /** `[features]`, starts at 0. */
  readonly bias: Parameter;

  /** `eps` is added to the variance. */
  constructor(readonly features: number, readonly eps = 1e-5) {
    takesLayerNorm(arguments);
    super();
    this.weight = new Parameter(ones([features]), "weight");
    this.bias = new Parameter(zeros([features]), "bias");
  }

  /** `[.., features]` to the same. */
  forward(x: Tensor): Tensor {
    const centred = x.sub(x.mean(-1, true));
    const variance = centred.square().mean(-1, true);
    return centred.div(variance.add(this.eps).sqrt()).mul(this.weight).add(this.bias);
  }
}

takeOnly(LayerNorm, { forward: { x: kind.tensor } });

/** What stands between the layers of an {@linkcode MLP}. */
export type Activation = "tanh" | "relu" | "sigmoid" | "gelu" | "silu" | "softplus" | "elu" | "leakyRelu";

const activations: Readonly<Record<Activation, true>> = {
  tanh: true,
  relu: true,
  sigmoid: true,
  gelu: true,
  silu: true,
  softplus: true,
  elu: true,
  leakyRelu: true,
};

/** Gives `activation`, if there is such a one. */
export function checkActivation(activation: Activation): Activation {
  if (Object.hasOwn(activations, activation)) return activation;
  throw new RangeError(`there is no activation ${activation}; there are ${Object.keys(activations).join(", ")}.`);
}

/** Settings of {@linkcode MLP}. */
export interface MLPOptions {
  /** tanh unless told otherwise. */
  activation?: Activation;
  /** Weights of the hidden layers. */
  weightInit?: Initializer;
  /** Weights of the last layer. */
  outputInit?: Initializer;
  /** Biases of all layers. */
  biasInit?: Initializer;
}

/** The sizes of an MLP; how many and how large they are is said by `sizesOf`. */
export const mlpSizes: kind.Kind = kind.listOf(
  kind.number,
  "a list with the sizes of its input, hidden layers and output",
);

/** What goes into each layer and comes out of it. */
export function sizesOf(sizes: readonly number[]): [from: number, to: number][] {
  if (sizes.length < 2) {
    throw new RangeError(`an MLP needs a list with the sizes of its input and output; it was given [${sizes}].`);
  }
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`the sizes of an MLP are whole numbers of at least 1; it was given [${sizes}].`);
  }
  return sizes.slice(1).map((size, i) => [sizes[i]!, size]);
}

const takesMLP = signature("new MLP()", {
  sizes: mlpSizes,
  random,
  options: kind.options<MLPOptions>({
    activation: kind.text,
    weightInit: kind.callable,
    outputInit: kind.callable,
    biasInit: kind.callable,
  }, biasHints),
});

/** Linear layers with an activation between them. */
export class MLP extends Module {
  /** The layers, first to last. */
  readonly layers: readonly Linear[];
  readonly #activation: Activation;

  /** `sizes` are those of the input, the hidden layers and the output. */
  constructor(sizes: readonly number[], random: HostRandom, options: MLPOptions = {}) {
    takesMLP(arguments);
    super();
    const { activation = "tanh", weightInit, outputInit = weightInit, biasInit } = options;
    this.#activation = checkActivation(activation);
    this.layers = sizesOf(sizes).map(([from, to], i) => {
      const init = i === sizes.length - 2 ? outputInit : weightInit;
      return new Linear(from, to, random, {
        ...(init ? { weightInit: init } : {}),
        ...(biasInit ? { biasInit } : {}),
      });
    });
  }

  /** `[.., in]` to `[.., out]`. */
  forward(x: Tensor): Tensor {
    const last = this.layers.length - 1;
    checkInput("MLP", { "first size": this.layers[0]!.inFeatures }, x);
    // One reshape at either end: products and activations in between stay next to each other, and engines fuse them.
    const rows = x.rank === 2 ? x : x.reshape(-1, this.layers[0]!.inFeatures);
    const y = this.layers.reduce((h, layer, i) => {
      const out = layer.forward(h);
      return i === last ? out : out[this.#activation]();
    }, rows);
    return x.rank === 2 ? y : likeRows(x, y);
  }
}

takeOnly(MLP, { forward: { x: kind.tensor } });

/** Rows `[row, out]` with the leading axes of `x` again. */
function likeRows(x: Tensor, rows: Tensor): Tensor {
  return rows.reshape(...x.shape.slice(0, -1), rows.shape[1]!).named(...x.axes.slice(0, -1), null);
}
