/** Operations written in the primitives, as functions of nodes. Axes are non-negative; reductions keep reduced axes. */

import { PlumblineError } from "./error.ts";
import type { Node } from "./node.ts";
import {
  add,
  argmax,
  binary,
  cast,
  div,
  floating,
  full,
  fullLike,
  max,
  min,
  mul,
  stopGradient,
  sub,
  sum,
  unary,
  where,
} from "./ops.ts";
import { rememberSoftmax } from "./softmaxes.ts";
import { rememberRoot } from "./squares.ts";
import { describe } from "./types.ts";

const scalar = (x: Node, value: number): Node => fullLike(x, value);

function countOver(x: Node, axes: readonly number[]): number {
  return axes.reduce((n, axis) => n * x.shape[axis]!, 1);
}

/** x * x. */
export function square(x: Node): Node {
  return mul(x, x);
}

/** What the method `name` gives of whole numbers is not whole: throws G301. */
function refuseWhole(name: string, x: Node): void {
  if (x.dtype === "float32") return;
  throw new PlumblineError({
    code: "G301",
    message: `${name}() takes float32, not ${describe(x)}: the ${name} of whole numbers is not whole.`,
    made: [x],
    help: `convert it first: t.cast("float32").${name}()`,
  });
}

/** The mean over `axes`. */
export function mean(x: Node, axes: readonly number[]): Node {
  refuseWhole("mean", x);
  const total = sum(x, axes);
  return div(total, scalar(total, countOver(x, axes)));
}

/** The variance over `axes`, divided by the count less `correction`. */
export function variance(x: Node, axes: readonly number[], correction: number): Node {
  refuseWhole("variance", x);
  const total = sum(square(sub(x, mean(x, axes))), axes);
  // Of too few there is none: 0 / 0.
  return div(total, scalar(total, Math.max(0, countOver(x, axes) - correction)));
}

/** The square root of what is not negative; its gradient at 0 is 0. */
function root(x: Node): Node {
  const zero = binary("equal", x, scalar(x, 0));
  return rememberRoot(where(zero, scalar(x, 0), unary("sqrt", where(zero, scalar(x, 1), x))), x);
}

/** The root of {@linkcode variance}; where all are equal its gradient is 0. */
export function std(x: Node, axes: readonly number[], correction: number): Node {
  refuseWhole("std", x);
  return root(variance(x, axes, correction));
}

/** The first index of the smallest along `axis`. */
export function argmin(x: Node, axis: number): Node {
  // -1 - x has no overflow, as -x has; of float32 it would lose digits.
  return argmax(x.dtype === "int32" ? sub(scalar(x, -1), x) : unary("neg", x), axis);
}

/** The largest over `axes`: a shift that cancels, without a gradient; 0 of nothing. */
function largest(x: Node, axes: readonly number[]): Node {
  if (countOver(x, axes) === 0) return scalar(sum(x, axes), 0);
  return stopGradient(max(x, axes), "a shift that cancels");
}

/** log(sum(exp(x))) over `axes`, without overflow; -Infinity where every x is, Infinity where one is. */
export function logSumExp(x: Node, axes: readonly number[]): Node {
  const most = largest(floating(x), axes);
  const top = where(binary("less", unary("abs", most), scalar(most, Infinity)), most, scalar(most, 0));
  return add(unary("log", sum(unary("exp", sub(x, top)), axes)), top);
}

/** exp(x) / sum(exp(x)) along `axis`; NaN where one x is Infinity or all are -Infinity, as in PyTorch. */
export function softmax(x: Node, axis: number): Node {
  const centred = sub(x, largest(floating(x), [axis]));
  const e = unary("exp", centred);
  const total = sum(e, [axis]);
  return rememberSoftmax(div(e, total), { x, axis, between: [centred, e, total] });
}

/**
 * {@linkcode softmax} over the entries where `mask` is true; the others are exactly 0, and pass no gradient. So is a row without
 * a true one, or with -Infinity in all of them, where 0 / 0 must reach neither the value nor the derivative.
 */
export function maskedSoftmax(x: Node, mask: Node, axis: number): Node {
  const inside = where(mask, floating(x), scalar(x, -Infinity));
  const most = largest(inside, [axis]);
  const top = where(binary("equal", most, scalar(most, -Infinity)), scalar(most, 0), most);
  const centred = sub(inside, top);
  const raised = unary("exp", centred);
  const e = where(mask, raised, scalar(x, 0));
  const total = sum(e, [axis]);
  const divisor = where(binary("less", scalar(total, 0), total), total, scalar(total, 1));
  return rememberSoftmax(div(e, divisor), { x: inside, axis, between: [centred, raised, e, total, divisor] });
}

/** log(softmax(x)) along `axis`; NaN where softmax is. What is left of the largest is small, and loses no digits beside the sum. */
export function logSoftmax(x: Node, axis: number): Node {
  const centred = sub(x, largest(floating(x), [axis]));
  return sub(centred, unary("log", sum(unary("exp", centred), [axis])));
}

/** x held between `low` and `high`; no gradient outside, full gradient at the bounds, as in PyTorch. */
export function clamp(x: Node, low: Node | null, high: Node | null): Node {
  let y = x;
  if (low) y = where(binary("less", y, low), low, y);
  if (high) y = where(binary("less", high, y), high, y);
  return y;
}

/** 1 where x is true, which is anything but 0: not what is left of a fraction or has a sign. */
const counted = (x: Node): Node => cast(cast(x, "bool"), "int32");

/** Whether any is true over `axes`; of nothing, none is. */
export function any(x: Node, axes: readonly number[]): Node {
  if (countOver(x, axes) === 0) return cast(sum(counted(x), axes), "bool");
  return cast(max(counted(x), axes), "bool");
}

/** Whether all are true over `axes`; of nothing, all are. */
export function all(x: Node, axes: readonly number[]): Node {
  if (countOver(x, axes) === 0) return unary("not", any(x, axes));
  return cast(min(counted(x), axes), "bool");
}

/** The Euclidean norm over `axes`; its gradient at 0 is 0. */
export function norm(x: Node, axes: readonly number[]): Node {
  return root(sum(square(floating(x)), axes));
}

/** The largest magnitude of all entries: one number, on as many axes. */
export function magnitude(x: Node): Node {
  return max(unary("abs", x), x.shape.map((_, i) => i));
}

/** Random bits as floats in [0, 1): the upper 24 bits, so that each value is exact in float32. */
export function unitInterval(bits: Node): Node {
  const shifted = binary("shiftRight", bits, full("uint32", [], 8));
  const value = cast(shifted, "float32");
  return mul(value, scalar(value, 2 ** -24));
}
