/** trpoStep(): the step against float64, what it promises of any batch, and what it refuses. */

import assert from "node:assert/strict";
import {
  CategoricalPolicy,
  ClippedGaussianPolicy,
  compile,
  FlatVector,
  GaussianPolicy,
  HostRandom,
  Normal,
  Parameter,
  ParameterGroup,
  type Policy,
  stopGradient,
  type Tensor,
  tensor,
  trpoStep,
  type TrustRegionOptions,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { type Batch, dot, hessian, type Reading, ReferencePolicy, referenceStep, slope } from "./trpo_reference.ts";

const [features, hidden, actions] = [2, 4, 2];
const kinds = { tanh: GaussianPolicy, clipped: ClippedGaussianPolicy, categorical: CategoricalPolicy } as const;

interface Setting {
  readonly policy: Policy;
  readonly group: ParameterGroup<"policy">;
  readonly reference: ReferencePolicy;
  readonly batch: Batch;
}

/** A policy of one agent, and a batch of `rows` rows that it has acted on: choices are drawn at some distance from its means. */
function settingOf(reading: Reading, rows: number, seed = 0): Setting {
  const random = new HostRandom(seed);
  const sizes = { agents: 1, observationSize: features, actionSize: actions, hiddenSize: hidden };
  const policy = new kinds[reading](sizes, random);
  const group = new ParameterGroup("policy", policy.parameters());
  const outputs = reading === "tanh" ? 2 * actions : actions;
  const draw = (n: number, low: number, high: number): number[] => [...random.uniform(n, low, high)];
  const list = (n: number, make: () => number[]): number[][] => Array.from({ length: n }, make);
  const discrete = (): number[] => [Math.floor(draw(1, 0, actions)[0]!)];
  const batch = {
    observation: list(rows, () => draw(features, -1, 1).map(Math.fround)),
    choice: list(rows, () => reading === "categorical" ? discrete() : draw(actions, -1.5, 1.5).map(Math.fround)),
    advantage: draw(rows, -1, 1).map(Math.fround),
  };
  return { policy, group, reference: new ReferencePolicy([features, hidden, hidden, outputs], reading), batch };
}

type Given = { observation: Tensor; choice: Tensor; advantage: Tensor };

function given({ observation, choice, advantage }: Batch): Given {
  const rows = observation.length;
  return {
    observation: tensor(observation.flat(), { shape: [rows, 1, features] }),
    choice: tensor(choice.flat(), { shape: [rows, 1, choice[0]!.length] }),
    advantage: tensor(advantage, { shape: [rows, 1] }),
  };
}

/** What the step needs of a policy and a batch. */
function region(policy: Policy, { observation, choice, advantage }: Given) {
  const before = Object.fromEntries(
    Object.entries(policy.output(observation)).map((
      [name, x],
    ) => [name, stopGradient(x, "the policy before the step")]),
  );
  const logProb = policy.logProb(before, choice);
  const ratio = (): Tensor => policy.logProb(policy.output(observation), choice).sub(logProb).exp();
  return {
    surrogate: () => ratio().mul(advantage).mean(),
    kl: () => policy.kl(before, policy.output(observation)).mean(),
  };
}

function compiledStep({ policy, group }: Setting, options: TrustRegionOptions) {
  return compile((batch: Given) => trpoStep(group, region(policy, batch), options), { state: [policy, group] });
}

const numbers = async (x: Tensor): Promise<number[]> => [...await x.data()];
const one = async (x: Tensor): Promise<number> => Number(await x.item());

function closeTo(found: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  const size = Math.sqrt(dot(expected, expected));
  const off = found.map((x, i) => x - expected[i]!);
  assert.ok(Math.sqrt(dot(off, off)) <= tolerance * size, `${what} is off by ${Math.sqrt(dot(off, off))} of ${size}`);
}

const settled = {
  targetKl: 0.01,
  cgMaxSteps: 10,
  cgDamping: 0.1,
  lineSearchShrinkingFactor: 0.8,
  lineSearchMaxIter: 10,
};

for (const reading of ["tanh", "clipped", "categorical"] as const) {
  onEachEngine(`a step of a ${reading} policy is that of TRPO in float64`, async () => {
    const setting = settingOf(reading, 24);
    const { group, reference, batch } = setting;
    const before = await numbers(group.vector);
    const { accepted, kl, improvement, share, length, residual, gradient } = await compiledStep(setting, settled)(
      given(batch),
    );
    const after = await numbers(group.vector);
    const expected = referenceStep(reference, before, batch, settled);
    closeTo(await numbers(gradient), slope((x) => reference.surrogate(before, x, batch), before), 1e-4, "the gradient");
    closeTo(
      after.map((x, i) => x - before[i]!),
      expected.after.map((x, i) => x - before[i]!),
      2e-3,
      "the step",
    );
    assert.equal(await one(accepted), 1);
    assert.ok(Math.abs(await one(share) - expected.share) < 1e-6);
    assert.ok(Math.abs(await one(residual) - expected.residual) < 2e-3, `${await one(residual)} ${expected.residual}`);
    const [moved, gain] = [
      reference.kl(before, after, batch),
      reference.surrogate(before, after, batch) - reference.surrogate(before, before, batch),
    ];
    assert.ok(moved < settled.targetKl && gain >= 0, `KL ${moved}, gain ${gain}`);
    assert.ok(Math.abs(await one(kl) - moved) < 1e-6, `${await one(kl)} for ${moved}`);
    assert.ok(Math.abs(await one(improvement) - gain) < 1e-5, `${await one(improvement)} for ${gain}`);
    closeTo(
      [await one(length)],
      [Math.sqrt(dot(after, after) - 2 * dot(after, before) + dot(before, before))],
      1e-3,
      "",
    );
  });

  onEachEngine(`Fisher's matrix of a ${reading} policy is the differences of the gradient of its KL`, async () => {
    const { policy, group, reference, batch } = settingOf(reading, 12, 1);
    const before = await numbers(group.vector);
    const matrix = hessian((x) => reference.kl(before, x, batch), before);
    const along = [...new HostRandom(2).uniform(before.length, -1, 1)];
    const products = compile((batch: Given, v: Tensor) => {
      const said = policy.output(batch.observation);
      const [names, outputs] = [Object.keys(said), Object.values(said)];
      const before = Object.fromEntries(names.map((name, i) => [name, stopGradient(outputs[i]!, "before")]));
      const loss = (now: readonly Tensor[]): Tensor => {
        return policy.kl(before, Object.fromEntries(names.map((name, i) => [name, now[i]!]))).mean();
      };
      const along = new FlatVector("policy", v);
      return [group.hessian(loss(outputs))(along).tensor, group.gaussNewton(outputs, loss)(along).tensor];
    }, { state: [policy, group] });
    const expected = matrix.map((row) => dot(row, along));
    for (const product of await products(given(batch), tensor(along)) as Tensor[]) {
      closeTo(await numbers(product), expected, 1e-4, "the product");
    }
  });
}

onEachEngine("what Fisher's matrix is taken of may be a part; the KL that decides is that of the whole", async () => {
  const setting = settingOf("tanh", 40);
  const { policy, group, reference, batch } = setting;
  const before = await numbers(group.vector);
  // A part in which less is seen makes a step that is too long for the whole.
  const step = compile((all: Given) => {
    const part = { ...all, observation: all.observation.mul(0.5) };
    const fisher = group.hessian(region(policy, part).kl());
    return trpoStep(group, { ...region(policy, all), fisher }, { ...settled, cgDamping: 1e-3 });
  }, { state: [policy, group] });
  const { accepted, share, kl } = await step(given(batch));
  assert.deepEqual([await one(accepted), await one(share) < 1], [1, true]);
  const moved = reference.kl(before, await numbers(group.vector), batch);
  assert.ok(moved < settled.targetKl && Math.abs(moved - await one(kl)) < 1e-6, `KL ${moved}`);
});

/** Batches that bring numbers to their limits; `spread` is added to the log-deviations. */
const hostile: Readonly<Record<string, (batch: Batch, random: HostRandom) => Batch>> = {
  "advantages of up to 1e18": (x) => ({ ...x, advantage: x.advantage.map((a) => a * 1e18) }),
  "one huge advantage": (x) => ({ ...x, advantage: x.advantage.map((a, i) => i === 3 ? 1e12 : a) }),
  "advantages of 1e-30": (x) => ({ ...x, advantage: x.advantage.map((a) => a * 1e-30) }),
  "equal advantages": (x) => ({ ...x, advantage: x.advantage.map(() => 1) }),
  "advantages of 0": (x) => ({ ...x, advantage: x.advantage.map(() => 0) }),
  "choices far from the means": (x) => ({ ...x, choice: x.choice.map((c) => c.map((u) => u * 8)) }),
  "observations that are large": (x) => ({ ...x, observation: x.observation.map((o) => o.map((u) => u * 1e3)) }),
  "observations that are equal": (x) => ({ ...x, observation: x.observation.map(() => [0.5, 0.5]) }),
};

for (const [what, change] of Object.entries(hostile)) {
  onEachEngine(
    `${what}: no step leaves the trust region, none is NaN, none that is refused changes a bit`,
    async () => {
      for (const seed of [0, 1, 2]) {
        const setting = settingOf("clipped", 24, seed);
        const { group, reference } = setting;
        // As a policy is after much training: deviations of 1, a tenth, and a ten-thousandth.
        const deviations = await numbers(group.vector);
        deviations.fill([0, -2.3, -9.2][seed]!, -actions);
        group.assign(new FlatVector("policy", tensor(deviations)));
        const random = new HostRandom(seed);
        const step = compiledStep(setting, settled);
        for (let i = 0; i < 4; i++) {
          const batch = change(settingOf("clipped", 24, 10 * seed + i).batch, random);
          const before = await numbers(group.vector);
          const { accepted, kl, improvement, length } = await step(given(batch));
          const after = await numbers(group.vector);
          const [taken, moved] = [await one(accepted), await one(kl)];
          assert.ok(after.every(Number.isFinite), "the policy is finite");
          assert.ok(moved >= -1e-6 && moved < 0.01, `KL ${moved}`);
          const exact = reference.kl(before, after, batch);
          assert.ok(exact <= 0.01 * (1 + 1e-3), `the KL is ${exact} in float64`);
          if (taken === 1) assert.ok(await one(improvement) >= 0);
          else assert.deepEqual([after, await one(improvement), await one(length)], [before, 0, 0]);
        }
        assert.equal(step.traces.length, 1);
        step.dispose();
      }
    },
  );
}

onEachEngine("one row is a batch", async () => {
  const setting = settingOf("tanh", 1);
  const { group, reference, batch } = setting;
  const before = await numbers(group.vector);
  assert.equal(await one((await compiledStep(setting, settled)(given(batch))).accepted), 1);
  assert.ok(reference.kl(before, await numbers(group.vector), batch) < 0.01);
});

onEachEngine("if every step that is tried is too long the policy stays as it is, to the last bit", async () => {
  const setting = settingOf("tanh", 24);
  const before = await numbers(setting.group.vector);
  const { policy, group } = setting;
  const step = compile((batch: Given) => {
    const { surrogate, kl } = region(policy, batch);
    // Fisher's matrix of next to nothing, and few tries.
    const fisher = (v: FlatVector<"policy">) => v.mul(1e-6);
    return trpoStep(group, { surrogate, kl, fisher }, { ...settled, cgDamping: 1e-6, lineSearchMaxIter: 3 });
  }, { state: [policy, group] });
  const { accepted, kl, improvement, share, length } = await step(given(setting.batch));
  assert.deepEqual(await Promise.all([accepted, kl, improvement, share, length].map(one)), [0, 0, 0, 0, 0]);
  assert.deepEqual(await numbers(group.vector), before);
});

onEachEngine("an advantage that is NaN is told, and changes nothing", async () => {
  const [loc, scale] = [new Parameter(tensor([0.1, 0.2]), "mean"), tensor([1, 1])];
  const group = new ParameterGroup("policy", [loc]);
  const before = await numbers(group.vector);
  const step = compile((choice: Tensor, advantage: Tensor) => {
    const old = new Normal(stopGradient(loc, "the policy before the step"), scale);
    const ratio = (): Tensor => new Normal(loc, scale).logProb(choice).sub(old.logProb(choice)).sum(-1).exp();
    const region = { surrogate: () => ratio().mul(advantage).mean(), kl: () => old.kl(new Normal(loc, scale)).sum() };
    return trpoStep(group, region, settled);
  }, { state: group });
  await assert.rejects(async () => {
    const { kl } = await step(tensor([[0.1, 0.3], [-0.2, 0.5]]), tensor([1, NaN]));
    await kl.item();
  }, /the gradient of the surrogate/);
  assert.deepEqual(await numbers(group.vector), before);
});

// The report's defects, each in a step that is otherwise sound.

const mean = () => new Parameter(tensor([0.1, 0.2]), "mean");
const ones = tensor([1, 1]);

Deno.test("a KL divergence with an entry for each action is refused: a trust region has one", () => {
  const [loc, old] = [mean(), new Normal(zeros([2]), ones)];
  const group = new ParameterGroup("policy", [loc]);
  assert.throws(
    () => trpoStep(group, { surrogate: () => loc.sum(), kl: () => old.kl(new Normal(loc, ones)) }),
    { code: "G305" },
  );
});

Deno.test("a surrogate with an entry for each row is refused", () => {
  const [loc, old] = [mean(), new Normal(zeros([2]), ones)];
  const group = new ParameterGroup("policy", [loc]);
  assert.throws(
    () => trpoStep(group, { surrogate: () => loc.mul(2), kl: () => old.kl(new Normal(loc, ones)).sum() }),
    { code: "G305" },
  );
});

Deno.test("a KL divergence between a policy and itself, neither of them data, is refused: its matrix is 0", () => {
  const loc = mean();
  const group = new ParameterGroup("policy", [loc]);
  const now = new Normal(loc, ones);
  assert.throws(() => trpoStep(group, { surrogate: () => loc.sum(), kl: () => now.kl(now).sum() }), { code: "G110" });
});

Deno.test("a surrogate that does not depend on the policy is refused: read as data, it teaches nothing", () => {
  const [loc, old] = [mean(), new Normal(zeros([2]), ones)];
  const group = new ParameterGroup("policy", [loc]);
  const surrogate = () => loc.detach("read").sum();
  assert.throws(() => trpoStep(group, { surrogate, kl: () => old.kl(new Normal(loc, ones)).sum() }), { code: "G101" });
});

Deno.test("a step of the policy's group does not fit the group of another, however many entries both have", () => {
  const [policy, value] = [new ParameterGroup("policy", [mean()]), new ParameterGroup("value", [mean()])];
  assert.throws(() => value.assign(policy.values() as FlatVector<never>), { code: "G306" });
});
