import assert from "node:assert/strict";
import { interval95, studentQuantile, summarise } from "../../lib/systems/statistics.ts";

Deno.test("studentQuantile() agrees with tables of Student's t", () => {
  // 97.5% quantiles, from SciPy: scipy.stats.t.ppf(0.975, df).
  const table: readonly (readonly [number, number])[] = [
    [1, 12.706205],
    [2, 4.302653],
    [3, 3.182446],
    [4, 2.776445],
    [5, 2.570582],
    [9, 2.262157],
    [29, 2.045230],
    [99, 1.984217],
    [1e6, 1.959966],
  ];
  for (const [freedom, expected] of table) {
    assert.ok(Math.abs(studentQuantile(freedom) / expected - 1) < 0.0025, `${freedom}: ${studentQuantile(freedom)}`);
  }
});

Deno.test("interval95() is that of Student's t test, and null for one value", () => {
  const summary = summarise([1, 2, 3, 4, 10]);
  assert.deepEqual([summary.count, summary.mean, summary.min, summary.max], [5, 4, 1, 10]);
  assert.ok(Math.abs(summary.deviation - Math.sqrt(12.5)) < 1e-12);
  const [low, high] = interval95(summary)!;
  const half = 2.776445 * Math.sqrt(12.5 / 5);
  assert.ok(Math.abs(low - (4 - half)) < 0.01 && Math.abs(high - (4 + half)) < 0.01);
  assert.equal(interval95(summarise([3])), null);
});

Deno.test("summarise() takes more values than fit on the stack", () => {
  const values = Float32Array.from({ length: 200_000 }, (_, i) => i % 5);
  const { count, mean, min, max } = summarise(values);
  assert.deepEqual([count, mean, min, max], [200_000, 2, 0, 4]);
});
