/** Token selection of Rho-1 (Lin et al. 2024): of all scores the highest share is kept, the others do not count. */

import { where } from "../tensor/functions.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Halvings of the range in which the threshold lies: to float32's own precision. */
const halvings = 24;

/**
 * 1 for the `share` of the valid scores `[..]` that are highest, 0 for the others: weights without a gradient. Of equal scores at the
 * threshold all are kept.
 */
export function keepTop(scores: Tensor, valid: Tensor, share: number): Tensor {
  const fixed = scores.detach("what is kept is chosen, it does not learn");
  const wanted = valid.sum().cast("float32").mul(share);
  const most = where(valid, fixed, -Infinity).max();
  const least = where(valid, fixed, Infinity).min();
  const [[low]] = scan(
    ([low, high]: [Tensor, Tensor]) => {
      const middle = low.add(high).div(2);
      const kept = fixed.greaterEqual(middle).and(valid).sum().cast("float32");
      const isLow = kept.greaterEqual(wanted);
      return [[where(isLow, middle, low), where(isLow, high, middle)] as [Tensor, Tensor], []];
    },
    [least, most] as [Tensor, Tensor],
    [],
    { length: halvings },
  );
  return fixed.greaterEqual(low).and(valid).cast("float32");
}
