/**
 * Cosine and sine, rounded as well as float32 allows. Stiff joints magnify the last place of where their anchors are by ten
 * thousand, and what engines call sine and cosine may be off by several of these; on a GPU by many.
 *
 * The angle less the nearest multiple of pi, in two parts (Cody and Waite 1980), goes into the series of Taylor; the first
 * terms are added last, and the square's rounding error (Dekker 1971) with the small ones.
 */

import { tensor } from "../../tensor/creation.ts";
import { concat } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Pi in three parts; products of the first two with whole numbers below 2^12 are exact. */
const high = 3.140625;
const middle = 2029 * 2 ** -21;
const low = Math.PI - high - middle;
/** Splits a float32 into two halves of 12 bits. */
const splitter = 2 ** 12 + 1;

/** The coefficients of cosine from the fourth power on, and of sine from the third: [1, 2, 1] each. */
const series = Array.from({ length: 6 }, (_, i) => {
  let [cos, sin] = [1, 1];
  for (let n = 1; n <= 2 * i + 4; n++) cos /= n;
  for (let n = 1; n <= 2 * i + 3; n++) sin /= n;
  const sign = i % 2 === 0 ? 1 : -1;
  return tensor([[[sign * cos], [-sign * sin]]]);
});

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
  const small = concat([cut.sub(sign.mul(error).mul(0.5)), one.mul(rest)], 1);
  const powers = concat([square, r], 1).mul(square).mul(sign);
  const tail = series.reduceRight((sum, coefficients) => sum.mul(square).add(coefficients));
  return concat([one, sign.mul(r)], 1).add(small.add(powers.mul(tail)));
}
