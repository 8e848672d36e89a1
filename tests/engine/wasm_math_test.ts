/** The WebAssembly engine's functions: float32 against float64 over the whole range, whole numbers against JavaScript's. */

import { deepStrictEqual as equal, ok, throws } from "node:assert/strict";
import { emitCall } from "../../lib/engine/wasm/calls.ts";
import { Code } from "../../lib/engine/wasm/encoder.ts";
import { randomBits, threefry2x32 } from "../../lib/graph/threefry.ts";
import type { DType } from "../../lib/graph/types.ts";
import { erf } from "../oracle.ts";
import { Random } from "../random.ts";
import { assertUlps, type Numbers, ulps, vectorised } from "./wasm_math_harness.ts";

const random = new Random(12);

/** float32 of any bits, NaN and infinities too. */
const anyBits = (n: number): Float32Array =>
  new Float32Array(Uint32Array.from({ length: n }, () => random.uniform(0, 2 ** 32)).buffer);

/** Both signs of sizes from the least to the largest, as many for each power of two. */
const spread = (n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => random.uniform(1, 2) * 2 ** (i % 277 - 149) * (i % 2 === 0 ? 1 : -1));

const uniform = (n: number, low: number, high: number): Float32Array => Float32Array.from(random.floats(n, low, high));

/** The float32 numbers from `count` below x to as many above. */
function around(x: number, count: number): number[] {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0]!;
  return [...new Float32Array(Int32Array.from({ length: 2 * count + 1 }, (_, i) => bits + i - count).buffer)];
}

/** Zeros, subnormal numbers, limits, and where functions change their formula or their value. */
const edges = [
  0,
  2 ** -149,
  2 ** -148,
  2 ** -126,
  2 ** -125,
  2 ** -25,
  0.1733,
  0.5,
  0.92,
  1,
  2,
  4.2,
  10,
  2 ** 20,
  2 ** 24,
]
  .concat([88.02, 88.37, 88.72, 87.33, 103.28, 103.97, 17.33, 2 ** 23, 2 ** 127, 3.4028234663852886e38, Infinity])
  .flatMap((x) => x === 0 || x === Infinity ? [x] : around(x, 8)).flatMap((x) => [x, -x]).concat(NaN);

/** The float32 numbers nearest to multiples of pi / 2, and those that are nearer to one than all others of their size. */
const turns = Array.from({ length: 4000 }, (_, i) => (i < 2000 ? i : i * i) * Math.PI / 2)
  .concat([16_367_173 * 2 ** 72, 13_386_475 * 2 ** -16, 1.2e5, 22, 355, 103_993, 3.4e38])
  .flatMap((x) => around(x, 1)).flatMap((x) => [x, -x]);

const everywhere = (...more: readonly ArrayLike<number>[]): Float32Array =>
  Float32Array.from([edges, anyBits(15_000), spread(15_000), ...more].flatMap((x) => [...Array.from(x)]));

const sigmoid = (x: number): number => x > 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Functions, and where else than everywhere they are tried. */
const functions = {
  exp: [Math.exp, uniform(20_000, -104, 89)],
  exp2: [(x: number) => 2 ** x, uniform(20_000, -150, 129), Array.from({ length: 280 }, (_, i) => i - 150)],
  expm1: [Math.expm1, uniform(20_000, -20, 89), uniform(10_000, -1, 1)],
  log: [Math.log, uniform(20_000, 0, 3)],
  log1p: [Math.log1p, uniform(20_000, -1, 3)],
  sqrt: [Math.sqrt],
  sin: [Math.sin, uniform(20_000, -7, 7), uniform(10_000, -(2 ** 21), 2 ** 21), turns],
  cos: [Math.cos, uniform(20_000, -7, 7), uniform(10_000, -(2 ** 21), 2 ** 21), turns],
  tan: [Math.tan, uniform(20_000, -7, 7), uniform(10_000, -(2 ** 21), 2 ** 21), turns],
  asin: [Math.asin, uniform(20_000, -1, 1), around(0.83929193, 1000)],
  acos: [Math.acos, uniform(20_000, -1, 1)],
  atan: [Math.atan, uniform(20_000, -5, 5), around(1.0018535, 1000), around(0.99337912, 1000)],
  tanh: [
    Math.tanh,
    uniform(20_000, -10, 10),
    uniform(10_000, -0.3, 0.3),
    around(0.17649415, 1000),
    around(0.062318567, 1000),
    around(8.6684, 1000),
  ],
  erf: [erf, uniform(10_000, -4.5, 4.5)],
  sigmoid: [sigmoid, uniform(20_000, -104, 20), uniform(10_000, -1, 1), around(-16.637829, 1000)],
  softplus: [softplus, uniform(20_000, -104, 20), uniform(10_000, -3, 3), around(-2.7445748, 1000)],
} as const satisfies Record<string, readonly [(x: number) => number, ...ArrayLike<number>[]]>;

for (const [name, [exact, ...more]] of Object.entries(functions)) {
  Deno.test(`${name} is within two units of the last place, everywhere, with the signs of zeros`, () => {
    assertUlps(name as keyof typeof functions, [everywhere(...more)], exact, name === "sqrt" ? 0.5 : 2);
  });
}

Deno.test("sine and cosine are within 0.61 units of the last place, also of the largest angles", () => {
  for (const name of ["sin", "cos"] as const) assertUlps(name, [everywhere(turns)], Math[name], 0.61);
});

Deno.test("functions have their exact values, and those at limits and poles", () => {
  const [inf, nan] = [Infinity, NaN];
  const half = Math.fround(Math.PI / 2);
  const ln2 = Math.fround(Math.LN2);
  const known: { readonly [Name in keyof typeof functions]: readonly number[] } = {
    exp: [1, 1, inf, 0, nan],
    exp2: [1, 1, inf, 0, nan],
    expm1: [0, -0, inf, -1, nan],
    log: [-inf, -inf, inf, nan, nan],
    log1p: [0, -0, inf, nan, nan],
    sqrt: [0, -0, inf, nan, nan],
    sin: [0, -0, nan, nan, nan],
    cos: [1, 1, nan, nan, nan],
    tan: [0, -0, nan, nan, nan],
    asin: [0, -0, nan, nan, nan],
    acos: [half, half, nan, nan, nan],
    atan: [0, -0, half, -half, nan],
    tanh: [0, -0, 1, -1, nan],
    erf: [0, -0, 1, -1, nan],
    sigmoid: [0.5, 0.5, 1, 0, nan],
    softplus: [ln2, ln2, inf, 0, nan],
  };
  const on = (name: keyof typeof functions, ...numbers: number[]): number[] =>
    [
      ...vectorised(name, "float32", ["float32"])(
        Float32Array.from([...numbers, ...Array(8 - numbers.length).fill(0.5)]),
      ),
    ].slice(0, numbers.length);
  for (const [name, values] of Object.entries(known) as [keyof typeof functions, readonly number[]][]) {
    equal(on(name, 0, -0, inf, -inf, nan), values, name);
  }
  equal(on("log", 1, -1, 2 ** -149), [0, nan, Math.fround(Math.log(2 ** -149))]);
  equal(on("log1p", -1, -1.5), [-inf, nan]);
  equal(on("acos", 1, 1.0000001, -1.0000001), [0, nan, nan]);
  equal(on("asin", 1, -1, 1.0000001), [half, -half, nan]);
});

Deno.test("an odd function turns its sign with that of its argument, bit for bit", () => {
  const numbers = everywhere();
  for (const name of ["sin", "tan", "asin", "atan", "tanh", "erf"] as const) {
    const run = vectorised(name, "float32", ["float32"]);
    const part = numbers.subarray(0, 16_384);
    const there = run(part).slice();
    equal(run(part.map((x) => -x)).map((x) => -x), there, name);
  }
});

Deno.test("a lane's result does not depend on the other lanes", () => {
  const numbers = Float32Array.from([
    1,
    3e38,
    -1e-41,
    NaN,
    1e7,
    -3,
    0,
    1e-30,
    1e9,
    0.5,
    50,
    -Infinity,
    -100,
    4,
    1.5,
    2,
  ]);
  const apart = (x: Float32Array): Float32Array => x.map((_, i) => x[(i * 5) % 16]!);
  for (const name of [...Object.keys(functions) as (keyof typeof functions)[], "pow" as const]) {
    const args = name === "pow" ? [numbers, numbers.map((_, i) => i - 7.5 * (i % 3))] : [numbers];
    const run = vectorised(name, "float32", args.map(() => "float32"));
    const together = run(...args).slice() as Float32Array;
    equal(run(...args.map(apart)), apart(together), name);
  }
});

Deno.test("pow is C's: within 0.6 units of the last place, with its signs, poles and ones", () => {
  const exact = (a: number, b: number): number =>
    a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b);
  const special = [
    0,
    2 ** -149,
    1e-40,
    0.5,
    0.99999994,
    1,
    1.0000001,
    2,
    3,
    4.5,
    7,
    1e9,
    16777215,
    16777216,
    2e38,
    Infinity,
  ]
    .flatMap((x) => [x, -x]).concat(NaN);
  const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
  for (let i = 0; i < 40_000; i++) {
    const base = random.uniform(1, 2) * 2 ** random.integer(-149, 127);
    const top = 130 / Math.max(0.01, Math.abs(Math.log2(base)));
    if (i % 3 === 0) pairs.push([base * random.pick([1, -1]), random.integer(-9, 9)]);
    else if (i % 3 === 1) pairs.push([base, random.uniform(-top, top)]);
    else pairs.push([random.uniform(0, 4), random.uniform(-80, 80)]);
  }
  const column = (i: 0 | 1): Float32Array => Float32Array.from(pairs, (pair) => pair[i]);
  assertUlps("pow", [column(0), column(1)], exact, 0.6);
});

Deno.test("the plain operations on float32 are those of float64, rounded", () => {
  const [a, b] = [everywhere().subarray(0, 16_384), everywhere().subarray(0, 16_384).reverse()];
  const nearest = (x: number): number => {
    const low = Math.floor(x);
    const whole = x - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(x);
    return x < 0 ? -Math.abs(whole) : whole;
  };
  const unary = { neg: (x: number) => -x, abs: Math.abs, floor: Math.floor, ceil: Math.ceil, round: nearest };
  const binary = {
    add: (x: number, y: number) => x + y,
    sub: (x: number, y: number) => x - y,
    mul: (x: number, y: number) => x * y,
    div: (x: number, y: number) => x / y,
  };
  for (const [name, exact] of Object.entries(unary)) assertUlps(name as keyof typeof unary, [a], exact, 0.5);
  for (const [name, exact] of Object.entries(binary)) assertUlps(name as keyof typeof binary, [a, b], exact, 0.5);
});

/** The results of an operation over float32, int32, uint32 or masks. */
const run = (name: Parameters<typeof vectorised>[0], dtype: DType, argTypes: readonly DType[], ...args: Numbers[]) =>
  vectorised(name, dtype, argTypes)(...args);

const plain = (x: Numbers): number[] => Array.from(x, (n) => n + 0); // -0 is 0

Deno.test("sign, relu, maximum and minimum let NaN through", () => {
  const [inf, nan] = [Infinity, NaN];
  const [a, b] = [[nan, 1, 2, nan, -0, inf, -inf, 1e-45], [1, nan, 3, nan, 0, -inf, -5, -1e-45]].map((x) =>
    Float32Array.from(x)
  ) as [Float32Array, Float32Array];
  const on = (name: "sign" | "relu" | "maximum" | "minimum", ...args: Float32Array[]): number[] =>
    plain(run(name, "float32", args.map(() => "float32"), ...args));
  equal(on("sign", a), [nan, 1, 1, nan, 0, 1, -1, 1]);
  equal(on("sign", b), [1, nan, 1, nan, 0, -1, -1, -1]);
  equal(on("relu", b), [1, nan, 3, nan, 0, 0, 0, 0]);
  equal(on("maximum", a, b), [nan, nan, 3, nan, 0, inf, -5, Math.fround(1e-45)]);
  equal(on("minimum", a, b), [nan, nan, 2, nan, 0, -inf, -inf, -Math.fround(1e-45)]);
});

const ints = Int32Array.from(
  [0, 1, -1, 2, -2, 7, -7, 2 ** 31 - 1, -(2 ** 31), 2 ** 30 + 1].concat(random.integers(6, -(2 ** 31), 2 ** 31 - 1)),
);
const lefts = Int32Array.from({ length: 256 }, (_, i) => ints[i >> 4]!);
const rights = Int32Array.from({ length: 256 }, (_, i) => ints[i & 15]!);

Deno.test("whole numbers wrap; a quotient is truncated, and 0 where the divisor is", () => {
  const binary = {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: Math.imul,
    div: (a, b) => b === 0 ? 0 : a / b,
    maximum: Math.max,
    minimum: Math.min,
  } satisfies Record<string, (a: number, b: number) => number>;
  for (const [name, exact] of Object.entries(binary)) {
    const found = run(name as keyof typeof binary, "int32", ["int32", "int32"], lefts, rights);
    equal(found, lefts.map((a, i) => exact(a, rights[i]!)), name);
  }
  const unary = { neg: (x) => -x, abs: Math.abs, sign: Math.sign } satisfies Record<string, (x: number) => number>;
  for (const [name, exact] of Object.entries(unary)) {
    equal(run(name as keyof typeof unary, "int32", ["int32"], ints), ints.map(exact), name);
  }
});

Deno.test("bits are combined and shifted as JavaScript does, by the same places in all lanes or by others", () => {
  const [a, b] = [new Uint32Array(lefts.buffer), new Uint32Array(rights.buffer)];
  const binary = {
    bitAnd: (a, b) => a & b,
    bitOr: (a, b) => a | b,
    bitXor: (a, b) => a ^ b,
    shiftLeft: (a, b) => a << b,
    shiftRight: (a, b) => a >>> b,
  } satisfies Record<string, (a: number, b: number) => number>;
  for (const places of [b, b.map((_, i) => i % 32), b.map((_, i) => (i >> 2) % 32)]) {
    for (const [name, exact] of Object.entries(binary)) {
      const found = run(name as keyof typeof binary, "uint32", ["uint32", "uint32"], a, places);
      equal(found, a.map((x, i) => exact(x, places[i]!)), name);
    }
  }
});

Deno.test("comparisons give masks, which select, and nothing compares with NaN", () => {
  const numbers = [0, -0, 1, NaN, Infinity, -Infinity, -1, 1e-45];
  const [a, b] = [
    Float32Array.from({ length: 64 }, (_, i) => numbers[i >> 3]!),
    Float32Array.from({ length: 64 }, (_, i) => numbers[i & 7]!),
  ];
  const mask = (holds: (a: number, b: number) => boolean, a: Numbers, b: Numbers): Int32Array =>
    Int32Array.from(a, (x, i) => holds(x, b[i]!) ? -1 : 0);
  const compare = {
    less: (a, b) => a < b,
    lessEqual: (a, b) => a <= b,
    equal: (a, b) => a === b,
  } satisfies Record<string, (a: number, b: number) => boolean>;
  for (const [name, holds] of Object.entries(compare)) {
    const on = (dtype: DType, a: Numbers, b: Numbers) =>
      equal(run(name as keyof typeof compare, "bool", [dtype, dtype], a, b), mask(holds, a, b), `${name} of ${dtype}`);
    on("float32", a, b);
    on("int32", lefts, rights);
  }
  equal(run("isNaN", "bool", ["float32"], a), mask(Number.isNaN, a, a));
  const inside = (x: number, n: number): boolean => x >= 0 && x < n;
  equal(run("inside", "bool", ["int32", "int32"], lefts, rights), mask(inside, lefts, rights));
  const [yes, no] = [Int32Array.of(-1, -1, 0, 0), Int32Array.of(-1, 0, -1, 0)];
  equal([...run("equal", "bool", ["bool", "bool"], yes, no)], [-1, 0, 0, -1]);
  equal([...run("and", "bool", ["bool", "bool"], yes, no)], [-1, 0, 0, 0]);
  equal([...run("or", "bool", ["bool", "bool"], yes, no)], [-1, -1, -1, 0]);
  equal([...run("not", "bool", ["bool"], yes)], [0, 0, -1, -1]);
  const chosen = run("where", "float32", ["bool", "float32", "float32"], no, a.subarray(16, 20), a.subarray(24, 28));
  equal([...chosen], [1, NaN, 1, NaN]);
});

Deno.test("casts truncate, are held to the range of whole numbers, and NaN is 0, and true", () => {
  const x = Float32Array.of(1.9, -1.9, 3e9, -3e9, 5e9, Infinity, -Infinity, NaN, 0, -0, 1e-45, 2147483520);
  const on = (from: DType, to: DType, numbers: Numbers): number[] => plain(run("cast", to, [from], numbers));
  const most = 2 ** 31 - 128;
  const top = 2 ** 32 - 256;
  equal(on("float32", "int32", x), [1, -1, most, -(2 ** 31), most, most, -(2 ** 31), 0, 0, 0, 0, most]);
  equal(on("float32", "uint32", x), [1, 0, 3e9, 0, top, top, 0, 0, 0, 0, 0, most]);
  equal(on("float32", "bool", x), [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, -1, -1]);
  equal(on("int32", "float32", ints), [...Float32Array.from(ints)]);
  equal(on("int32", "uint32", ints), [...new Uint32Array(ints)]);
  equal(on("int32", "bool", ints), [...ints].map((n) => n === 0 ? 0 : -1));
  const unsigned = new Uint32Array(ints);
  equal(on("uint32", "float32", unsigned), [...Float32Array.from(unsigned)]);
  equal(on("uint32", "int32", unsigned), [...ints]);
  const mask = Int32Array.of(-1, 0, 0, -1);
  for (const dtype of ["float32", "int32", "uint32"] as const) equal(on("bool", dtype, mask), [1, 0, 0, 1], dtype);
  for (const dtype of ["float32", "int32", "uint32", "bool"] as const) {
    const numbers = { float32: x.subarray(0, 4), int32: ints, uint32: unsigned, bool: mask }[dtype];
    equal(on(dtype, dtype, numbers), [...numbers], dtype);
  }
});

Deno.test("threefry gives the words of graph/threefry.ts", () => {
  const key = [0x13198a2e, 0xa4093822] as const;
  const filled = (value: number): Uint32Array => new Uint32Array(64).fill(value);
  const [blocks, words] = [
    Int32Array.from({ length: 64 }, (_, i) => i >> 1),
    Int32Array.from(filled(0), (_, i) => i & 1),
  ];
  const threefry = vectorised("threefry", "uint32", ["uint32", "uint32", "int32", "int32"]);
  equal(threefry(filled(key[0]), filled(key[1]), blocks, words), randomBits(key, 64));
  const far = Int32Array.from({ length: 64 }, (_, i) => i * 2 ** 26);
  const found = threefry(filled(0), filled(2 ** 32 - 1), far, words);
  equal([...found], [...far].map((block, i) => threefry2x32(0, 2 ** 32 - 1, block, 0)[i & 1]));
});

Deno.test("units of the last place are counted from the exact number, and know signs of zeros", () => {
  equal(ulps(1, 1 + 2 ** -24), 0);
  equal(ulps(1 + 2 ** -23, 1), 1);
  equal(ulps(2 ** -149, 0), 1);
  equal([ulps(0, -0), ulps(NaN, 1), ulps(1, NaN), ulps(NaN, NaN)], [Infinity, Infinity, Infinity, 0]);
  ok(ulps(Infinity, 3.4028234663852886e38) === 1);
});

Deno.test("an operation that the table has not is refused by name", () => {
  throws(
    () => emitCall(new Code(["v128"], ["v128"]), "matmul", "float32", [0], ["float32"], () => 0),
    { message: "The WebAssembly engine does not know the operation matmul." },
  );
});
