/**
 * Pooling to an image of a given size, whatever comes in, as PyTorch has it: window i of `out` goes from floor(i n / out) to
 * ceil((i + 1) n / out) of the n entries, so that windows differ in size, and overlap, where `out` is no divisor of n.
 */

import { type Signature, signature, takeOnly } from "../../graph/arguments.ts";
import { lackOf } from "../../graph/memory.ts";
import { atCaller } from "../../graph/site.ts";
import { stack } from "../../tensor/functions.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";
import { average, firstLargest, largest } from "./pooling.ts";
import { checkFit, checkImage } from "./windows.ts";

/** Height and width of what comes out: one number for both, or one each; null for that of what comes in. */
export type OutputSize = number | null | readonly [number | null, number | null];

const isSize = (x: unknown): boolean => x === null || (Number.isInteger(x) && Number(x) >= 1);
const sizeKind = kind.kindOf(
  "a whole number of at least 1 or null, or two of them,",
  (x) => isSize(x) || (Array.isArray(x) && x.length === 2 && x.every(isSize)),
);

interface Pooling {
  /** Of windows of one size, side by side. */
  readonly even: typeof average;
  /** Of the last axis. */
  readonly last: (windows: Tensor) => Tensor;
}

const means: Pooling = { even: average, last: (x) => x.mean(-1) };
const maxima: Pooling = { even: largest, last: firstLargest };

/** About what a window takes while it is a part of a graph. */
const bytesOfWindow = 4000;

/** Windows along `axis` of an image: the largest or mean of a rectangle is that of its rows'. */
function along(name: string, pooling: Pooling, x: Tensor, axis: number, out: number): Tensor {
  const n = x.shape[axis]!;
  if (n === out) return x;
  const lack = lackOf(out * bytesOfWindow);
  if (lack !== null) throw new RangeError(`${name} to ${out.toLocaleString("en-US")} windows ${lack}`);
  const windows = Array.from({ length: out }, (_, i) => {
    const window = x.slice(axis, Math.floor(i * n / out), Math.ceil((i + 1) * n / out));
    return pooling.last(window.transpose(axis, -1));
  });
  return stack(windows, -1).transpose(axis, -1);
}

function adapted(name: string, pooling: Pooling, x: Tensor, outputSize: OutputSize): Tensor {
  checkImage(name, 4, x);
  const whole = x.shape.slice(2) as [number, number];
  checkFit(name, [1, 1], whole, x);
  const pair = Array.isArray(outputSize) ? outputSize as readonly (number | null)[] : [outputSize, outputSize];
  const [rows, columns] = pair.map((n, i) => (n as number | null) ?? whole[i]!) as [number, number];
  const isEven = whole[0] % rows === 0 && whole[1] % columns === 0;
  if (isEven) return pooling.even(name, x, [whole[0] / rows, whole[1] / columns], {});
  return atCaller(() => along(name, pooling, along(name, pooling, x, 3, columns), 2, rows).named(...x.axes));
}

/** `[batch, channel, length]` as images of one row. */
function ofSequence(name: string, pooling: Pooling, x: Tensor, outputSize: number): Tensor {
  checkImage(name, 3, x);
  return atCaller(() => adapted(name, pooling, x.unsqueeze(2), [1, outputSize]).squeeze(2));
}

const takesPool = (called: string): Signature => signature(called, { input: kind.tensor, outputSize: sizeKind });
const takesAverage = takesPool("adaptiveAvgPool2d()");

/**
 * `[batch, channel, height, width]` to means of windows, as many as `outputSize` says (torch.nn.functional.adaptive_avg_pool2d).
 *
 * @throws PlumblineError G301 for other axes, or an image of nothing.
 *
 * @example
 * ```ts
 * import { adaptiveAvgPool2d, tensor } from "@plumbline/plumbline";
 *
 * const image = tensor([1, 2, 3, 4, 5, 6], { shape: [1, 1, 2, 3] });
 * console.log(await adaptiveAvgPool2d(image, 1).toList()); // [[[[3.5]]]]
 * console.log(await adaptiveAvgPool2d(image, [null, 2]).toList()); // [[[[1.5, 2.5], [4.5, 5.5]]]]
 * ```
 */
export function adaptiveAvgPool2d(input: Tensor, outputSize: OutputSize): Tensor {
  takesAverage(arguments);
  return adapted("adaptiveAvgPool2d()", means, input, outputSize);
}

const takesMax = takesPool("adaptiveMaxPool2d()");

/**
 * The same for the largest of each window, of which the first has the gradient (torch.nn.functional.adaptive_max_pool2d).
 *
 * @throws PlumblineError G301 for other axes, or an image of nothing.
 */
export function adaptiveMaxPool2d(input: Tensor, outputSize: OutputSize): Tensor {
  takesMax(arguments);
  return adapted("adaptiveMaxPool2d()", maxima, input, outputSize);
}

const takesLayer = (called: string): Signature => signature(called, { outputSize: sizeKind });
const takesLayer1d = (called: string): Signature => signature(called, { outputSize: kind.count(1) });
const takesAverageLayer = takesLayer("new AdaptiveAvgPool2d()");

/** {@linkcode adaptiveAvgPool2d} as a module (torch.nn.AdaptiveAvgPool2d). */
export class AdaptiveAvgPool2d extends Module {
  /** To `outputSize` means of windows. */
  constructor(readonly outputSize: OutputSize) {
    takesAverageLayer(arguments);
    super();
  }

  /** `[batch, channel, height, width]` to the same axes. */
  forward(x: Tensor): Tensor {
    return adapted("AdaptiveAvgPool2d", means, x, this.outputSize);
  }
}

const takesMaxLayer = takesLayer("new AdaptiveMaxPool2d()");

/** {@linkcode adaptiveMaxPool2d} as a module (torch.nn.AdaptiveMaxPool2d). */
export class AdaptiveMaxPool2d extends Module {
  /** To the largest of `outputSize` windows. */
  constructor(readonly outputSize: OutputSize) {
    takesMaxLayer(arguments);
    super();
  }

  /** `[batch, channel, height, width]` to the same axes. */
  forward(x: Tensor): Tensor {
    return adapted("AdaptiveMaxPool2d", maxima, x, this.outputSize);
  }
}

const takesAverage1d = takesLayer1d("new AdaptiveAvgPool1d()");

/** As many means of windows of `[batch, channel, length]` as it says (torch.nn.AdaptiveAvgPool1d). */
export class AdaptiveAvgPool1d extends Module {
  /** To `outputSize` means of windows. */
  constructor(readonly outputSize: number) {
    takesAverage1d(arguments);
    super();
  }

  /** `[batch, channel, length]` to the same axes. */
  forward(x: Tensor): Tensor {
    return ofSequence("AdaptiveAvgPool1d", means, x, this.outputSize);
  }
}

const takesMax1d = takesLayer1d("new AdaptiveMaxPool1d()");

/** The largest of as many windows of `[batch, channel, length]` as it says (torch.nn.AdaptiveMaxPool1d). */
export class AdaptiveMaxPool1d extends Module {
  /** To the largest of `outputSize` windows. */
  constructor(readonly outputSize: number) {
    takesMax1d(arguments);
    super();
  }

  /** `[batch, channel, length]` to the same axes. */
  forward(x: Tensor): Tensor {
    return ofSequence("AdaptiveMaxPool1d", maxima, x, this.outputSize);
  }
}

for (const layer of [AdaptiveAvgPool2d, AdaptiveMaxPool2d, AdaptiveAvgPool1d, AdaptiveMaxPool1d]) {
  takeOnly(layer, { forward: { x: kind.tensor } });
}
