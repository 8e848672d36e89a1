/** What convolutions and pooling have in common: settings that are one number or one for each axis, and windows of an image. */

import { PlumblineError } from "../../graph/error.ts";
import * as ops from "../../graph/ops.ts";
import { describe } from "../../graph/types.ts";
import * as kind from "../../tensor/kinds.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** One number for both axes, or one each: height and width. */
export type Pair = number | readonly [number, number];

/** A pair of whole numbers of at least `least`. */
export function pairKind(least: number): kind.Kind {
  const isOne = (x: unknown): boolean => Number.isInteger(x) && Number(x) >= least;
  return kind.kindOf(
    `a whole number of at least ${least}, or two of them,`,
    (x) => isOne(x) || (Array.isArray(x) && x.length === 2 && x.every(isOne)),
  );
}

/** A pair as two numbers. */
export function twoOf(pair: Pair): [number, number] {
  return typeof pair === "number" ? [pair, pair] : [...pair];
}

/** Throws G301 unless `x` has the axes `[batch, channel, ..]` of which there are `rank`. */
export function checkImage(layer: string, rank: 3 | 4, x: Tensor): void {
  if (x.dtype === "float32" && x.rank === rank) return;
  const axes = rank === 4 ? "[batch, channel, height, width]" : "[batch, channel, length]";
  throw new PlumblineError({
    code: "G301",
    message: `${layer} takes float32 ${axes}, not ${describe(x.node)}.`,
    made: [x.node],
    help: "a single one has a batch of 1: x.unsqueeze(0).",
  });
}

/** Throws G301 if a window of `size` has no place among as many entries as `whole` says, height and width. */
export function checkFit(layer: string, size: readonly number[], whole: readonly number[], x: Tensor): void {
  if (size.every((n, i) => n <= whole[i]!)) return;
  throw new PlumblineError({
    code: "G301",
    message: `${layer} has a window of ${size.join(" x ")}, which is larger than its input, ${
      whole.join(" x ")
    } with the padding.`,
    made: [x.node],
    help: "a smaller window, a larger padding, or a larger input.",
  });
}

/** Windows of `x [batch, channel, height, width]`: `[batch, channel, rows, columns, height of a window, width of it]`. */
export function windowsOf(x: Tensor, size: readonly [number, number], stride: readonly [number, number]): Tensor {
  const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
  const [rows, columns] = [0, 1].map((i) => Math.floor(([height, width][i]! - size[i]!) / stride[i]!) + 1) as [
    number,
    number,
  ];
  if (size[0] === stride[0] && size[1] === stride[1] && rows > 0 && columns > 0) {
    // Side by side: the same numbers in other axes.
    const whole = x.slice(2, 0, rows * size[0]).slice(3, 0, columns * size[1]);
    return whole.reshape(batch, channels, rows, size[0], columns, size[1]).permute(0, 1, 2, 4, 3, 5);
  }
  return new Tensor(ops.unfold(ops.unfold(x.node, 2, size[0], stride[0]), 3, size[1], stride[1]));
}
