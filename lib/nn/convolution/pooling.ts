/** Pooling: the largest or the mean of each window of an image or a sequence, as PyTorch has them. */

import { type Signature, signature, takeOnly } from "../../graph/arguments.ts";
import * as ops from "../../graph/ops.ts";
import { atCaller } from "../../graph/site.ts";
import * as kind from "../../tensor/kinds.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";
import { checkFit, checkImage, type Pair, pairKind, twoOf, windowsOf } from "./windows.ts";

/** Settings of pooling over two axes. */
export interface PoolOptions {
  /** Steps of the window: its size unless told otherwise. */
  stride?: Pair;
  /** What the image is widened by at each side, at most half of the window: 0 unless told otherwise. */
  padding?: Pair;
}

const settings = kind.options<PoolOptions>({ stride: pairKind(1), padding: pairKind(0) });
const takesPool = (called: string): Signature =>
  signature(called, { input: kind.tensor, kernelSize: pairKind(1), options: settings });
const takesLayer = (called: string): Signature => signature(called, { kernelSize: pairKind(1), options: settings });

/** The windows of `x`, widened by `value`, each along one last axis. */
function pooled(
  name: string,
  x: Tensor,
  kernelSize: Pair,
  { stride, padding = 0 }: PoolOptions,
  value: number,
): Tensor {
  checkImage(name, 4, x);
  const [size, around] = [twoOf(kernelSize), twoOf(padding)];
  if (around.some((n, i) => 2 * n > size[i]!)) {
    throw new RangeError(
      `the padding of ${name} is at most half of its window, ${size.join(" x ")}, not ${around.join(" x ")}.`,
    );
  }
  const wide = new Tensor(ops.pad(x.node, [0, 0, ...around], [0, 0, ...around], value));
  checkFit(name, size, wide.shape.slice(2), x);
  return windowsOf(wide, size, stride === undefined ? size : twoOf(stride)).flatten(-2, -1);
}

/** The largest along the last axis. Of equal ones the first has all of the gradient, as in PyTorch. */
export function firstLargest(windows: Tensor): Tensor {
  const first = windows.argmax(-1, true);
  const places = new Tensor(ops.iota(windows.shape, windows.rank - 1));
  return windows.where(places.equal(first), 0).sum(-1);
}

/** The largest of each window. */
export function largest(name: string, x: Tensor, kernelSize: Pair, options: PoolOptions): Tensor {
  return atCaller(() => firstLargest(pooled(name, x, kernelSize, options, -Infinity)).named(...x.axes));
}

/** The mean of each window. */
export function average(name: string, x: Tensor, kernelSize: Pair, options: PoolOptions): Tensor {
  return atCaller(() => pooled(name, x, kernelSize, options, 0).mean(-1).named(...x.axes));
}

const takesMax = takesPool("maxPool2d()");

/**
 * The largest of each window of `[batch, channel, height, width]` (torch.nn.functional.max_pool2d). What reaches out of the image
 * does not count; of equal ones the first has the gradient.
 *
 * @throws PlumblineError G301 for other axes. RangeError for a padding of more than half of the window.
 *
 * @example
 * ```ts
 * import { maxPool2d, tensor } from "@plumbline/plumbline";
 *
 * const image = tensor([1, 2, 3, 4, 5, 6, 7, 8], { shape: [1, 1, 2, 4] });
 * console.log(await maxPool2d(image, 2).toList()); // [[[[6, 8]]]]
 * ```
 */
export function maxPool2d(input: Tensor, kernelSize: Pair, options: PoolOptions = {}): Tensor {
  takesMax(arguments);
  return largest("maxPool2d()", input, kernelSize, options);
}

const takesAverage = takesPool("avgPool2d()");

/**
 * The mean of each window of `[batch, channel, height, width]`, of zeros around the image too (torch.nn.functional.avg_pool2d).
 *
 * @throws PlumblineError G301 for other axes. RangeError for a padding of more than half of the window.
 */
export function avgPool2d(input: Tensor, kernelSize: Pair, options: PoolOptions = {}): Tensor {
  takesAverage(arguments);
  return average("avgPool2d()", input, kernelSize, options);
}

const takesMaxLayer = takesLayer("new MaxPool2d()");

/** {@linkcode maxPool2d} as a module (torch.nn.MaxPool2d). */
export class MaxPool2d extends Module {
  readonly #options: PoolOptions;

  /** With windows of `kernelSize`. */
  constructor(readonly kernelSize: Pair, options: PoolOptions = {}) {
    takesMaxLayer(arguments);
    super();
    this.#options = options;
  }

  /** `[batch, channel, height, width]` to the same axes. */
  forward(x: Tensor): Tensor {
    return largest("MaxPool2d", x, this.kernelSize, this.#options);
  }
}

const takesAverageLayer = takesLayer("new AvgPool2d()");

/** {@linkcode avgPool2d} as a module (torch.nn.AvgPool2d). */
export class AvgPool2d extends Module {
  readonly #options: PoolOptions;

  /** With windows of `kernelSize`. */
  constructor(readonly kernelSize: Pair, options: PoolOptions = {}) {
    takesAverageLayer(arguments);
    super();
    this.#options = options;
  }

  /** `[batch, channel, height, width]` to the same axes. */
  forward(x: Tensor): Tensor {
    return average("AvgPool2d", x, this.kernelSize, this.#options);
  }
}

/** Settings of pooling over one axis. */
export interface Pool1dOptions {
  /** Steps of the window: its size unless told otherwise. */
  stride?: number;
  /** What the sequence is widened by at each end, at most half of the window: 0 unless told otherwise. */
  padding?: number;
}

const settings1d = kind.options<Pool1dOptions>({ stride: kind.count(1), padding: kind.count(0) });

/** Pooling of `[batch, channel, length]` as that of images of one row. */
function ofSequence(
  pool: typeof largest,
  name: string,
  x: Tensor,
  size: number,
  { stride = size, padding = 0 }: Pool1dOptions,
): Tensor {
  checkImage(name, 3, x);
  return atCaller(() =>
    pool(name, x.unsqueeze(2), [1, size], { stride: [1, stride], padding: [0, padding] }).squeeze(2)
  );
}

const takesMax1d = signature("new MaxPool1d()", { kernelSize: kind.count(1), options: settings1d });

/** The largest of each window of `[batch, channel, length]` (torch.nn.MaxPool1d). */
export class MaxPool1d extends Module {
  readonly #options: Pool1dOptions;

  /** With windows of `kernelSize`. */
  constructor(readonly kernelSize: number, options: Pool1dOptions = {}) {
    takesMax1d(arguments);
    super();
    this.#options = options;
  }

  /** `[batch, channel, length]` to the same axes. */
  forward(x: Tensor): Tensor {
    return ofSequence(largest, "MaxPool1d", x, this.kernelSize, this.#options);
  }
}

const takesAverage1d = signature("new AvgPool1d()", { kernelSize: kind.count(1), options: settings1d });

/** The mean of each window of `[batch, channel, length]` (torch.nn.AvgPool1d). */
export class AvgPool1d extends Module {
  readonly #options: Pool1dOptions;

  /** With windows of `kernelSize`. */
  constructor(readonly kernelSize: number, options: Pool1dOptions = {}) {
    takesAverage1d(arguments);
    super();
    this.#options = options;
  }

  /** `[batch, channel, length]` to the same axes. */
  forward(x: Tensor): Tensor {
    return ofSequence(average, "AvgPool1d", x, this.kernelSize, this.#options);
  }
}

for (const layer of [MaxPool2d, AvgPool2d, MaxPool1d, AvgPool1d]) takeOnly(layer, { forward: { x: kind.tensor } });
