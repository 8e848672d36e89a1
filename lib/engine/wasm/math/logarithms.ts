/**
 * Logarithms, as in fdlibm's and FreeBSD's logf (Sun Microsystems 1993): x = 2^k (1 + f), s = f / (2 + f), and
 * log(1 + f) = f - h + s (h + R(s^2)) with h = f^2 / 2.
 */

import { Floats, type Integers, type Vector } from "./value.ts";
import type { Formula, Helper } from "./helper.ts";
import { expDown } from "./exponentials.ts";

/** ln 2 in two parts; the first has so few digits that its product with k is exact. */
const ln2 = [0.69313812256, 9.0580006145e-6] as const;

/** The bits of the square root of a half, rounded down: where one k gives way to the next. */
const middle = 0x3f3504f3;

interface Split {
  readonly k: Integers;
  readonly f: Floats;
}

/** 2^k (1 + f) for normal positive x, f in [-0.293, 0.414]. */
export function splitLog(x: Floats): Split {
  const k = x.bits().sub(middle).downSigned(23);
  return { k, f: x.bits().sub(k.up(23)).floats().sub(1) };
}

/** The logarithm of 2^k (1 + f) plus `rest`, which is small. */
function fromSplit(k: Floats, f: Floats, rest: Floats | null): Floats {
  const s = f.div(f.add(2));
  const z = s.mul(s);
  const r = z.mul(z.polynomial(0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841));
  const h = f.mul(0.5).mul(f);
  const low = rest ? k.mul(ln2[1]).add(rest) : k.mul(ln2[1]);
  return k.mul(ln2[0]).sub(h.sub(s.mul(h.add(r)).add(low)).sub(f));
}

/** Where x is not a normal positive number: zero, subnormal, negative, infinite, NaN. */
export function unusual(x: Floats): Integers {
  // The bits of the others, 0x00800000 to 0x7f7fffff, are the lowest of int32 now.
  return x.bits().add(0x7f800000).greater(-0x01000001);
}

/** Where x is not in the domain of a logarithm of u: minus infinity for 0, NaN below, and x for what is not finite. */
function atLimits(u: Floats, x: Floats, inside: Floats): Floats {
  const above = u.less(Infinity).choose(inside, x);
  return u.less(0).choose(Floats.of(NaN), u.equal(0).choose(Floats.of(-Infinity), above));
}

function log(arg: Vector): Formula {
  const x = arg.floats();
  const { k, f } = splitLog(x);
  const small = splitLog(x.mul(2 ** 23));
  const value = fromSplit(small.k.toFloats().sub(23), small.f, null);
  return {
    result: fromSplit(k.toFloats(), f, null),
    rare: { where: unusual(x), value: atLimits(x, x, value) },
  };
}

/** Of u = 1 + x; what that rounds away is taken into account to first order. */
function log1p(arg: Vector): Formula {
  const x = arg.floats();
  const u = x.add(1);
  const lost = x.sub(u.sub(1)).div(u);
  const { k, f } = splitLog(u);
  const result = fromSplit(k.toFloats(), f, lost);
  // The sign is that of x, also where x is -0.
  return {
    result: result.bits().or(x.signs()),
    rare: { where: unusual(u), value: atLimits(u, x, u) },
  };
}

/**
 * max(x, 0) + log(1 + t), t = exp(-|x|): a polynomial of d = 2 t / (2 + t), since log(1 + t) = 2 atanh(d / 2). What rounding
 * takes from t and from 2 + t is given back to first order.
 */
function softplus(arg: Vector): Formula {
  const x = arg.floats();
  const [t, missed] = expDown(x);
  const whole = t.add(2);
  const lost = t.sub(whole.sub(2)).mul(0.5);
  const d = t.add(t).div(whole);
  const z = d.mul(d);
  const p = z.polynomial(0.08333302289247513, 0.012506700120866299, 0.0021877295803278685, 0.0005470188916660845);
  const log = d.mul(z.mul(p).add(missed.sub(lost))).add(d);
  return { result: x.atLeast(0).add(log) };
}

/** The helper functions of this file. */
export const logarithms = {
  log: { arity: 1, formula: (x) => log(x!) },
  log1p: { arity: 1, formula: (x) => log1p(x!) },
  softplus: { arity: 1, formula: (x) => softplus(x!) },
} satisfies Record<string, Helper>;
