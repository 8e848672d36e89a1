/**
 * Trigonometry. The polynomials are minimax fits of the relative error, with coefficients rounded to float32; the results are
 * those of the rest of an angle after taking out the nearest multiple of pi or pi / 2.
 */

import { Doubles, Floats, Integers, type Vector } from "./value.ts";
import type { Formula, Helper } from "./helper.ts";

/** What is left of an angle. */
interface Turned {
  /** The angle less count * period, and what rounding took from that. */
  readonly rest: Floats;
  readonly lost: Floats;
  /** The whole number taken out in bit 0; the bits above are any. */
  readonly count: Integers;
}

/** Up to here, a product of a count with a part of a period is exact. */
const nearLimit = 8192;

/** pi in parts (Cody and Waite 1980); the first three have 11 bits or fewer, of 24, so that counts of 13 bits fit beside them. */
const pi = [3.140625, 9.675025939941406e-4, 1.5099067240953445e-7, 5.126688136514179e-12] as const;

/** a - n * period, for |a| <= nearLimit and n such that the difference is below 2. */
function restOf(a: Floats, n: Floats, period: number): Pick<Turned, "rest" | "lost"> {
  const parts = pi.map((part) => n.mul(part * (period / Math.PI)));
  const start = a.sub(parts[0]!).sub(parts[1]!);
  const rest = start.sub(parts[2]!);
  return { rest, lost: start.sub(rest).sub(parts[2]!).sub(parts[3]!) };
}

/** Added to a number this large, a fraction is rounded away. */
const large = 1.5 * 2 ** 23;

/** Takes the nearest multiple of `period` from a, |a| <= nearLimit. */
function nearTurn(a: Floats, period: number): Turned {
  const moved = a.mul(1 / period).add(large);
  return { ...restOf(a, moved.sub(large), period), count: moved.bits() };
}

/** Takes an odd multiple of pi / 2 from a; the count is that of pi in it, and one. */
function nearHalfTurn(a: Floats): Turned {
  const whole = a.mul(1 / Math.PI).floor();
  return { ...restOf(a, whole.add(0.5), Math.PI), count: whole.add(large + 1).bits() };
}

/** 1 / pi as a sum of numbers of 24 bits, whose products with a float32 are exact in float64. */
const inversePi = [10680707, 7228996, 1387004, 2578385, 16069853, 12639074, 9804092, 4427841]
  .map((digits, i) => digits * 2 ** (-25 - 24 * i));

/**
 * Takes the nearest multiple of `period` from any angle `start` periods further on. After Payne and Hanek (1983): of the products
 * with the parts of 1 / period what makes whole turns is left out before they are summed. All is exact up to parts that
 * are too small to be cancelled by others.
 */
function farTurn(x: Floats, period: number, start: number): Turned {
  const half = (x: Doubles): { readonly rest: Doubles; readonly count: Doubles } => {
    let [rest, count] = [Doubles.of(start), Doubles.of(0)];
    for (const part of inversePi) {
      const product = x.mul(part * (Math.PI / period));
      rest = rest.add(product.sub(product.mul(0.5).nearest().mul(2)));
      const whole = rest.nearest();
      [rest, count] = [rest.sub(whole), count.add(whole)];
    }
    return { rest: rest.mul(period), count: count.add(1.5 * 2 ** 52) };
  };
  const [low, high] = [half(x.low()), half(x.high())];
  return {
    rest: Doubles.floats(low.rest, high.rest),
    lost: Floats.of(0),
    count: Doubles.lowBits(low.count, high.count),
  };
}

/** The sign bits for an odd count. */
const odd = (count: Integers): Integers => count.up(31);

/** sin(rest + lost), |rest| <= pi / 2. */
function sine({ rest, lost }: Turned): Floats {
  const z = rest.mul(rest);
  const p = z.mul(z.polynomial(...forSine));
  return rest.mul(p).add(lost).add(rest);
}

/** (sin(r) / r - 1) / r^2. */
const forSine = [
  -0.1666666716337204,
  0.008333350531756878,
  -0.00019843093468807638,
  2.7627056624623947e-6,
  -2.550291000602556e-8,
];

function sin(arg: Vector): Formula {
  const x = arg.floats();
  const a = x.abs();
  const value = (turned: Turned): Floats => sine(turned).turned(x.signs().xor(odd(turned.count)));
  return {
    result: value(nearTurn(a, Math.PI)),
    rare: { where: a.greater(nearLimit), value: value(farTurn(a, Math.PI, 0)) },
  };
}

function cos(arg: Vector): Formula {
  const a = arg.floats().abs();
  const value = (turned: Turned): Floats => sine(turned).turned(odd(turned.count));
  return {
    result: value(nearHalfTurn(a)),
    rare: { where: a.greater(nearLimit), value: value(farTurn(a, Math.PI, 0.5)) },
  };
}

/** (tan(r) / r - 1) / r^2. */
const forTangent = [
  0.33333155512809753,
  0.1333884596824646,
  0.05340687558054924,
  0.024447163566946983,
  0.003091054502874613,
  0.009403222240507603,
];

function tan(arg: Vector): Formula {
  const x = arg.floats();
  const a = x.abs();
  const value = ({ rest, lost, count }: Turned): Floats => {
    const z = rest.mul(rest);
    const t = rest.mul(z.mul(z.polynomial(...forTangent))).add(lost).add(rest);
    const isOdd = new Integers(odd(count).downSigned(31).node);
    return isOdd.choose(Floats.of(-1).div(t), t).turned(x.signs());
  };
  return {
    result: value(nearTurn(a, Math.PI / 2)),
    rare: { where: a.greater(nearLimit), value: value(farTurn(a, Math.PI / 2, 0)) },
  };
}

/** pi / 2 in two float32: x taken from it. */
const halfPiLess = (x: Floats): Floats => Floats.of(Math.PI / 2).sub(x.sub(-4.371139e-8));

/** atan(a) = pi / 2 - atan(1 / a). */
function atan(x: Floats): Floats {
  const a = x.abs();
  const isSteep = a.greater(1);
  const t = isSteep.choose(Floats.of(1).div(a), a);
  const z = t.mul(t);
  const angle = t.mul(z.mul(z.polynomial(...forArctangent))).add(t);
  return isSteep.choose(halfPiLess(angle), angle).turned(x.signs());
}

/** (atan(t) / t - 1) / t^2. */
const forArctangent = [
  -0.33333298563957214,
  0.1999852955341339,
  -0.14264015853405,
  0.10950880497694016,
  -0.08399305492639542,
  0.05788133665919304,
  -0.031096862629055977,
  0.010868566110730171,
  -0.0017827798146754503,
];

interface Arc {
  /** Where a > 1/2. */
  readonly isBig: Integers;
  /** asin(a), or the half of acos(a) where a is big; NaN above 1. */
  readonly angle: Floats;
}

/** acos(a) = 2 asin(sqrt((1 - a) / 2)). */
function arc(a: Floats): Arc {
  const isBig = a.greater(0.5);
  const z = isBig.choose(Floats.of(1).sub(a).mul(0.5), a.mul(a));
  const s = isBig.choose(z.sqrt(), a);
  return { isBig, angle: s.mul(z.mul(z.polynomial(...forArcsine))).add(s) };
}

/** (asin(s) / s - 1) / s^2. */
const forArcsine = [
  0.16666752099990845,
  0.07495306432247162,
  0.045469772070646286,
  0.02418077550828457,
  0.04216640442609787,
];

function asin(x: Floats): Floats {
  const { isBig, angle } = arc(x.abs());
  return isBig.choose(halfPiLess(angle.add(angle)), angle).turned(x.signs());
}

function acos(x: Floats): Floats {
  const { isBig, angle } = arc(x.abs());
  const double = angle.add(angle);
  const isNegative = x.bits().downSigned(31);
  const back = Floats.of(Math.PI).sub(double.sub(-8.742278e-8));
  return isBig.choose(isNegative.choose(back, double), halfPiLess(angle.turned(x.signs())));
}

const of = (f: (x: Floats) => Floats): Helper => ({ arity: 1, formula: (x) => ({ result: f(x!.floats()) }) });

/** The helper functions of this file. */
export const angles = {
  sin: { arity: 1, formula: (x) => sin(x!) },
  cos: { arity: 1, formula: (x) => cos(x!) },
  tan: { arity: 1, formula: (x) => tan(x!) },
  asin: of(asin),
  acos: of(acos),
  atan: of(atan),
} satisfies Record<string, Helper>;
