/**
 * exp and what is made of it. With n the whole number nearest to x / ln 2, exp(x) = 2^n (1 + q), where q = exp(r) - 1 is a
 * polynomial of the rest r. Those are minimax fits of the relative error, with coefficients rounded to float32.
 */

import { Floats, Integers } from "./value.ts";
import type { Helper } from "./helper.ts";

/** ln 2 in two parts; the first has so few digits that its product with n is exact. */
const ln2 = [0.693359375, -2.12194440e-4] as const;

interface Split {
  /** n + bias in the lower nine bits. */
  readonly exponent: Integers;
  /** r, and exp(r) - 1 - r. */
  readonly rest: Floats;
  readonly more: Floats;
}

/** Splits exp(x), |x| < 2^13, as above; `bias` is a whole number that n is wanted with. */
function split(x: Floats, bias: number, coefficients: readonly number[]): Split {
  // Added to a number this large, a fraction is rounded away.
  const large = 1.5 * 2 ** 23 + bias;
  const moved = x.mul(Math.LOG2E).add(large);
  const n = moved.sub(large);
  const r = x.sub(n.mul(ln2[0])).sub(n.mul(ln2[1]));
  return { exponent: moved.bits(), rest: r, more: r.mul(r).mul(r.polynomial(...coefficients)) };
}

/** Relative error of exp(r) at most 2^-28 for |r| <= ln 2 / 2. */
const forExp = [
  0.4999999403953552,
  0.1666652113199234,
  0.04166826233267784,
  0.008368674665689468,
  0.0013821055181324482,
];

/** Relative error of exp(r) - 1 at most 2^-31 for |r| <= ln 2 / 2. */
const forExpm1 = [
  0.5,
  0.1666666567325592,
  0.04166649281978607,
  0.008333546109497547,
  0.0013932327274233103,
  0.0001976163184735924,
];

/** Where exp has become 0, and where infinite. Between them 2^n need not be a float32, but is the product of two. */
const [least, most] = [-104, 89];

/** `x`, and 0 where `gone` is set. */
const but = (gone: Integers, x: Floats): Floats => gone.not().and(x.bits()).floats();

/** Where exp(x) is 0 there is nothing to be rounded to it: products below the least float32 take a processor ten times as long. */
function exp(x: Floats): Floats {
  const gone = x.less(least);
  const { exponent, rest, more } = split(but(gone, x).atMost(most), 254, forExp);
  return but(gone, scaled(more.add(rest).add(1), exponent));
}

/** x 2^n, of an exponent with bias 254. */
function scaled(x: Floats, exponent: Integers): Floats {
  const half = exponent.down(1);
  return x.mul(half.up(23).floats()).mul(exponent.sub(half).up(23).floats());
}

/** 2 to the power of what `split` gives with bias 127: for n in [-126, 127]. */
const power = (exponent: Integers): Floats => exponent.up(23).floats();

/** 2^x = 2^n exp(r ln 2), where r, what is left of x beside the nearest whole number, is exact. */
function exp2(x: Floats): Floats {
  const gone = x.less(-150);
  const y = but(gone, x).atMost(129);
  const large = 1.5 * 2 ** 23 + 254;
  const moved = y.add(large);
  const t = y.sub(moved.sub(large)).mul(Math.LN2);
  return but(gone, scaled(t.mul(t).mul(t.polynomial(...forExp)).add(t).add(1), moved.bits()));
}

/** exp(x) for x in [-87, 87]. */
function expNormal(x: Floats): Floats {
  const { exponent, rest, more } = split(x, 127, forExp);
  return more.add(rest).add(1).mul(power(exponent));
}

/** exp(-|x|), and by which factor less 1 rounding has missed it. */
export function expDown(x: Floats): readonly [Floats, Floats] {
  const a = x.abs();
  const gone = a.greater(-least);
  const { exponent, rest, more } = split(but(gone, a.neg()), 254, forExp);
  const q = more.add(rest);
  const sum = q.add(1);
  return [but(gone, scaled(sum, exponent)), q.sub(sum.sub(1))];
}

/** (exp(x) - 1) one = 2^n one q + (2^n one - one). The sum begins with what is exact near 0. */
function lessOne({ exponent, rest, more }: Split, one: number): Floats {
  const scale = power(exponent);
  return scale.mul(rest).add(scale.sub(one)).add(scale.mul(more));
}

/** By halves, since 2^128 is no float32. */
function expm1(x: Floats): Floats {
  const halved = lessOne(split(x.atLeast(-20).atMost(most), 126, forExpm1), 0.5);
  // Half of a tiny number may be none.
  return x.abs().less(2 ** -25).choose(x, halved.add(halved));
}

/**
 * tanh(a) = e / (e + 2), e = exp(2 a) - 1. What rounding takes from e + 2 is given back where it counts: for small e, where it is
 * about half as large in proportion.
 */
function tanh(x: Floats): Floats {
  const a = x.abs().atMost(10);
  const e = lessOne(split(a.add(a), 127, forExpm1), 1);
  const whole = e.add(2);
  const lost = e.less(1).and(e.sub(whole.sub(2)).mul(0.5).bits()).floats();
  const t = e.div(whole);
  return t.sub(t.mul(lost)).turned(x.signs());
}

/** 1 / (1 + 2^n (1 + q)), of which 2^h with h near n / 2 is taken out so that nothing overflows. */
function sigmoid(x: Floats): Floats {
  const gone = x.less(least);
  const { exponent, rest, more } = split(but(gone, x.neg()).atLeast(least), 254, forExp);
  const half = exponent.down(1);
  const other = exponent.sub(half).up(23).floats();
  // half has 127 + h in its lower bits, and 2^-h has the exponent 127 - h.
  const inverse = Integers.of(254).sub(half).up(23).floats();
  // The sum of three, the largest last.
  const sum = more.add(rest).mul(other).add(other.atMost(inverse)).add(other.atLeast(inverse));
  return but(gone, inverse.div(sum));
}

/** x P(x^2) below 0.92, else 1 - exp(-a (1 + Q(a))): minimax fits of the relative error. */
function erf(x: Floats): Floats {
  const a = x.abs();
  const near = x.mul(x).polynomial(
    0.12837916612625122,
    -0.3761262893676758,
    0.11283625662326813,
    -0.02685573883354664,
    0.005192448850721121,
    -0.0008050577016547322,
    8.001382957445458e-5,
  ).mul(x).add(x);
  const b = a.atMost(4.2);
  const q = b.polynomial(
    0.12864848971366882,
    0.6351513266563416,
    0.10623684525489807,
    -0.023762019351124763,
    0.0036424295976758003,
    -0.00032279404695145786,
    1.1230034033360425e-5,
  ).mul(b).add(b);
  const far = Floats.of(1).sub(expNormal(q.neg())).turned(x.signs());
  return a.less(0.92).choose(near, far);
}

const of = (f: (x: Floats) => Floats): Helper => ({ arity: 1, formula: (x) => ({ result: f(x!.floats()) }) });

/** The helper functions of this file. */
export const exponentials = {
  exp: of(exp),
  exp2: of(exp2),
  expm1: of(expm1),
  tanh: of(tanh),
  sigmoid: of(sigmoid),
  erf: of(erf),
} satisfies Record<string, Helper>;
