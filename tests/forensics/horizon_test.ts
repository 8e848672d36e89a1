/** The gradient over a horizon: its norms are those of the chain rule, and what is said of them is so. */

import assert from "node:assert/strict";
import { gradientOverTime, HorizonReport, scan, type Tensor, tensor, zeros } from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

/** A state that is multiplied in each of `steps` steps and pushed after it: the last one, and the pushes. */
function chain(factor: number, steps: number, start: readonly number[] = [1]): { last: Tensor; pushes: Tensor } {
  const pushes = zeros([steps, start.length]);
  const [last] = scan((x: Tensor, push: Tensor) => [x.mul(factor).add(push), []], tensor([...start]), pushes);
  return { last, pushes };
}

onEachEngine("norms over a horizon are the powers of the chain rule, and their growth is the factor", async () => {
  for (const factor of [1.5, 1, 0.5]) {
    const { last, pushes } = chain(factor, 40, [1, 2]);
    const { norms, growth } = await gradientOverTime(last.sum(), pushes);
    assert.equal(norms.length, 40);
    // Two cars, a gradient of factor ** (steps after it) each.
    norms.forEach((x, t) =>
      assert.ok(Math.abs(x / (Math.SQRT2 * factor ** (39 - t)) - 1) < 1e-5, `${factor}, ${t}: ${x}`)
    );
    assert.ok(Math.abs(growth - factor) < 1e-5, `${growth}`);
  }
});

onEngine(
  "cpu",
  "a gradient that explodes, vanishes, is steady, 0 or not finite is said to be so, from which step on",
  async () => {
    const told = async (factor: number, bound = 100) => {
      const { last, pushes } = chain(factor, 40);
      const report = await gradientOverTime(last.sum(), pushes, { bound });
      return [report.verdict, report.at, String(report)];
    };
    // The median is that of 20 steps before the last; 1.5 ** 12 > 100 > 1.5 ** 11.
    assert.deepEqual(await told(1.5), [
      "explodes",
      7,
      "the gradient explodes over the horizon: it grows by a factor of 1.500 a step on its way back, and from step 7 of 0 to 39 " +
      "back it is more than 100 times its median, 3.33e+3.",
    ]);
    assert.deepEqual((await told(1.5, 1e4)).slice(0, 2), ["steady", null]);
    assert.deepEqual(await told(0.5), [
      "vanishes",
      13,
      "the gradient vanishes over the horizon: it changes by a factor of 0.5000 a step on its way back, and from step 13 of 0 to " +
      "39 back it is less than a 100th of its median, 0.00000191.",
    ]);
    assert.deepEqual(await told(1.05), [
      "steady",
      null,
      "the gradient is steady over the 40 steps of the horizon: it changes by a factor of 1.050 a step on its way back, and is 2.65 " +
      "in the middle.",
    ]);
    // 40 ** 24 is the last that float32 holds.
    assert.deepEqual(await told(40), [
      "not finite",
      14,
      "the gradient is not finite from step 14 of 0 to 39 back; until there it changes by a factor of 40.00 a step on its way back.",
    ]);
    const { last, pushes } = chain(1, 5);
    assert.equal(
      String(await gradientOverTime(last.sum().mul(0), pushes)),
      "the gradient is 0 at all 5 steps of the horizon.",
    );
  },
);

onEngine(
  "cpu",
  "what settles has a large gradient at first, and is not said to explode; what runs away is",
  async () => {
    const told = async (factor: number) => {
      const pushes = zeros([24, 1]);
      const [, losses] = scan(
        (x: Tensor, push: Tensor) => {
          const next = x.mul(factor).add(push);
          return [next, next.square().sum()];
        },
        tensor([1]),
        pushes,
      );
      return await gradientOverTime(losses, pushes);
    };
    const settled = await told(0.5);
    assert.deepEqual([settled.verdict, settled.at, settled.norms[0]! > 1e6 * settled.norms[23]!], [
      "settles",
      null,
      true,
    ]);
    assert.equal(
      String(settled),
      "the gradient settles over the horizon: it falls by a factor of 2.000 a step, as what later steps lose does; the gradient of " +
        "that does not grow on its way back.",
    );
    const runaway = await told(1.8);
    assert.equal(runaway.verdict, "explodes");
    assert.ok(Math.abs(runaway.growth - 1.8) < 1e-4, `${runaway.growth}`);
  },
);

Deno.test("one hard step, and the polynomial growth of what is integrated, are no explosions", () => {
  const steps = Array.from({ length: 50 }, (_, t) => t);
  assert.equal(new HorizonReport(steps.map((t) => t === 20 ? 1e6 : 1)).verdict, "steady");
  assert.equal(new HorizonReport(steps.map((t) => t === 0 ? 1e6 : 1)).verdict, "steady");
  assert.equal(new HorizonReport(steps.map((t) => (50 - t) ** 4)).verdict, "steady");
  assert.equal(new HorizonReport(steps.map((t) => 1.4 ** -t)).verdict, "explodes");
});

Deno.test("four steps are enough to tell an explosion, and that one hard step is none", () => {
  const { verdict, at, growth } = new HorizonReport([8e6, 4e4, 200, 1]);
  assert.deepEqual([verdict, at, growth.toFixed(6)], ["explodes", 0, "200.000000"]);
  for (const hard of [0, 1, 2, 3]) {
    assert.equal(new HorizonReport([0, 1, 2, 3].map((t) => t === hard ? 1e6 : 1)).verdict, "steady");
  }
  assert.equal(new HorizonReport([1e6, 1, 1]).verdict, "steady");
});

onEngine(
  "cpu",
  "the tensors of a loop are inputs as a sequence is, and a norm neither overflows nor vanishes",
  async () => {
    const inputs = Array.from({ length: 6 }, () => tensor([3e-30, 4e-30]));
    const last = inputs.reduce((x, u) => x.mul(2).add(u), tensor([0, 0]));
    const { norms } = await gradientOverTime(last.mul(tensor([3e-30, 4e-30])).sum(), inputs);
    norms.forEach((x, t) => assert.ok(Math.abs(x / (5e-30 * 2 ** (5 - t)) - 1) < 1e-6, `${t}: ${x}`));
  },
);

onEngine(
  "cpu",
  "a horizon of no steps, a bound that is none, and inputs that the loss does not know are refused",
  async () => {
    const x = tensor([1, 2]);
    const refused = (make: () => Promise<unknown>, message: string | RegExp) => assert.rejects(make, { message });
    await refused(
      () => gradientOverTime(x.sum(), zeros([0, 1])),
      "gradientOverTime() needs what entered at each step, [time, ..] or a list of tensors; this horizon has no steps.",
    );
    await refused(() => gradientOverTime(x.sum(), []), /this horizon has no steps\.$/);
    await refused(() => gradientOverTime(x.sum(), tensor(1)), /this horizon has no steps\.$/);
    await refused(
      () => gradientOverTime(x.sum(), x, { bound: 1 }),
      "the bound of gradientOverTime() is a factor above 1, not 1.",
    );
    await refused(
      () => gradientOverTime(x.sum(), zeros([3])),
      /^error\[G101\]: gradient cut: the result does not depend on/,
    );
    await refused(
      () => gradientOverTime(zeros([3, 1]), x),
      "gradientOverTime() takes what each step loses, float32 [time], or a scalar, what is lost at the end, not float32 [3, 1].",
    );
  },
);
