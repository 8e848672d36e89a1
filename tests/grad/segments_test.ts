/** A scan in segments gives what it gives in one, and so does its gradient, for which it keeps about the root of the steps. */

import assert from "node:assert/strict";
import { gradients, scan, type ScanOptions, type Tensor, tensor, Variable } from "../../mod.ts";
import { type Node, topological } from "../../lib/graph/node.ts";
import { sizeOf } from "../../lib/graph/types.ts";
import { interpretNodes } from "../oracle.ts";
import { onEngine } from "../engines.ts";

const numbers = (length: number): number[] => Array.from({ length }, (_, t) => Math.sin(1 + t));

/** A loop that forgets nothing: its last carry, what it gave on the way, and the gradients of both by all that goes in. */
function results(length: number, options: ScanOptions): Tensor[] {
  const [start, weight, xs] = [tensor([0.3, -0.2]), tensor([0.9, 0.8]), tensor(numbers(length))] as const;
  const [last, ys] = scan(
    (x: Tensor, push: Tensor) => {
      const next = x.mul(weight).add(x.flip(0).sin().mul(0.1)).add(push.mul(0.2)).tanh();
      return [next, next.mul(push)];
    },
    start,
    xs,
    options,
  );
  const order = tensor(numbers(2 * length)).reshape(length, 2);
  const loss = last.square().sum().add(ys.mul(order).sum());
  return [last, ys, ...gradients(loss, [start, weight, xs])];
}

for (const [length, segment] of [[12, 4], [13, 4], [5, 2], [3, 1], [4, 9]] as const) {
  for (const reverse of [false, true]) {
    Deno.test(`${length} steps in segments of ${segment}${reverse ? ", backwards," : ""} give what they give in one`, () => {
      const [whole, parts] = [{ reverse }, { reverse, segment }].map((options) =>
        interpretNodes(results(length, options).map((x) => x.node))
      ) as [Float64Array[], Float64Array[]];
      whole.forEach((expected, i) =>
        expected.forEach((x, k) => assert.ok(Math.abs(parts[i]![k]! - x) < 1e-12, `${i}: ${parts[i]![k]} for ${x}`))
      );
    });
  }
}

Deno.test("a step sees the names of axes whatever the segments, and what it gives keeps its own", () => {
  const xs = tensor(numbers(42)).reshape(7, 3, 2).named("time", "env", "feature");
  const start = tensor([0, 0, 0]).named("env");
  const step = (sum: Tensor, x: Tensor): [Tensor, Tensor] => [sum.add(x.sum("feature")), x];
  const [whole, parts] = [{}, { segment: 3 }].map((options) => scan(step, start, xs, options));
  assert.deepEqual(parts!.map((x) => [x.shape, x.axes]), whole!.map((x) => [x.shape, x.axes]));
});

onEngine("cpu", "segments and what is left over of the steps stand or fall together", async () => {
  const total = new Variable(tensor([0, 0]), "total");
  const look = (table: Tensor) => (_: Tensor, index: Tensor): [Tensor, []] => {
    total.assign(total.add(table.take(index, 0)));
    return [_, []];
  };
  const indices = tensor([0, 1, 2, 0, 1, 2, 0, 1, 9, 0], { dtype: "int32" });
  scan(look(tensor([1, 2, 3])), tensor(0), indices.reshape(10, 1).expand(10, 2), { segment: 4, state: total });
  await assert.rejects(total.data(), /index 9/);
  assert.deepEqual(await total.toList(), [0, 0]);
});

onEngine("cpu", "segments are computed by the engine as by the oracle", async () => {
  const found = results(13, { segment: 4 });
  const expected = interpretNodes(found.map((x) => x.node));
  for (const [i, x] of found.entries()) {
    (await x.data()).forEach((y, k) => assert.ok(Math.abs(Number(y) - expected[i]![k]!) < 1e-5, `${i}: ${y}`));
  }
});

/** Numbers that loops hand on, those inside of loops once: what lies in memory at one time. */
function kept(outputs: readonly Node[]): number {
  const order = topological(outputs);
  const stacked = order.reduce((sum, x) => x.op === "output" ? sum + sizeOf(x.shape) : sum, 0);
  const inner = order.map((x) => x.op === "scan" ? kept(x.attrs.body.outputs) : 0);
  return stacked + Math.max(0, ...inner);
}

Deno.test("what the gradient of 100, 400, 1,600 steps keeps doubles each time, and without segments is four times as much", () => {
  const keeps = (length: number, options: ScanOptions): number => {
    const weight = tensor([0.9, 0.8]);
    const [last] = scan((x: Tensor) => [x.mul(weight).tanh(), []], tensor([1, 2]), [], { ...options, length });
    return kept(gradients(last.sum(), [weight]).map((x) => x.node));
  };
  const lengths = [100, 400, 1600];
  const roots = lengths.map((length) => keeps(length, { segment: Math.sqrt(length) }));
  const all = lengths.map((length) => keeps(length, {}));
  [0, 1].forEach((i) => {
    assert.ok(roots[i + 1]! / roots[i]! < 2.1, `${roots}`);
    assert.ok(all[i + 1]! / all[i]! > 3.8, `${all}`);
  });
  assert.ok(roots[2]! < 0.1 * all[2]!);
});

Deno.test("a segment of no steps is refused", () => {
  assert.throws(() => scan((x: Tensor) => [x, []], tensor([1]), [], { length: 4, segment: 0 }), {
    message: /scan\(\) takes a whole number of at least 1 as `options\.segment`, not the number 0\./,
  });
});
