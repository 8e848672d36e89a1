/** Convolutions of images and sequences, with the layout, weights and names of PyTorch. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import type { Padding } from "../../graph/convolution.ts";
import { PlumblineError } from "../../graph/error.ts";
import * as ops from "../../graph/ops.ts";
import { atCaller } from "../../graph/site.ts";
import { describe } from "../../graph/types.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../../tensor/variable.ts";
import { drawParameter, type Initializer, uniformInit } from "../init.ts";
import { Module } from "../module.ts";
import { checkFit, checkImage, type Pair, pairKind, twoOf } from "./windows.ts";

/** Settings of {@linkcode conv2d}. */
export interface Conv2dOptions {
  /** Steps of the window: 1 unless told otherwise. */
  stride?: Pair;
  /** Zeros around the image: 0 unless told otherwise; `same`: as many as keep its size, which needs a stride of 1. */
  padding?: Pair | "same" | "valid";
  /** Steps inside of the window: 1 unless told otherwise. */
  dilation?: Pair;
  /** Parts of the channels that know nothing of each other: 1 unless told otherwise. */
  groups?: number;
}

/** Settings of {@linkcode conv1d}. */
export interface Conv1dOptions {
  /** Steps of the window: 1 unless told otherwise. */
  stride?: number;
  /** Zeros at either end: 0 unless told otherwise; `same`: as many as keep the length, which needs a stride of 1. */
  padding?: number | "same" | "valid";
  /** Steps inside of the window: 1 unless told otherwise. */
  dilation?: number;
  /** Parts of the channels that know nothing of each other: 1 unless told otherwise. */
  groups?: number;
}

const paddingNames = kind.oneOf("same", "valid");
const settings2d = {
  stride: pairKind(1),
  padding: kind.either(pairKind(0), paddingNames),
  dilation: pairKind(1),
  groups: kind.count(1),
};
const settings1d = {
  stride: kind.count(1),
  padding: kind.either(kind.count(0), paddingNames),
  dilation: kind.count(1),
  groups: kind.count(1),
};

/** The zeros around each axis. */
function paddingOf(
  name: string,
  { padding = 0, stride = 1, dilation = 1 }: Conv2dOptions,
  size: readonly number[],
): [Padding, Padding] {
  if (padding === "valid") return [[0, 0], [0, 0]];
  if (padding !== "same") return twoOf(padding).map((n): Padding => [n, n]) as [Padding, Padding];
  if (twoOf(stride).some((n) => n !== 1)) {
    throw new RangeError(
      `padding "same" of ${name} keeps the size, which a stride of ${stride} does not: give a number.`,
    );
  }
  // What is left over goes to the end, as in PyTorch.
  return twoOf(dilation).map((n, i): Padding => {
    const all = n * (size[i]! - 1);
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  }) as [Padding, Padding];
}

function convolve(name: string, x: Tensor, weight: Tensor, bias: Tensor | null, options: Conv2dOptions): Tensor {
  const { stride = 1, dilation = 1, groups = 1 } = options;
  const padding = paddingOf(name, options, weight.shape.slice(2));
  return atCaller(() => {
    const attrs = { stride: twoOf(stride), padding, dilation: twoOf(dilation), groups };
    const y = new Tensor(ops.convolution(x.node, weight.node, attrs));
    const window = attrs.dilation.map((n, i) => n * (weight.shape[2 + i]! - 1) + 1);
    checkFit(name, window, padding.map(([before, after], i) => before + x.shape[2 + i]! + after), x);
    if (!bias) return y;
    if (bias.rank !== 1 || bias.shape[0] !== weight.shape[0]) refuseBias(name, weight, bias);
    return y.add(bias.reshape(1, -1, 1, 1));
  });
}

function refuseBias(name: string, weight: Tensor, bias: Tensor): never {
  throw new PlumblineError({
    code: "G301",
    message: `${name} takes a bias for each of ${weight.shape[0]} channels, not ${describe(bias.node)}.`,
    made: [bias.node],
  });
}

const takesConv2d = signature("conv2d()", {
  input: kind.tensor,
  weight: kind.tensor,
  bias: kind.optional(kind.orNull(kind.tensor)),
  options: kind.options<Conv2dOptions>(settings2d),
});

/**
 * Cross-correlation of images `[batch, in, height, width]` with a weight `[out, in / groups, height, width]`, and a bias `[out]`
 * added, to `[batch, out, height, width]` (torch.nn.functional.conv2d).
 *
 * @throws PlumblineError G301 for shapes that do not fit. RangeError for `same` with a stride.
 *
 * @example
 * ```ts
 * import { conv2d, ones, zeros } from "@plumbline/plumbline";
 *
 * console.log(conv2d(zeros([8, 3, 32, 32]), ones([16, 3, 3, 3]), null, { padding: 1, stride: 2 }).shape); // [ 8, 16, 16, 16 ]
 * ```
 */
export function conv2d(input: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  takesConv2d(arguments);
  checkImage("conv2d()", 4, input);
  return convolve("conv2d()", input, weight, bias, options);
}

const takesConv1d = signature("conv1d()", {
  input: kind.tensor,
  weight: kind.tensor,
  bias: kind.optional(kind.orNull(kind.tensor)),
  options: kind.options<Conv1dOptions>(settings1d),
});

/**
 * Cross-correlation of sequences `[batch, in, length]` with a weight `[out, in / groups, length]`, and a bias `[out]` added, to
 * `[batch, out, length]` (torch.nn.functional.conv1d).
 *
 * @throws PlumblineError G301 for shapes that do not fit. RangeError for `same` with a stride.
 */
export function conv1d(input: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv1dOptions = {}): Tensor {
  takesConv1d(arguments);
  checkImage("conv1d()", 3, input);
  if (weight.rank !== 3) {
    throw new PlumblineError({
      code: "G301",
      message: `conv1d() takes a weight [out, in, length], not ${describe(weight.node)}.`,
      made: [weight.node],
    });
  }
  const { stride = 1, dilation = 1, padding = 0, ...rest } = options;
  return atCaller(() => {
    const y = convolve("conv1d()", input.unsqueeze(2), weight.unsqueeze(2), bias, {
      ...rest,
      stride: [1, stride],
      dilation: [1, dilation],
      padding: typeof padding === "number" ? [0, padding] : padding,
    });
    return y.squeeze(2);
  });
}

/** How the weights of a convolution begin. */
export interface ConvWeightOptions {
  /** The weight; PyTorch's default, uniform in +-1 / sqrt(terms), if none is given. */
  weightInit?: Initializer;
  /** The bias; PyTorch's default if none is given, no bias if `null`. */
  biasInit?: Initializer | null;
}

/** Settings of {@linkcode Conv2d}. */
export interface Conv2dLayerOptions extends Conv2dOptions, ConvWeightOptions {}
/** Settings of {@linkcode Conv1d}. */
export interface Conv1dLayerOptions extends Conv1dOptions, ConvWeightOptions {}

const weightKinds = { weightInit: kind.callable, biasInit: kind.orNull(kind.callable) };
const hints = { bias: "without a bias: { biasInit: null }." };
const channels = kind.count(1);

/** Weight and bias as PyTorch draws them. */
function drawWeights(
  shape: readonly number[],
  random: HostRandom,
  options: ConvWeightOptions,
): [Parameter, Parameter | null] {
  const terms = shape.slice(1).reduce((n, m) => n * m, 1);
  const init = uniformInit(1 / Math.sqrt(terms));
  const { weightInit = init, biasInit = init } = options;
  const weight = drawParameter("weight", shape, weightInit, random);
  return [weight, biasInit && drawParameter("bias", [shape[0]!], biasInit, random)];
}

function checkGroups(layer: string, inChannels: number, outChannels: number, groups: number): void {
  if (inChannels % groups === 0 && outChannels % groups === 0) return;
  throw new RangeError(
    `the groups of ${layer} share its channels: ${inChannels} and ${outChannels} are no multiples of ${groups}.`,
  );
}

const takesLayer2d = signature("new Conv2d()", {
  inChannels: channels,
  outChannels: channels,
  kernelSize: pairKind(1),
  random: kind.hostRandom,
  options: kind.options<Conv2dLayerOptions>({ ...settings2d, ...weightKinds }, hints),
});

/**
 * {@linkcode conv2d} with a weight and a bias that learn (torch.nn.Conv2d).
 *
 * @example
 * ```ts
 * import { Conv2d, Flatten, HostRandom, Linear, MaxPool2d, ReLU, Sequential, zeros } from "@plumbline/plumbline";
 *
 * const random = new HostRandom(0);
 * const net = new Sequential(
 *   new Conv2d(3, 16, 3, random, { padding: 1 }),
 *   new ReLU(),
 *   new MaxPool2d(2),
 *   new Flatten(),
 *   new Linear(16 * 16 * 16, 10, random),
 * );
 * console.log(net.forward(zeros([8, 3, 32, 32])).shape); // [ 8, 10 ]
 * ```
 */
export class Conv2d extends Module {
  /** `[out, in / groups, height, width]`. */
  readonly weight: Parameter;
  /** `[out]`. */
  readonly bias: Parameter | null;
  readonly #options: Conv2dOptions;

  /**
   * Draws the initial weights from `random`.
   *
   * @throws RangeError unless `groups` divides both numbers of channels.
   */
  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly kernelSize: Pair,
    random: HostRandom,
    options: Conv2dLayerOptions = {},
  ) {
    takesLayer2d(arguments);
    super();
    const { weightInit: _, biasInit: __, ...rest } = options;
    const { groups = 1 } = this.#options = rest;
    checkGroups("Conv2d", inChannels, outChannels, groups);
    const shape = [outChannels, inChannels / groups, ...twoOf(kernelSize)];
    paddingOf("Conv2d", rest, shape.slice(2));
    [this.weight, this.bias] = drawWeights(shape, random, options);
  }

  /** `[batch, in, height, width]` to `[batch, out, height, width]`. */
  forward(x: Tensor): Tensor {
    checkImage("Conv2d", 4, x);
    return convolve("Conv2d", x, this.weight, this.bias, this.#options);
  }
}

const takesLayer1d = signature("new Conv1d()", {
  inChannels: channels,
  outChannels: channels,
  kernelSize: channels,
  random: kind.hostRandom,
  options: kind.options<Conv1dLayerOptions>({ ...settings1d, ...weightKinds }, hints),
});

/** {@linkcode conv1d} with a weight and a bias that learn (torch.nn.Conv1d). */
export class Conv1d extends Module {
  /** `[out, in / groups, length]`. */
  readonly weight: Parameter;
  /** `[out]`. */
  readonly bias: Parameter | null;
  readonly #options: Conv1dOptions;

  /**
   * Draws the initial weights from `random`.
   *
   * @throws RangeError unless `groups` divides both numbers of channels.
   */
  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly kernelSize: number,
    random: HostRandom,
    options: Conv1dLayerOptions = {},
  ) {
    takesLayer1d(arguments);
    super();
    const { weightInit: _, biasInit: __, ...rest } = options;
    const { groups = 1 } = this.#options = rest;
    checkGroups("Conv1d", inChannels, outChannels, groups);
    [this.weight, this.bias] = drawWeights([outChannels, inChannels / groups, kernelSize], random, options);
  }

  /** `[batch, in, length]` to `[batch, out, length]`. */
  forward(x: Tensor): Tensor {
    checkImage("Conv1d", 3, x);
    return conv1d(x, this.weight, this.bias, this.#options);
  }
}

takeOnly(Conv2d, { forward: { x: kind.tensor } });
takeOnly(Conv1d, { forward: { x: kind.tensor } });
