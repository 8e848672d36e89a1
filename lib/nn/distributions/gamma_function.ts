/**
 * The logarithm of the gamma function and its derivative, for numbers above 0: Stirling's series (Abramowitz and Stegun 1964, 6.1.41
 * and 6.3.18) eight places further on, less what the recurrence adds. To float32's accuracy where they are not small; next to the
 * roots, as at 1 and 2, to some millionths.
 */

import type { Tensor } from "../../tensor/tensor.ts";

const places = 8;

/** The product of x, x + 1 .. x + 7 as two factors, so that it overflows for no x below 10^9. */
function rising(x: Tensor): [Tensor, Tensor] {
  const factor = (from: number): Tensor =>
    Array.from({ length: places / 2 }, (_, i) => x.add(from + i)).reduce((a, b) => a.mul(b));
  return [factor(0), factor(places / 2)];
}

/** log(gamma(x)) for x above 0. */
function logGamma(x: Tensor): Tensor {
  const z = x.add(places);
  const inverse = z.reciprocal();
  const square = inverse.square();
  const series = inverse.mul(square.mul(square.mul(1 / 1260).sub(1 / 360)).add(1 / 12));
  const [near, far] = rising(x);
  const stirling = z.sub(0.5).mul(z.log()).sub(z).add(0.5 * Math.log(2 * Math.PI)).add(series);
  return stirling.sub(near.log()).sub(far.log());
}

/** The derivative of {@linkcode logGamma}. */
export function digamma(x: Tensor): Tensor {
  const z = x.add(places);
  const inverse = z.reciprocal();
  const square = inverse.square();
  const series = square.mul(square.mul(square.mul(-1 / 252).add(1 / 120)).sub(1 / 12));
  const recurrence = Array.from({ length: places }, (_, i) => x.add(i).reciprocal()).reduce((a, b) => a.add(b));
  return z.log().sub(inverse.mul(0.5)).add(series).sub(recurrence);
}

/** log(gamma(a) gamma(b) / gamma(a + b)). */
export function logBeta(a: Tensor, b: Tensor): Tensor {
  return logGamma(a).add(logGamma(b)).sub(logGamma(a.add(b)));
}
