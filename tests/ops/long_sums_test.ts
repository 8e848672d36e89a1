/**
 * Sums of many numbers keep float32's accuracy on both engines. One number over and over is the hardest case: added one after
 * another, each is rounded in the same direction.
 */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { compile, RunningScale, type Tensor, tensor, Variable } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const millionth = 1e-6;

/** Throws unless every number of `x` is within a millionth of `right`. */
async function assertRight(what: string, x: Tensor, right: number): Promise<void> {
  for (const number of await x.data()) {
    ok(Math.abs(number / right - 1) < millionth, `${what}: ${number}, right is ${right}`);
  }
}

function constant(value: number, ...shape: number[]): Tensor {
  return tensor(new Float32Array(shape.reduce((n, m) => n * m, 1)).fill(value), { shape });
}

onEachEngine("the sum and mean of ten million equal numbers are right to a millionth", async () => {
  const n = 1e7;
  const x = constant(0.1, n);
  const value = Math.fround(0.1);
  await assertRight("sum", x.sum(), value * n);
  await assertRight("mean", x.mean(), value);
  await assertRight("rows", x.reshape(10, n / 10).sum(1), value * n / 10);
  await assertRight("columns", x.reshape(n / 10, 10).sum(0), value * n / 10);
  await assertRight("between", x.reshape(5, n / 20, 4).mean(1), value);
});

onEachEngine("running sums of a million equal numbers are right to a millionth, in both directions", async () => {
  const [n, value] = [1e6, Math.fround(0.1)];
  const x = constant(0.1, n);
  await assertRight("from the start", x.cumsum(0).select(0, -1), value * n);
  await assertRight("from the end", x.cumsum(0, true).select(0, 0), value * n);
  await assertRight("in the middle", x.cumsum(0).select(0, 299_999), value * 300_000);
  await assertRight("along columns", x.reshape(n / 4, 4).cumsum(0).select(0, -1), value * n / 4);
  await assertRight("along rows", x.reshape(4, n / 4).cumsum(1).select(1, -1), value * n / 4);
});

// Sizes that cut evenly, badly, and (a prime) not at all.
for (const n of [1025, 4096, 5000, 65_536, 99_991, 180_000, 238_328]) {
  onEachEngine(`reductions of ${n} terms agree with float64 over every kind of axes`, async () => {
    for (const value of [-0.01, 0.37, 1 / 3]) {
      const [row, column] = [constant(value, 3, n), constant(value, n, 2)];
      const exact = Math.fround(value);
      await assertRight("sum(1)", row.sum(1), exact * n);
      await assertRight("sum(0)", column.sum(0), exact * n);
      await assertRight("sum of all", row.sum(), exact * 3 * n);
      await assertRight("outer axes", column.reshape(n, 1, 2).expand(n, 3, 2).sum([0, 2]), exact * 2 * n);
      await assertRight("squares", row.square().sum(1), exact ** 2 * n);
      await assertRight("squares of columns", column.square().sum(0), exact ** 2 * n);
      await assertRight("absolute values", row.abs().mean(1), Math.abs(exact));
      await assertRight("norm", row.norm(-1), Math.abs(exact) * Math.sqrt(n));
      await assertRight("inner product", row.select(0, 0).matmul(row.select(0, 1)), exact ** 2 * n);
      await assertRight("cumsum", row.cumsum(1).select(1, -1), exact * n);
    }
  });
}

onEachEngine("the variance of a million numbers far from 0 is right", async () => {
  const x = tensor(Float32Array.from({ length: 1e6 }, (_, i) => 4 + (i % 2)));
  await assertRight("variance", x.variance(0, { correction: 0 }), 0.25);
  await assertRight("std", x.std(), 0.5);
});

onEachEngine("running statistics of large batches are right", async () => {
  const scale = new RunningScale([2]);
  const batch = tensor(Float32Array.from({ length: 1e6 }, (_, i) => 0.1 + 0.2 * (Math.floor(i / 2) % 2)), {
    shape: [5e5, 2],
  });
  const add = compile((x) => scale.add(x), { state: scale });
  await add(batch);
  await assertRight("mean", scale.mean, 0.2);
  await assertRight("variance", scale.variance, 0.01);
});

onEachEngine("the gradient of a long sum, and a sum in a compiled step with state, are right", async () => {
  const x = new Variable(constant(0.1, 2, 50_000), "x");
  const step = compile(() => {
    x.assign(x.mul(2));
    return { total: x.sum(), rows: x.sum(1) };
  }, { state: x });
  for (const times of [2, 4]) {
    const { total, rows } = await step();
    await assertRight("total", total, Math.fround(0.1) * 100_000 * times);
    await assertRight("rows", rows, Math.fround(0.1) * 50_000 * times);
  }
});

onEachEngine("long sums hold infinities and NaN where they belong", async () => {
  const numbers = new Float32Array(5000).fill(1);
  numbers[2500] = Infinity;
  const x = tensor(numbers);
  equal(await x.sum().item(), Infinity);
  const sums = await x.cumsum(0).data();
  equal([sums[2499], sums[2500], sums[4999]], [2500, Infinity, Infinity]);
  numbers[2500] = NaN;
  const running = await tensor(numbers).cumsum(0, true).data();
  equal([running[0], running[2500], running[2501]], [NaN, NaN, 2499]);
});
