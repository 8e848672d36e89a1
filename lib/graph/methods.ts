/**
 * Operations written in the primitives that become methods of Tensor as they are, in two tables: of one node and settings,
 * and of two nodes, which are broadcast.
 */

import type { Node } from "./node.ts";
import { add, binary, div, fullLike, mul, neg, sub, unary, where } from "./ops.ts";

const scalar = (x: Node, value: number): Node => fullLike(x, value);

/** Of one node, with settings. */
export const ofOne = {
  /** x * x. */
  square: (x: Node): Node => mul(x, x),
  /** 1 / x. */
  reciprocal: (x: Node): Node => div(scalar(x, 1), x),
  /** 1 / sqrt(x). */
  rsqrt: (x: Node): Node => div(scalar(x, 1), unary("sqrt", x)),
  /** x * sigmoid(x). */
  silu: (x: Node): Node => mul(x, unary("sigmoid", x)),
  /** The Gaussian error linear unit (Hendrycks and Gimpel 2016), exact or by its tanh approximation. */
  gelu: (x: Node, approximate: "none" | "tanh" = "none"): Node => gelu(x, approximate),
};

/** Of two nodes. */
export const ofTwo = {
  /** a > b. */
  greater: (a: Node, b: Node): Node => binary("less", b, a),
  /** a >= b. */
  greaterEqual: (a: Node, b: Node): Node => binary("lessEqual", b, a),
  /** a != b. */
  notEqual: (a: Node, b: Node): Node => unary("not", binary("equal", a, b)),
  /** torch.remainder: a - floor(a / b) * b, with the sign of b. */
  remainder: (a: Node, b: Node): Node => sub(a, mul(unary("floor", div(a, b)), b)),
  /** The angle of the points (b, a) in radians, in [-pi, pi]; 0, with gradient 0, at the origin. */
  atan2: (a: Node, b: Node): Node => atan2(a, b),
};

function gelu(x: Node, approximate: "none" | "tanh"): Node {
  const half = mul(x, scalar(x, 0.5));
  if (approximate === "none") return mul(half, add(unary("erf", mul(x, scalar(x, Math.SQRT1_2))), scalar(x, 1)));
  const inner = mul(add(x, mul(mul(x, mul(x, x)), scalar(x, 0.044715))), scalar(x, Math.sqrt(2 / Math.PI)));
  return mul(half, add(unary("tanh", inner), scalar(x, 1)));
}

function atan2(y: Node, x: Node): Node {
  const negative = (v: Node): Node => binary("less", v, scalar(v, 0));
  // Of the two quotients the one in [-1, 1], so that neither it nor its gradient overflows.
  const steep = binary("less", unary("abs", x), unary("abs", y));
  const below = where(steep, y, x);
  const origin = binary("equal", below, scalar(below, 0));
  const quotient = div(where(steep, neg(x), y), where(origin, scalar(below, 1), below));
  const behind = where(negative(x), where(negative(y), scalar(y, -Math.PI), scalar(y, Math.PI)), scalar(y, 0));
  const start = where(steep, mul(unary("sign", y), scalar(y, Math.PI / 2)), behind);
  return where(origin, scalar(below, 0), add(unary("atan", quotient), start));
}
