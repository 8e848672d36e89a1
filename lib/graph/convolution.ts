/** The shapes of convolutions and of windows along an axis, for the table of primitives. */

import { type Aval, describe } from "./types.ts";

/** Zeros before and after an axis. */
export type Padding = readonly [before: number, after: number];

/** Attributes of a convolution over two axes: height and width. */
export interface ConvolutionAttrs {
  /** Steps of the window. */
  readonly stride: readonly [number, number];
  /** What the input is widened by. */
  readonly padding: readonly [Padding, Padding];
  /** Steps inside of the window. */
  readonly dilation: readonly [number, number];
  /** Parts of the channels that know nothing of each other. */
  readonly groups: number;
}

/** How many windows of `size` entries, each `dilation` after the one before, begin `step` after another among `n`. */
export function windowsAmong(n: number, size: number, step: number, dilation: number): number {
  return Math.max(0, Math.floor((n - dilation * (size - 1) - 1) / step) + 1);
}

/** What is wrong with a convolution of `x` and `w`, as the end of a sentence; null if nothing is. */
export function faultOfConvolution(
  x: Aval,
  w: Aval,
  { stride, dilation, padding, groups }: ConvolutionAttrs,
): string | null {
  if (x.dtype !== "float32" || w.dtype !== "float32" || x.shape.length !== 4 || w.shape.length !== 4) {
    return `takes float32 [batch, channel, height, width] and a weight [out, in, height, width], not ${
      describe(x)
    } and ${describe(w)}.`;
  }
  const [channels, filters, each] = [x.shape[1]!, w.shape[0]!, w.shape[1]!];
  if (filters % groups !== 0) return `shares its channels among ${groups} groups, and ${filters} is no multiple of it.`;
  if (channels !== each * groups) {
    const of = groups === 1 ? "" : ` in ${groups} groups`;
    return `of ${describe(x)} with a weight ${
      describe(w)
    }${of} does not fit: the input has ${channels} channels, the weight is for ${each * groups}.`;
  }
  const whole = [...stride, ...dilation].every((n) => Number.isInteger(n) && n >= 1) &&
    padding.flat().every((n) => Number.isInteger(n) && n >= 0);
  return whole ? null : `takes a stride and a dilation of at least 1, and a padding of at least 0.`;
}

/** The shape of a convolution's result. */
export function convolved(x: Aval, w: Aval, { stride, dilation, padding }: ConvolutionAttrs): number[] {
  const along = (i: 0 | 1): number => {
    const n = x.shape[2 + i]! + padding[i][0] + padding[i][1];
    return windowsAmong(n, w.shape[2 + i]!, stride[i], dilation[i]);
  };
  return [x.shape[0]!, w.shape[0]!, along(0), along(1)];
}
