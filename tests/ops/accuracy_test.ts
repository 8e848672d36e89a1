/** Functions where float32 is hard: large angles, results next to the largest number, signed zeros. Against float64. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { tensor } from "../../mod.ts";
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
  const { grad } = await import("../../mod.ts");
  const x = tensor([1e6, -3e9, 1e10]);
  equal(await grad((y) => y.sin().sum())(x).toList(), await x.cos().toList());
});
