/**
 * Trigonometry. sin, cos and tan take the nearest multiple of pi or pi / 2 from an angle in float64, and so are rounded once or
 * twice in all. The polynomials are minimax fits of the relative error.
 */

import { Doubles, Floats, type Integers, type Vector } from "./value.ts";
import type { Formula, Helper } from "./helper.ts";

/** What is left of two angles. */
interface Turned {
  /** The angle less a multiple of a period. */
  readonly rest: Doubles;
  /** Which multiple: in its lowest bits, even or odd. */
  readonly count: Doubles;
}

/** Up to here, the multiples of the first part of a period are exact. */
const nearLimit = 2 ** 20;

/** pi in two parts (Cody and Waite 1980). */
const pi = [3.1415926534682512, 1.2154201013012384e-10] as const;

/** x - n * period. */
function restOf(x: Doubles, n: Doubles, period: number): Doubles {
  const periods = period / Math.PI;
  return x.sub(n.mul(pi[0] * periods)).sub(n.mul(pi[1] * periods));
}

/** Added to a number this large, a fraction is rounded away. */
const large = 1.5 * 2 ** 52;

/** Takes the nearest multiple of `period` from x, |x| <= nearLimit. */
function nearTurn(x: Doubles, period: number): Turned {
  const count = x.mul(1 / period).add(large);
  return { rest: restOf(x, count.sub(large), period), count };
}

/** Takes the nearest odd multiple of pi / 2 from x, 0 <= x <= nearLimit; the count is that of half turns by which cos(x) = sin(rest) then. */
function nearHalfTurn(x: Doubles): Turned {
  const whole = x.mul(1 / Math.PI).floor();
  return { rest: restOf(x, whole.add(0.5), Math.PI), count: whole.add(large + 1) };
}

/** 1 / pi as a sum of numbers of 24 bits, whose products with a float32 are exact in float64. */
const inversePi = [10680707, 7228996, 1387004, 2578385, 16069853, 12639074, 9804092, 4427841]
  .map((digits, i) => digits * 2 ** (-25 - 24 * i));

/**
 * Takes the nearest multiple of `period` from x + start * period, of any size. After Payne and Hanek (1983): of the products with
 * the parts of 1 / period, what makes two whole periods is left out before they are summed. All is exact until the parts
 * are so small that no others cancel them.
 */
function farTurn(x: Doubles, period: number, start = 0): Turned {
  let [rest, count] = [Doubles.of(start), Doubles.of(large)];
  for (const part of inversePi) {
    const product = x.mul(part * (Math.PI / period));
    rest = rest.add(product.sub(product.mul(0.5).nearest().mul(2)));
    const whole = rest.nearest();
    [rest, count] = [rest.sub(whole), count.add(whole)];
  }
  return { rest: rest.mul(period), count };
}

/** A function of the rests of four angles, and the sign bits where the count is odd. */
function turned(x: Floats, turn: (x: Doubles) => Turned, f: (rest: Doubles) => Doubles): readonly [Floats, Integers] {
  const [low, high] = [turn(x.low()), turn(x.high())];
  return [Doubles.floats(f(low.rest), f(high.rest)), Doubles.lowBits(low.count, high.count).up(31)];
}

/** sin(r), |r| <= pi / 2: relative error 2^-27. */
function sine(r: Doubles): Doubles {
  const p = [1, -0.16666659544614967, 0.00833306608366376, -0.00019809590164988726, 2.605750825465311e-6];
  return r.mul(r).polynomial(...p).mul(r);
}

function sin(arg: Vector): Formula {
  const x = arg.floats();
  const value = (turn: (x: Doubles) => Turned): Floats => {
    const [result, odd] = turned(x.abs(), turn, sine);
    return result.turned(x.signs().xor(odd));
  };
  return {
    result: value((x) => nearTurn(x, Math.PI)),
    rare: { where: x.abs().greater(nearLimit), value: value((x) => farTurn(x, Math.PI)) },
  };
}

function cos(arg: Vector): Formula {
  const a = arg.floats().abs();
  const value = (turn: (x: Doubles) => Turned): Floats => {
    const [result, odd] = turned(a, turn, sine);
    return result.turned(odd);
  };
  return {
    result: value(nearHalfTurn),
    rare: { where: a.greater(nearLimit), value: value((x) => farTurn(x, Math.PI, 0.5)) },
  };
}

/** tan(r), |r| <= pi / 4: relative error 2^-25. */
function tangent(r: Doubles): Doubles {
  const p = [
    1,
    0.3333315657225279,
    0.13338806897001293,
    0.05341064801662926,
    0.02443243470896129,
    0.003116173438294196,
    0.00938765381600478,
  ];
  return r.mul(r).polynomial(...p).mul(r);
}

function tan(arg: Vector): Formula {
  const x = arg.floats();
  const value = (turn: (x: Doubles) => Turned): Floats => {
    const [result, odd] = turned(x.abs(), turn, tangent);
    return odd.downSigned(31).choose(Floats.of(-1).div(result), result).turned(x.signs());
  };
  return {
    result: value((x) => nearTurn(x, Math.PI / 2)),
    rare: { where: x.abs().greater(nearLimit), value: value((x) => farTurn(x, Math.PI / 2)) },
  };
}

/** pi / 2, in two float32, less |x| <= pi / 2 and less what is small; what rounding takes from the first difference goes with that. */
function halfPiLess(x: Floats, small: Floats): Floats {
  const most = Floats.of(Math.PI / 2);
  const left = most.sub(x);
  return left.sub(small.sub(-4.371139e-8).sub(most.sub(left).sub(x)));
}

/** atan(a) = pi / 2 - atan(1 / a). */
function atan(x: Floats): Floats {
  const a = x.abs();
  const isSteep = a.greater(1);
  const t = isSteep.choose(Floats.of(1).div(a), a);
  const z = t.mul(t);
  const little = t.mul(z.mul(z.polynomial(...forArctangent)));
  return isSteep.choose(halfPiLess(t, little), little.add(t)).turned(x.signs());
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
  /** asin(a), or the half of acos(a) where a is big, as a sum of something and little; NaN above 1. */
  readonly most: Floats;
  readonly little: Floats;
}

/** acos(a) = 2 asin(sqrt((1 - a) / 2)). */
function arc(a: Floats): Arc {
  const isBig = a.greater(0.5);
  const z = isBig.choose(Floats.of(1).sub(a).mul(0.5), a.mul(a));
  const most = isBig.choose(z.sqrt(), a);
  return { isBig, most, little: most.mul(z.mul(z.polynomial(...forArcsine))) };
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
  const { isBig, most, little } = arc(x.abs());
  const far = halfPiLess(most.add(most), little.add(little));
  return isBig.choose(far, little.add(most)).turned(x.signs());
}

function acos(x: Floats): Floats {
  const { isBig, most, little } = arc(x.abs());
  const angle = little.add(most);
  const double = angle.add(angle);
  const isNegative = x.bits().downSigned(31);
  const back = Floats.of(Math.PI).sub(double.sub(-8.742278e-8));
  const signs = x.signs();
  return isBig.choose(isNegative.choose(back, double), halfPiLess(most.turned(signs), little.turned(signs)));
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
