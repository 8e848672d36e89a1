/** Powers: a^y = 2^(y log2 a) in float64, of which 36 bits are right, so that results are rounded to float32 once. */

import { Doubles, Floats, type Integers, type Vector } from "./value.ts";
import type { Formula, Helper } from "./helper.ts";
import { splitLog, unusual } from "./logarithms.ts";

/** log2((1 + s) / (1 - s)) / s in s^2, for |s| <= 0.1716: a minimax fit of the relative error, 2^-37. */
const forLog2 = [
  2.8853900817901397,
  0.9617966732794955,
  0.5770835972344809,
  0.4116719529519027,
  0.34074484436994956,
];

/** (2^r - 1) / r for |r| <= 1/2: 2^r has the relative error 2^-29. */
const forExp2 = [
  0.6931472028551281,
  0.2402264791361984,
  0.055503324710267005,
  0.00961843735828604,
  0.0013398874445452597,
  0.00015353361819041636,
];

/** Two numbers of (2^k (1 + f))^y; log2 plus `extra`, which is 0 but at its poles. */
function half(k: Doubles, f: Doubles, y: Doubles, extra: Doubles | null): Doubles {
  const s = f.div(f.add(2));
  const log2 = s.mul(s.mul(s).polynomial(...forLog2)).add(k);
  const p = y.mul(extra ? log2.add(extra) : log2).atMost(160).atLeast(-160);
  // Added to a number this large, a fraction is rounded away; the exponent of 2^n is in the lower bits then.
  const large = 1.5 * 2 ** 52 + 1023;
  const moved = p.add(large);
  const r = p.sub(moved.sub(large));
  return r.mul(r.polynomial(...forExp2)).add(1).mul(moved.up(52));
}

function power(k: Integers, f: Floats, y: Floats, extra: Floats | null): Floats {
  return Doubles.floats(
    half(k.low(), f.low(), y.low(), extra && extra.low()),
    half(k.high(), f.high(), y.high(), extra && extra.high()),
  );
}

/** As C's pow: 1 where x is 1 or y is 0, whatever the other is. */
function pow(base: Vector, exponent: Vector): Formula {
  const [x, y] = [base.floats(), exponent.floats()];
  const a = x.abs();
  const isWhole = y.floor().equal(y);
  const halfY = y.mul(0.5);
  const isOdd = isWhole.and(halfY.floor().notEqual(halfY));
  const signs = x.signs().and(isOdd);
  const { k, f } = splitLog(a);
  const result = power(k, f, y, null).turned(signs);

  const isSmall = a.less(2 ** -126);
  const small = splitLog(isSmall.choose(a.mul(2 ** 23), a));
  const isUsual = a.less(Infinity).and(a.greater(0));
  // At the poles of the logarithm: minus infinity, infinity, NaN.
  const extra = isUsual.choose(Floats.of(0), a.sub(Floats.of(1).div(a)));
  const any = power(small.k.sub(isSmall.and(23)), small.f, y, extra).turned(signs);
  const isNone = isUsual.and(x.less(0)).and(isWhole.not());
  const isOne = x.equal(1).or(y.equal(0)).or(a.equal(1).and(y.abs().equal(Infinity)));
  const value = isOne.choose(Floats.of(1), isNone.choose(Floats.of(NaN), any));
  const where = unusual(a).or(y.abs().less(Infinity).not()).or(isNone);
  return { result, rare: { where, value } };
}

/** The helper functions of this file. */
export const powers = {
  pow: { arity: 2, formula: (x, y) => pow(x!, y!) },
} satisfies Record<string, Helper>;
