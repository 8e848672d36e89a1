/** Functions where float32 is hard: large angles, results next to the largest number, signed zeros. Against float64. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { grad, type Tensor, tensor } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { Random } from "../random.ts";

const rounding = 2 ** -24;

/** Throws unless each of `found` is within `roundings` of `exact` of the number at its place. */
function assertRoundings(
  what: string,
  numbers: Float32Array,
  found: ArrayLike<number>,
  exact: (x: number) => number,
  roundings: number,
): void {
  numbers.forEach((x, i) => {
    const right = exact(x);
    const error = Math.abs(found[i]! - right) / (rounding * Math.abs(right));
    ok(found[i] === right || error <= roundings, `${what}(${x}) is ${found[i]}, right is ${right}: ${error} roundings`);
  });
}

/** Angles of every size up to the largest number, those of the issue, and next to multiples of pi / 2. */
function angles(): Float32Array {
  const random = new Random(5);
  const spread = Array.from({ length: 400 }, (_, i) => random.uniform(1, 2) * 2 ** (i % 128) * (i % 3 === 0 ? -1 : 1));
  const quarters = Array.from({ length: 200 }, (_, i) => (i * i + 1) * Math.PI / 2);
  const hard = [1e6, 1e10, -1e10, 3.4e38, 8192, 8193, 16_367_173 * 2 ** 72, 1.2e5, 22, 355, 103_993, 0, 0.1, -0.7];
  return Float32Array.from([...spread, ...quarters, ...hard]);
}

for (const name of ["sin", "cos", "tan"] as const) {
  onEachEngine(`${name}() is right to a few roundings for angles of any size`, async () => {
    const numbers = angles();
    assertRoundings(name, numbers, await tensor(numbers)[name]().data(), Math[name], 6);
    const limits = await tensor([Infinity, -Infinity, NaN])[name]().data();
    ok(limits.every(Number.isNaN), `${limits}`);
  });
}

onEachEngine("the gradient of a sine of a large angle is its cosine", async () => {
  const x = tensor([1e6, -3e9, 1e10]);
  equal(await grad((y) => y.sin().sum())(x).toList(), await x.cos().toList());
});

onEachEngine("sinh() and cosh() are right up to the largest number, and so are their gradients", async () => {
  const up = [88.8, 89.4, 88.7, 44, 10, 1, 0.3, 1e-3, 1e-7, 0];
  const numbers = Float32Array.from([...up, ...up.map((x) => -x)]);
  const x = tensor(numbers);
  assertRoundings("sinh", numbers, await x.sinh().data(), Math.sinh, 8);
  assertRoundings("cosh", numbers, await x.cosh().data(), Math.cosh, 8);
  assertRoundings("sinh'", numbers, await grad((y) => y.sinh().sum())(x).data(), Math.cosh, 12);
  assertRoundings("cosh'", numbers, await grad((y) => y.cosh().sum())(x).data(), Math.sinh, 12);
  equal(await tensor([100, -100, Infinity, -Infinity, NaN]).sinh().toList(), [
    Infinity,
    -Infinity,
    Infinity,
    -Infinity,
    NaN,
  ]);
  equal(await tensor([100, -100, Infinity, -Infinity, NaN]).cosh().toList(), [...Array(4).fill(Infinity), NaN]);
});

onEachEngine("atan2() is that of C for zeros of both signs, infinities and NaN", async () => {
  const special = [-Infinity, -2, -1e-30, -0, 0, 1e-30, 0.5, Infinity, NaN];
  const pairs = special.flatMap((y) => special.map((x) => [y, x] as const));
  const column = (i: 0 | 1): Tensor => tensor(Float32Array.from(pairs, (pair) => pair[i]));
  const found = await column(0).atan2(column(1)).data();
  pairs.forEach(([y, x], i) => {
    const right = Math.atan2(y, x);
    // A quotient below the smallest number is 0 in float32.
    const close = Object.is(found[i], Math.fround(right)) ||
      Math.abs(found[i]! - right) <= 4 * rounding * Math.abs(right);
    const tiny = Math.abs(right) < 1e-29 && Math.abs(found[i]!) < 1e-29 &&
      Object.is(Math.sign(found[i]!), right < 0 ? -0 : 0);
    ok(close || tiny, `atan2(${y}, ${x}) is ${Object.is(found[i], -0) ? "-0" : found[i]}, right is ${right}`);
  });
});

onEachEngine("the gradient of atan2() is right on every side, and 0 at the origin", async () => {
  const [y, x] = [tensor([1, -1, 0, 2, -3, 0, 0]), tensor([2, -2, -1, 0, 0.1, 1, 0])];
  const [byY, byX] = await Promise.all([
    grad((a: Tensor) => a.atan2(x).sum())(y).data(),
    grad((b: Tensor) => y.atan2(b).sum())(x).data(),
  ]);
  const [ys, xs] = [await y.data(), await x.data()];
  ys.forEach((a, i) => {
    const size = a ** 2 + xs[i]! ** 2;
    const [right, across] = size === 0 ? [0, 0] : [xs[i]! / size, -a / size];
    ok(Math.abs(byY[i]! - right) < 1e-6, `${a}, ${xs[i]}: ${byY[i]}, right is ${right}`);
    ok(Math.abs(byX[i]! - across) < 1e-6, `${a}, ${xs[i]}: ${byX[i]}, right is ${across}`);
  });
});

onEachEngine(
  "the slope of elu() far below 0 keeps its digits, and of a power that of its exponent is PyTorch's",
  async () => {
    const far = tensor([-20, -10, -1, 0, 3]);
    const slopes = await grad((x: Tensor) => x.elu().sum())(far).data();
    [2.0611537e-9, 4.5399930e-5, 0.36787945, 1, 1].forEach((right, i) => {
      ok(Math.abs(slopes[i]! - right) <= 2e-6 * right, `${slopes[i]}, right is ${right}`);
    });
    const bases = tensor([0, 0, 0, 2, -2, -2]);
    const byExponent = await grad((y: Tensor) => bases.pow(y).sum())(tensor([0, 2, -1, 3, 2, 0.5])).data();
    [0, 0, -Infinity, 8 * Math.LN2, NaN, NaN].forEach((right, i) => {
      const found = byExponent[i]!;
      ok(Object.is(found, right) || Math.abs(found - right) < 1e-5, `${found}, right is ${right}`);
    });
  },
);

onEachEngine("a product with zero, and a quotient that is taken back, hide no NaN and no infinity", async () => {
  const numbers = [NaN, Infinity, -Infinity, 3, -2, 0, -0, 1e38];
  const x = tensor(numbers);
  const found: readonly (readonly [string, Tensor, (x: number) => number])[] = [
    ["x * 0", x.mul(0), (x) => x * 0],
    ["x * -0", x.mul(-0), (x) => x * -0],
    ["0 * x + 1", tensor(0).mul(x).add(1), (x) => 0 * x + 1],
    ["x % 0", x.remainder(0), () => NaN],
    ["leaky relu of slope 0", x.leakyRelu(0), (x) => x < 0 ? x * 0 : x],
    ["x^2 / x", x.square().div(x), (x) => Math.fround(x * x) / x],
    ["3 x / x", x.mul(3).div(x), (x) => Math.fround(3 * x) / x],
    ["(5 / x) x", tensor(5).div(x).mul(x), (x) => x === 1e38 ? 5 : 5 / x * x],
  ];
  for (const [what, tensor, right] of found) {
    const values = [...await tensor.data()];
    numbers.forEach((x, i) => {
      const wanted = Math.fround(right(x));
      const isSame = Object.is(values[i], wanted) || Math.abs(values[i]! - wanted) < 1e-6;
      ok(isSame, `${what} of ${x} is ${Object.is(values[i], -0) ? "-0" : values[i]}, right is ${wanted}`);
    });
  }
});
