/** Advantages and the PPO loss against PyTorch. */

import assert from "node:assert/strict";
import {
  CategoricalPolicy,
  gradients,
  HostRandom,
  type PPOLossOptions,
  rateLeft,
  type Schedule,
  TanhNormal,
  type Tensor,
  zeros,
} from "../../mod.ts";
import { generalisedAdvantages } from "../../lib/rl/gae.ts";
import { ppoLoss } from "../../lib/rl/ppo.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers, type FixtureArray, type FixtureNumber, readFixture, toTensor } from "../fixtures/pytorch.ts";

interface AdvantageRow {
  readonly gamma: number;
  readonly lmbda: number;
  readonly inputs: Readonly<Record<"reward" | "value" | "nextValue" | "done" | "terminated", FixtureArray>>;
  readonly advantage: FixtureArray;
  readonly valueTarget: FixtureArray;
}

for (const row of await readFixture<AdvantageRow>("gae")) {
  onEachEngine(
    `generalisedAdvantages(gamma ${row.gamma}, lmbda ${row.lmbda}) agrees with torchrl's formula`,
    async () => {
      const { reward, value, nextValue, done, terminated } = row.inputs;
      const [r, v, next] = [reward, value, nextValue].map((x) => toTensor(x).unsqueeze(-1)) as [Tensor, Tensor, Tensor];
      const flags = { done: toTensor(done), terminated: toTensor(terminated) };
      const found = generalisedAdvantages({ reward: r, value: v, nextValue: next, ...flags }, row.gamma, row.lmbda);
      checkNumbers(await found.advantage.data(), row.advantage.data, 1e-5, "advantage");
      checkNumbers(await found.returns.data(), row.valueTarget.data, 1e-5, "value target");
    },
  );
}

type LossInput = "loc" | "scale" | "actionBase" | "logProb" | "advantage" | "values" | "returns" | "weight";

interface LossRow {
  readonly clipEpsilon: number;
  readonly inputs: Readonly<Record<LossInput, FixtureArray>>;
  readonly outputs: Readonly<Record<"objective" | "criticLoss" | "clipFraction" | "approxKl", FixtureNumber>>;
  readonly gradients: Readonly<Record<"loc" | "scale" | "values", readonly FixtureNumber[]>>;
}

for (const row of await readFixture<LossRow>("ppo")) {
  onEachEngine(`ppoLoss() with clipEpsilon ${row.clipEpsilon} agrees with PyTorch, with its gradients`, async () => {
    const entries = Object.entries(row.inputs).map(([name, x]) => [name, toTensor(x)] as const);
    const { loc, scale, actionBase, values, ...batch } = Object.fromEntries(entries) as Record<LossInput, Tensor>;
    const policy = new TanhNormal(loc, scale);
    const options = { clipEpsilon: row.clipEpsilon, entropyEps: 0 };
    const logProb = policy.logProbOfBase(actionBase).sum(-1);
    const result = ppoLoss(batch, { logProb, entropy: zeros(logProb.shape), value: values }, options);
    for (const name of ["objective", "criticLoss", "clipFraction", "approxKl"] as const) {
      checkNumbers(await result[name].data(), [row.outputs[name]], 1e-5, name);
    }
    const found = gradients(result.loss, [loc, scale, values]);
    for (const [i, name] of (["loc", "scale", "values"] as const).entries()) {
      checkNumbers(await found[i]!.data(), row.gradients[name], 2e-5, `gradient of ${name}`);
    }
  });
}

type DiscreteInput = "logits" | "action" | "logProb" | "advantage" | "values" | "value" | "returns" | "weight";

interface DiscreteRow {
  readonly options: PPOLossOptions;
  readonly inputs: Readonly<Record<DiscreteInput, FixtureArray>>;
  readonly outputs: Readonly<Record<"loss" | "objective" | "criticLoss" | "entropy", FixtureNumber>>;
  readonly gradients: Readonly<Record<"logits" | "values", readonly FixtureNumber[]>>;
}

for (const row of await readFixture<DiscreteRow>("ppo_discrete")) {
  const title = `ppoLoss() of discrete actions with clipValue ${row.options.clipValue}`;
  onEachEngine(`${title} agrees with PyTorch, with its gradients`, async () => {
    const entries = Object.entries(row.inputs).map(([name, x]) => [name, toTensor(x)] as const);
    const { logits, action, values, ...batch } = Object.fromEntries(entries) as Record<DiscreteInput, Tensor>;
    const policy = new CategoricalPolicy(
      { agents: 1, observationSize: 1, actionSize: logits.shape[2]! },
      new HostRandom(0),
    );
    const logProb = policy.logProb({ logits }, action.cast("float32").unsqueeze(-1));
    const result = ppoLoss(batch, { logProb, entropy: policy.entropy({ logits }), value: values }, row.options);
    for (const name of ["loss", "objective", "criticLoss", "entropy"] as const) {
      checkNumbers(await result[name].data(), [row.outputs[name]], 1e-5, name);
    }
    const found = gradients(result.loss, [logits, values]);
    for (const [i, name] of (["logits", "values"] as const).entries()) {
      checkNumbers(await found[i]!.data(), row.gradients[name], 2e-5, `gradient of ${name}`);
    }
  });
}

interface ScheduleRow {
  readonly schedule: Schedule;
  readonly lr: number;
  readonly total: number;
  readonly rates: readonly number[];
}

for (const { schedule, lr, total, rates } of await readFixture<ScheduleRow>("schedules")) {
  Deno.test(`rateLeft() of a ${schedule} schedule agrees with PyTorch`, () => {
    rates.forEach((rate, i) => assert.ok(Math.abs(lr * rateLeft(schedule, i, total) - rate) < 1e-9, `${i}`));
  });
}
