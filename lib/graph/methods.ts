/**
 * Operations written in the primitives that are methods of Tensor as they are, in two tables: of one node and settings, and of
 * two nodes, which are broadcast.
 */

import { square } from "./composite.ts";
import type { Node } from "./node.ts";
import { PlumblineError } from "./error.ts";
import { add, binary, cast, div, floating, full, fullLike, iota, mul, neg, reshape, sub, unary, where } from "./ops.ts";
import { describe } from "./types.ts";

const scalar = (x: Node, value: number): Node => fullLike(x, value);

/** Of one node, with settings. */
export const ofOne = {
  /** x * x. */
  square,
  /** 1 / x, in float32 also of whole numbers, as `div`. */
  reciprocal: (x: Node): Node => div(scalar(asFloat(x), 1), asFloat(x)),
  /** 1 / sqrt(x). */
  rsqrt: (x: Node): Node => div(scalar(x, 1), unary("sqrt", x)),
  /** x * sigmoid(x). */
  silu: (x: Node): Node => mul(x, unary("sigmoid", x)),
  /** The Gaussian error linear unit (Hendrycks and Gimpel 2016), exact or by its tanh approximation. */
  gelu: (x: Node, approximate: "none" | "tanh" = "none"): Node => gelu(x, approximate),
  /** x above 0, else alpha (exp(x) - 1). */
  elu: (x: Node, alpha = 1): Node => {
    floating(x);
    const below = where(binary("less", scalar(x, 0), x), scalar(x, 0), x);
    return above(x, mul(unary("expm1", below), scalar(x, alpha)));
  },
  /** x above 0, else slope x. */
  leakyRelu: (x: Node, slope = 0.01): Node => above(floating(x), mul(x, scalar(x, slope))),
  /** The logarithm to the base of 2. */
  log2: (x: Node): Node => mul(unary("log", x), scalar(x, Math.LOG2E)),
  /** The logarithm to the base of 10. */
  log10: (x: Node): Node => mul(unary("log", x), scalar(x, Math.LOG10E)),
  /** The hyperbolic sine. */
  sinh: (x: Node): Node => {
    const { far, near, size } = splitFar(x);
    return where(far, mul(size, unary("sign", x)), half(sub(unary("expm1", near), unary("expm1", neg(near)))));
  },
  /** The hyperbolic cosine. */
  cosh: (x: Node): Node => {
    const { far, near, size } = splitFar(x);
    const angle = half(near);
    const sinh = half(sub(unary("expm1", angle), unary("expm1", neg(angle))));
    return where(far, size, add(scalar(x, 1), mul(scalar(x, 2), mul(sinh, sinh))));
  },
  /** The whole number next to x towards 0. */
  trunc: (x: Node): Node => where(binary("less", x, scalar(x, 0)), unary("ceil", x), unary("floor", x)),
  /** True where x is neither infinite nor NaN. */
  isFinite: (x: Node): Node => {
    return x.dtype === "float32"
      ? binary("less", unary("abs", x), scalar(x, Infinity))
      : full("bool", x.shape, 1, x.axes);
  },
  /** The last two axes with 0 above a diagonal: the main one, or as many above it as `diagonal` says. */
  tril: (x: Node, diagonal = 0): Node => {
    const over = columnsLessRows(x, "tril()");
    return where(binary("lessEqual", over, scalar(over, diagonal)), x, scalar(x, 0));
  },
  /** The last two axes with 0 below a diagonal: the main one, or as many above it as `diagonal` says. */
  triu: (x: Node, diagonal = 0): Node => {
    const over = columnsLessRows(x, "triu()");
    return where(binary("lessEqual", scalar(over, diagonal), over), x, scalar(x, 0));
  },
};

/** As float32: what is divided is seldom whole. */
const asFloat = (x: Node): Node => x.dtype === "uint32" ? x : cast(x, "float32");

/** Whether it is counted in int32, as truths are. */
const isWhole = (x: Node): boolean => x.dtype === "int32" || x.dtype === "bool";

/** Of two nodes. */
export const ofTwo = {
  /** a / b, in float32 also of whole numbers, as in PyTorch. */
  div: (a: Node, b: Node): Node => div(asFloat(a), asFloat(b)),
  /** torch.floor_divide: the largest whole number not above a / b; of int32 by 0 it is 0. */
  floorDivide: (a: Node, b: Node): Node => {
    if (!isWhole(a) || !isWhole(b)) return unary("floor", div(asFloat(a), asFloat(b)));
    const [dividend, divisor] = [cast(a, "int32"), cast(b, "int32")];
    const quotient = div(dividend, divisor);
    const rest = sub(dividend, mul(quotient, divisor));
    const isBelow = binary("less", mul(unary("sign", rest), unary("sign", divisor)), scalar(rest, 0));
    return where(isBelow, sub(quotient, scalar(quotient, 1)), quotient);
  },
  /** a > b. */
  greater: (a: Node, b: Node): Node => binary("less", b, a),
  /** a >= b. */
  greaterEqual: (a: Node, b: Node): Node => binary("lessEqual", b, a),
  /** a != b. */
  notEqual: (a: Node, b: Node): Node => unary("not", binary("equal", a, b)),
  /**
   * torch.remainder: a - floor(a / b) * b, with the sign of b; of int32 by 0 it is a. In float32 the quotient is rounded: where
   * it is next to a whole number, 0 and b are as good as each other.
   */
  remainder: (a: Node, b: Node): Node => {
    if (isWhole(a) && isWhole(b)) return wholeRemainder(cast(a, "int32"), cast(b, "int32"));
    return sub(a, mul(unary("floor", div(a, b)), b));
  },
  /** The angle of the points (b, a) in radians, in [-pi, pi], as C has it; at the origin the gradient is 0. */
  atan2: (a: Node, b: Node): Node => atan2(a, b),
  /** The product of each entry of a vector with each of another: `[n]` and `[m]` to `[n, m]`. */
  outer: (a: Node, b: Node): Node => {
    const isVector = (x: Node): boolean => x.shape.length === 1;
    if (!isVector(a) || !isVector(b)) refuse(`outer() takes two vectors, not ${describe(a)} and ${describe(b)}.`);
    return mul(
      reshape(a, [a.shape[0]!, 1], [a.axes[0]!, null]),
      reshape(b, [1, b.shape[0]!], [null, b.axes[0]!]),
    );
  },
};

function refuse(message: string): never {
  throw new PlumblineError({ code: "G301", message });
}

const half = (x: Node): Node => mul(x, scalar(x, 0.5));

/** x above 0, else `other`. */
const above = (x: Node, other: Node): Node => where(binary("less", scalar(x, 0), x), x, other);

/** The column of each entry of the last two axes less its row: int32, of their sizes. */
function columnsLessRows(x: Node, what: string): Node {
  if (x.shape.length < 2) refuse(`${what} needs at least two axes, not ${describe(x)}.`);
  const size = x.shape.slice(-2);
  return sub(iota(size, 1), iota(size, 0));
}

function wholeRemainder(a: Node, b: Node): Node {
  const rest = sub(a, mul(div(a, b), b));
  const signs = mul(unary("sign", rest), unary("sign", b));
  return where(binary("less", signs, scalar(signs, 0)), add(rest, b), rest);
}

function gelu(x: Node, approximate: "none" | "tanh"): Node {
  const half = mul(x, scalar(x, 0.5));
  if (approximate === "none") return mul(half, add(unary("erf", mul(x, scalar(x, Math.SQRT1_2))), scalar(x, 1)));
  const inner = mul(add(x, mul(mul(x, mul(x, x)), scalar(x, 0.044715))), scalar(x, Math.sqrt(2 / Math.PI)));
  return mul(half, add(unary("tanh", inner), scalar(x, 1)));
}

/**
 * Where x is large, the hyperbolic functions are exp(|x|) / 2, of which the half alone may fit into float32: e / 2 times the
 * exponential of one less. `near` is x elsewhere.
 */
function splitFar(x: Node): { far: Node; near: Node; size: Node } {
  const far = binary("less", scalar(x, 64), unary("abs", x));
  const less = sub(where(far, unary("abs", x), scalar(x, 1)), scalar(x, 1));
  return { far, near: where(far, scalar(x, 0), x), size: mul(unary("exp", less), scalar(x, Math.E / 2)) };
}

/** Whether x has the sign -, which 0 may have too. */
function isNegative(x: Node): Node {
  const isZero = binary("equal", x, scalar(x, 0));
  return binary("less", where(isZero, div(scalar(x, 1), x), x), scalar(x, 0));
}

const signed = (x: Node, size: number): Node => where(isNegative(x), scalar(x, -size), scalar(x, size));

function atan2(a: Node, b: Node): Node {
  // Both in one dtype and shape: constants are made like them.
  if (a.dtype !== "float32") floating(b);
  if (b.dtype !== "float32") floating(a);
  const [y, x] = [add(a, fullLike(b, -0)), add(b, fullLike(a, -0))];
  const is = (v: Node, value: number): Node => binary("equal", v, scalar(v, value));
  // Of the two quotients the one in [-1, 1], so that neither it nor its gradient overflows.
  const steep = binary("less", unary("abs", x), unary("abs", y));
  const [above, below] = [where(steep, neg(x), y), where(steep, y, x)];
  const origin = binary("and", is(above, 0), is(below, 0));
  const diagonal = binary("and", is(unary("abs", above), Infinity), is(unary("abs", below), Infinity));
  const quotient = where(
    diagonal,
    where(isNegative(above), neg(signed(below, 1)), signed(below, 1)),
    div(where(origin, scalar(y, 0), above), where(origin, scalar(y, 1), below)),
  );
  // A sum with 0 would lose the sign of an angle that is 0.
  const angle = where(is(quotient, 0), quotient, unary("atan", quotient));
  const turned = where(steep, add(angle, signed(y, Math.PI / 2)), add(angle, signed(y, Math.PI)));
  const isFront = binary("and", unary("not", steep), unary("not", binary("less", x, scalar(x, 0))));
  const atOrigin = where(isNegative(x), signed(y, Math.PI), signed(y, 0));
  return where(origin, atOrigin, where(isFront, angle, turned));
}
