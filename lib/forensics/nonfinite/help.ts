/** What to do about a bad number: by what the user called, by the operation, and by the numbers that went in. */

import type { LocatedValue, NonFiniteOrigin } from "./locate.ts";

const isAllInfinite = (x: LocatedValue | undefined): boolean => x?.statistics.infinite === 1;
/** Whether the largest of a row, which is taken from all of it, is infinite; with one infinity in a row it would be of more. */
const isRowInfinite = (op: string, [row, largest]: readonly LocatedValue[]): boolean =>
  op === "sub" && (largest?.statistics.infinite ?? 0) > 0 && row!.statistics.infinite >= largest!.statistics.infinite;
const hasNegative = (x: LocatedValue | undefined): boolean => (x?.statistics.min ?? 0) < 0;
const hasZero = (x: LocatedValue | undefined): boolean => (x?.statistics.zeros ?? 0) > 0;

const masked = "every entry of a row is -Infinity, so that nothing is left to choose: leave one in, or mask with " +
  "softmax(axis, { where }), which gives 0 there.";
const unlikely = "every probability of a row is 0, so that nothing is left to choose: leave one above 0.";
const single =
  "one sample has no deviation, as it is divided by the count less 1: take more samples, or { correction: 0 }, which " +
  "gives 0: then add a small number where it divides.";
const positive = "make what goes in positive: exp() or softplus() of what a network gives.";

/** Of what the user called, if that says more than the operation. */
function byCall({ site, inputs, op }: NonFiniteOrigin): string | null {
  const [first, second] = inputs;
  switch (site.called) {
    case "softmax":
    case "logSoftmax":
    case "logSumExp":
    case "Categorical":
      if (site.called === "Categorical" && op === "div" && hasZero(second)) return unlikely;
      return inputs.some((x) => isAllInfinite(x)) || isRowInfinite(op, inputs) || (op === "div" && hasZero(second))
        ? masked
        : null;
    case "std":
    case "variance":
      return op === "div" && second?.statistics.max === 0 ? single : null;
    case "mean":
      return op === "div" && second?.statistics.max === 0
        ? "the mean of nothing is 0 / 0: see that there is an entry."
        : null;
    case "conjugateGradient":
      return "conjugateGradient() divides by v A v, which is 0: A is not positive definite. Damp it: A v + 0.1 v, " +
        "as product(v).add(v.mul(0.1)).";
    case "step":
      return op === "div" && hasZero(first)
        ? "the optimiser divides by a mean of squares, which is 0: its eps must be above 0."
        : null;
    default:
      return null;
  }
}

/** Of the operation whose result is bad though its inputs are not. */
function byOperation(op: string, [first, second]: readonly LocatedValue[], isDerivative: boolean): string | null {
  switch (op) {
    case "log":
      return hasNegative(first)
        ? `log() of a negative number is NaN: ${positive}`
        : hasZero(first)
        ? "keep the argument above 0: x.add(1e-8).log(), or logSoftmax() for probabilities."
        : "keep the argument above 0, or take logSoftmax() for probabilities.";
    case "exp":
      return "exp() overflows above 88: subtract the largest first (softmax, logSumExp do), or clamp the exponent.";
    case "exp2":
      return "exp2() overflows above 128: clamp the exponent.";
    case "expm1":
      return "expm1() overflows above 88: clamp the exponent.";
    case "sqrt":
      return isDerivative || !hasNegative(first)
        ? "the slope of sqrt() at 0 is infinite: use norm(), or add a small number before it."
        : `sqrt() of a negative number is NaN: ${positive}`;
    case "div":
      return "see that the divisor is never 0: add a small number, or choose it with where() before dividing.";
    case "pow":
      return isDerivative
        ? "the slope of a power below 1 is infinite at 0: add a small number before it, x.add(1e-6).pow(..)."
        : "a negative base has no fractional power, and 0 no negative one.";
    case "acos":
    case "asin":
      return "clamp the argument to (-1, 1).";
    case "log1p":
      return "keep the argument above -1.";
    case "mul":
    case "sub":
    case "add":
      return [first, second].some((x) => (x?.statistics.infinite ?? 0) > 0)
        ? "an infinity goes in: look at where it is made; infinity less infinity, and times 0, is NaN."
        : "the result is above 3.4e38, the largest of float32: keep what goes in smaller.";
    default:
      return null;
  }
}

/** What to do about it. */
export function helpForOrigin(origin: NonFiniteOrigin): string {
  const { direction, derivativeOf, op, inputs } = origin;
  if (direction === "input") return "look at where it comes from: data, a setting, or an earlier step.";
  const isFinite = inputs.every(({ statistics: { nan, infinite } }) => nan === 0 && infinite === 0);
  // The gradient may be the first of what a derivative is made of.
  const given = direction === "backward" ? inputs.filter((x) => x.name !== "the gradient") : inputs;
  return byCall(origin) ?? byOperation(derivativeOf ?? op, given, derivativeOf !== null) ??
    (isFinite
      ? "look at its inputs: they are finite, its result is not."
      : "look at where its inputs become infinite.");
}
