/**
 * Cosine and sine, rounded as well as float32 allows. Stiff joints magnify the last place of where their anchors are by ten
 * thousand, and what engines call sine and cosine may be off by several of these; on a GPU by many.
 *
 * The angle less the nearest multiple of pi, in two parts (Cody and Waite 1980), goes into the series of Taylor; the first
 * terms are added last, and the square's rounding error (Dekker 1971) with the small ones.
 */

import { concat } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Pi in three parts; products of the first two with whole numbers below 2^12 are exact. */
const high = 3.140625;
const middle = 2029 * 2 ** -21;
const low = Math.PI - high - middle;
/** Splits a float32 into two halves of 12 bits. */
const splitter = 2 ** 12 + 1;

type Polynomial = readonly [number, number, ...number[]];

/** The series of cosine after its first two terms, and of sine after its first: of the squared angle, highest power first. */
const cosines: Polynomial = [-1 / 87178291200, 1 / 479001600, -1 / 3628800, 1 / 40320, -1 / 720, 1 / 24];
const sines: Polynomial = [1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6];

function evaluate([highest, next, ...others]: Polynomial, x: Tensor): Tensor {
  return others.reduce((sum, coefficient) => sum.mul(x).add(coefficient), x.mul(highest).add(next));
}

/** The cosines and below them the sines, [env, 2, n], of angles within 10^4 of 0, [env, n]. */
export function turn(angle: Tensor): Tensor {
  const x = angle.unsqueeze(1);
  const turns = x.mul(1 / Math.PI).round();
  const nearly = x.sub(turns.mul(high));
  const step = turns.mul(middle);
  const r = nearly.sub(step);
  const rest = nearly.sub(r).sub(step).sub(turns.mul(low));

  const square = r.square();
  const wide = r.mul(splitter);
  const front = wide.sub(wide.sub(r));
  const back = r.sub(front);
  const error = front.square().sub(square).add(front.mul(back).add(r.mul(rest)).mul(2)).add(back.square());

  // With the sign, 1 is no constant to compilers of shaders, which would take `1 - (1 - half)` for `half`.
  const sign = turns.sub(turns.mul(0.5).floor().mul(2)).mul(-2).add(1);
  const half = sign.mul(square).mul(0.5);
  const one = sign.sub(half);
  const cut = sign.sub(one).sub(half);
  const smallCos = cut.sub(sign.mul(error).mul(0.5)).add(square.mul(square).mul(sign).mul(evaluate(cosines, square)));
  const smallSin = one.mul(rest).add(r.mul(square).mul(sign).mul(evaluate(sines, square)));
  return concat([one.add(smallCos), sign.mul(r).add(smallSin)], 1);
}
