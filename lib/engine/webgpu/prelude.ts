/**
 * WGSL functions that the language lacks, or has with less accuracy than float32 rounding: WebGPU only promises an
 * absolute 2^-11 for sin and cos and 4096 units in the last place for atan. The polynomials are those of Cephes
 * (S. Moshier, netlib.org/cephes, single precision), which give the same bits on every device up to contraction of
 * a * b + c.
 */

import { castLimits } from "../../graph/primitives.ts";

interface Helper {
  readonly needs?: readonly string[];
  readonly text: string;
}

/** From float32, held to what the type can say. */
function castHelper(dtype: keyof typeof castLimits, type: string): Helper {
  const [least, most] = castLimits[dtype];
  return {
    needs: ["is_nan"],
    text: `fn to_${type}(x: f32) -> ${type} { return select(${type}(clamp(x, ${least}f, ${most}f)), 0, is_nan(x)); }`,
  };
}

const helpers: { readonly [name: string]: Helper } = {
  // A literal infinity or NaN is refused by WGSL, and so is one that a constant expression gives.
  special: {
    text: `var<private> inf_bits: u32 = 0x7f800000u;
var<private> nan_bits: u32 = 0x7fc00000u;
fn inf() -> f32 { return bitcast<f32>(inf_bits); }
fn nan() -> f32 { return bitcast<f32>(nan_bits); }`,
  },
  // By bits: a compiler may assume that there are no NaNs and fold x != x.
  is_nan: { text: "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }" },
  // NaN and infinity times zero are NaN, and the signs count.
  times_zero: {
    needs: ["special"],
    text: `fn times_zero(x: f32, sign: u32) -> f32 {
  let bits = bitcast<u32>(x);
  return select(bitcast<f32>((bits ^ sign) & 0x80000000u), nan(), (bits & 0x7fffffffu) >= 0x7f800000u);
}`,
  },
  // Nothing that a compiler sees through.
  held: {
    needs: ["special", "is_nan"],
    text: "fn held(x: f32) -> f32 { return select(x, nan(), is_nan(x)); }",
  },
  max_f32: {
    needs: ["is_nan"],
    text: "fn max_f32(a: f32, b: f32) -> f32 { return select(b, a, is_nan(a) || (a > b && !is_nan(b))); }",
  },
  min_f32: {
    needs: ["is_nan"],
    text: "fn min_f32(a: f32, b: f32) -> f32 { return select(b, a, is_nan(a) || (a < b && !is_nan(b))); }",
  },
  div_i32: { text: "fn div_i32(a: i32, b: i32) -> i32 { return select(a / b, 0i, b == 0i); }" },
  to_i32: castHelper("int32", "i32"),
  to_u32: castHelper("uint32", "u32"),
  power_of_two: {
    // In two factors, so that exponents beyond those of one float32 still work.
    text: `fn times_power_of_two(x: f32, n: i32) -> f32 {
  let h = n / 2;
  return x * bitcast<f32>(u32(h + 127) << 23u) * bitcast<f32>(u32(n - h + 127) << 23u);
}`,
  },
  exp_part: {
    text: `fn exp_part(r: f32) -> f32 {
  let p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r +
    1.6666665459e-1f) * r + 5.0000001201e-1f;
  return p * r * r + r;
}
fn exp_steps(x: f32) -> f32 { return round(x * 1.44269504088896341f); }
fn exp_rest(x: f32, n: f32) -> f32 { return (x - n * 0.693359375f) + n * 2.12194440e-4f; }`,
  },
  exp_f32: {
    needs: ["is_nan", "exp_part", "power_of_two"],
    text: `fn exp_f32(x: f32) -> f32 {
  let c = clamp(x, -104f, 89f);
  let n = exp_steps(c);
  return select(times_power_of_two(exp_part(exp_rest(c, n)) + 1f, i32(n)), x, is_nan(x));
}`,
  },
  exp2_f32: {
    needs: ["is_nan", "exp_part", "power_of_two"],
    text: `fn exp2_f32(x: f32) -> f32 {
  let c = clamp(x, -151f, 129f);
  let n = round(c);
  return select(times_power_of_two(exp_part((c - n) * 0.693147180559945309f) + 1f, i32(n)), x, is_nan(x));
}`,
  },
  expm1_f32: {
    needs: ["exp_f32"],
    text: `fn expm1_f32(x: f32) -> f32 {
  if (is_nan(x) || abs(x) < 1e-5f) { return x + 0.5f * x * x; }
  if (x > 30f || x < -30f) { return exp_f32(x) - 1f; }
  let n = exp_steps(x);
  let s = times_power_of_two(1f, i32(n));
  return s * exp_part(exp_rest(x, n)) + (s - 1f);
}`,
  },
  log_part: {
    text: `fn log_part(f: f32) -> f32 {
  let z = f * f;
  let p = ((((((((7.0376836292e-2f * f - 1.1514610310e-1f) * f + 1.1676998740e-1f) * f - 1.2420140846e-1f) * f +
    1.4249322787e-1f) * f - 1.6668057665e-1f) * f + 2.0000714765e-1f) * f - 2.4999993993e-1f) * f + 3.3333331174e-1f);
  return p * f * z - 0.5f * z;
}`,
  },
  log_f32: {
    needs: ["special", "is_nan", "log_part"],
    text: `fn log_f32(x: f32) -> f32 {
  if (is_nan(x) || x < 0f) { return nan(); }
  if (x == 0f) { return -inf(); }
  let small = x < 1.17549435e-38f;
  let bits = bitcast<u32>(select(x, x * 8388608f, small));
  if (bits == 0x7f800000u) { return x; }
  let shifted = bits - 0x3f3504f3u;
  let n = f32(bitcast<i32>(shifted) >> 23u) - select(0f, 23f, small);
  let f = bitcast<f32>((shifted & 0x007fffffu) + 0x3f3504f3u) - 1f;
  return (log_part(f) - n * 2.12194440e-4f) + f + n * 0.693359375f;
}`,
  },
  log1p_f32: {
    needs: ["log_f32"],
    text: `fn log1p_f32(x: f32) -> f32 {
  if (x > -0.29f && x < 0.41f) { return log_part(x) + x; }
  return log_f32(1f + x);
}`,
  },
  sigmoid_f32: {
    needs: ["exp_f32"],
    text: `fn sigmoid_f32(x: f32) -> f32 {
  let t = exp_f32(-abs(x));
  return select(t, 1f, x >= 0f) / (1f + t);
}`,
  },
  softplus_f32: {
    needs: ["exp_f32", "log1p_f32", "max_f32"],
    text: "fn softplus_f32(x: f32) -> f32 { return max_f32(x, 0f) + log1p_f32(exp_f32(-abs(x))); }",
  },
  tanh_f32: {
    needs: ["exp_f32"],
    text: `fn tanh_f32(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x)) { return x; }
  if (a < 0.625f) {
    let z = x * x;
    return ((((-5.70498872745e-3f * z + 2.06390887954e-2f) * z - 5.37397155531e-2f) * z + 1.33314422036e-1f) * z -
      3.33332819422e-1f) * z * x + x;
  }
  let t = 1f - 2f / (exp_f32(2f * min(a, 20f)) + 1f);
  return select(t, -t, x < 0f);
}`,
  },
  erf_f32: {
    needs: ["exp_f32"],
    text: `fn erf_f32(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let a = min(abs(x), 5f);
  if (a < 1f) {
    let z = x * x;
    return ((((((7.853861353153693e-5f * z - 8.010193625184903e-4f) * z + 5.188327685732524e-3f) * z -
      2.685381193529856e-2f) * z + 1.128358514861418e-1f) * z - 3.761262582423300e-1f) * z + 1.128379165726710f) * x;
  }
  let q = 1f / a;
  let y = q * q;
  var p: f32;
  if (a < 2f) {
    p = ((((((((2.326819970068386e-2f * y - 1.387039388740657e-1f) * y + 3.687424674597105e-1f) * y -
      5.824733027278666e-1f) * y + 6.210004621745983e-1f) * y - 4.944515323274145e-1f) * y +
      3.404879937665872e-1f) * y - 2.741127028184656e-1f) * y + 5.638259427386472e-1f);
  } else {
    p = (((((((-1.047766399936249e1f * y + 1.297719955372516e1f) * y - 7.495518717768503f) * y +
      2.921019019210786f) * y - 1.015265279202700f) * y + 4.218463358204948e-1f) * y - 2.820767439740514e-1f) * y +
      5.641895067754075e-1f);
  }
  let e = 1f - exp_f32(-a * a) * q * p;
  return select(e, -e, x < 0f);
}`,
  },
  far_turn: {
    // Payne and Hanek 1983: of the product of x with 2 / pi only those digits of 2 / pi are taken that do not make whole turns.
    needs: ["special"],
    text: `struct Turn { rest: f32, quarters: i32 }
fn high_product(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let middle = ah * bl + ((al * bl) >> 16u);
  return ah * bh + (middle >> 16u) + (((middle & 0xffffu) + al * bh) >> 16u);
}
fn far_turn(x: f32) -> Turn {
  let bits = bitcast<u32>(x);
  let exponent = ((bits >> 23u) & 255u) - 126u;
  if (exponent > 128u) { return Turn(nan(), 0); }
  let m = (bits << 8u) | 0x80000000u;
  var digits = array<u32, 8>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau);
  let i = exponent >> 5u;
  let e = exponent & 31u;
  let d0 = select((digits[i] << e) | (digits[i + 1u] >> (32u - e)), digits[i], e == 0u);
  let d1 = select((digits[i + 1u] << e) | (digits[i + 2u] >> (32u - e)), digits[i + 1u], e == 0u);
  let d2 = select((digits[i + 2u] << e) | (digits[i + 3u] >> (32u - e)), digits[i + 2u], e == 0u);
  var low = m * d1 + high_product(m, d2);
  var high = m * d0 + high_product(m, d1) + select(0u, 1u, low < m * d1);
  var quarters = i32(high >> 30u);
  high = high & 0x3fffffffu;
  let before = (high & 0x20000000u) != 0u;
  if (before) {
    high = 0x40000000u - high - select(0u, 1u, low != 0u);
    low = 0u - low;
    quarters++;
  }
  var zeros = countLeadingZeros(high);
  var top = (high << zeros) | (low >> (32u - zeros));
  if (high == 0u) { top = low; zeros = 32u; }
  let size = f32(top) * 1.4629180792671596e-9f * bitcast<f32>((127u - zeros) << 23u);
  let back = x < 0f;
  return Turn(select(size, -size, before != back), select(quarters, -quarters, back));
}`,
  },
  trigonometry: {
    // Reduction by multiples of pi / 2, whose first three parts have so few digits that their products are exact.
    needs: ["far_turn"],
    text: `fn turn_of(x: f32) -> Turn {
  if (abs(x) > 8192f) { return far_turn(x); }
  let n = round(x * 0.636619772367581343f);
  let rest = (((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.549533620476723e-8f) - n * 2.56334407e-12f;
  return Turn(rest, i32(n));
}
fn sin_part(r: f32) -> f32 {
  let z = r * r;
  return ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
}
fn cos_part(r: f32) -> f32 {
  let z = r * r;
  return ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1f;
}
fn turned(r: f32, quarters: i32) -> f32 {
  let value = select(sin_part(r), cos_part(r), (quarters & 1) == 1);
  return select(value, -value, (quarters & 2) == 2);
}`,
  },
  sin_f32: {
    needs: ["trigonometry"],
    text: "fn sin_f32(x: f32) -> f32 { let t = turn_of(x); return turned(t.rest, t.quarters); }",
  },
  cos_f32: {
    needs: ["trigonometry"],
    text: "fn cos_f32(x: f32) -> f32 { let t = turn_of(x); return turned(t.rest, t.quarters + 1); }",
  },
  tan_f32: {
    needs: ["trigonometry"],
    text: `fn tan_f32(x: f32) -> f32 {
  let t = turn_of(x);
  return turned(t.rest, t.quarters) / turned(t.rest, t.quarters + 1);
}`,
  },
  asin_f32: {
    needs: ["special"],
    text: `fn asin_part(z: f32, x: f32) -> f32 {
  return ((((4.2163199048e-2f * z + 2.4181311049e-2f) * z + 4.5470025998e-2f) * z + 7.4953002686e-2f) * z +
    1.6666752422e-1f) * z * x + x;
}
fn asin_f32(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1f) { return nan(); }
  if (a <= 0.5f) { return asin_part(x * x, x); }
  let z = 0.5f * (1f - a);
  let y = 1.57079632679489662f - 2f * asin_part(z, sqrt(z));
  return select(y, -y, x < 0f);
}`,
  },
  acos_f32: {
    needs: ["asin_f32"],
    text: `fn acos_f32(x: f32) -> f32 {
  if (abs(x) > 1f) { return nan(); }
  if (x < -0.5f) { return 3.14159265358979324f - 2f * asin_f32(sqrt(0.5f * (1f + x))); }
  if (x > 0.5f) { return 2f * asin_f32(sqrt(0.5f * (1f - x))); }
  return 1.57079632679489662f - asin_f32(x);
}`,
  },
  atan_f32: {
    text: `fn atan_f32(x: f32) -> f32 {
  let a = abs(x);
  var base = 0f;
  var t = a;
  if (a > 2.414213562373095f) {
    base = 1.57079632679489662f;
    t = -1f / a;
  } else if (a > 0.4142135623730950f) {
    base = 0.78539816339744831f;
    t = (a - 1f) / (a + 1f);
  }
  let z = t * t;
  let y = base + ((((8.05374449538e-2f * z - 1.38776856032e-1f) * z + 1.99777106478e-1f) * z - 3.33329491539e-1f) * z * t + t);
  return select(y, -y, x < 0f);
}`,
  },
  pow_f32: {
    // Small whole exponents by squaring, which is exact where the result is; the rest through exp and log.
    needs: ["special", "is_nan", "exp_f32", "log_f32"],
    text: `fn pow_f32(x: f32, y: f32) -> f32 {
  if (y == 0f || x == 1f) { return 1f; }
  if (is_nan(x) || is_nan(y)) { return nan(); }
  let whole = floor(y) == y;
  if (whole && abs(y) <= 64f) {
    var result = 1f;
    var square = x;
    for (var n = u32(abs(y)); n > 0u; n = n >> 1u) {
      result = select(result, result * square, (n & 1u) == 1u);
      square = square * square;
    }
    return select(result, 1f / result, y < 0f);
  }
  let odd = whole && abs(y) < 16777216f && (i32(y) & 1) == 1;
  if (x == 0f) { return select(0f, inf(), y < 0f); }
  if (x < 0f && !whole && bitcast<u32>(x) != 0xff800000u && abs(y) < inf()) { return nan(); }
  if (abs(x) == 1f) { return select(1f, -1f, odd); }
  let size = exp_f32(y * log_f32(abs(x)));
  return select(size, -size, odd && x < 0f);
}`,
  },
  threefry: {
    // Threefry-2x32 with 20 rounds: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    text: `fn threefry(k0: u32, k1: u32, block: i32, word: i32) -> u32 {
  var r = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var k = array<u32, 3>(k0, k1, 0x1bd11bdau ^ k0 ^ k1);
  var x = vec2<u32>(u32(block) + k0, k1);
  for (var i = 0u; i < 5u; i++) {
    for (var j = 0u; j < 4u; j++) {
      x.x += x.y;
      let n = r[(i & 1u) * 4u + j];
      x.y = ((x.y << n) | (x.y >> (32u - n))) ^ x.x;
    }
    x.x += k[(i + 1u) % 3u];
    x.y += k[(i + 2u) % 3u] + i + 1u;
  }
  return select(x.x, x.y, word == 1);
}`,
  },
};

/** The text of the helpers that `names` need, each once, in order of need. */
export function preludeText(names: Iterable<string>): string {
  const done = new Set<string>();
  const lines: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const helper = helpers[name];
    if (!helper) throw new Error(`There is no WGSL helper ${name}.`);
    helper.needs?.forEach(visit);
    lines.push(helper.text);
  };
  for (const name of names) visit(name);
  return lines.join("\n");
}
