/** Running mean and variance of value targets and observations. */

import assert from "node:assert/strict";
import { compile, HostRandom, normal, randomKey, stack, type Tensor, tensor, zeros } from "../../mod.ts";
import { RewardScale } from "../../lib/rl/reward_scale.ts";
import { RunningScale } from "../../lib/rl/running_scale.ts";
import { onEachEngine } from "../engines.ts";

const batches = [[1, 2, 3, 6], [-4, 0, 2, 2], [100, 101, 100, 99]];

/** Mean and variance of all numbers so far, each batch with 0.99 times the weight of the one after it. */
function weighted(count: number): { mean: number; variance: number } {
  const entries = batches.slice(0, count).flatMap((batch, i) => batch.map((x) => ({ x, w: 0.99 ** (count - 1 - i) })));
  const total = entries.reduce((sum, { w }) => sum + w, 0);
  const mean = entries.reduce((sum, { x, w }) => sum + w * x, 0) / total;
  return { mean, variance: entries.reduce((sum, { x, w }) => sum + w * (x - mean) ** 2, 0) / total };
}

onEachEngine("RunningScale keeps mean and variance of all batches, the older ones with less weight", async () => {
  const scale = new RunningScale([]);
  const add = compile((x: Tensor) => {
    scale.add(x);
    return [scale.forward(x), scale.inverse(scale.forward(x))];
  }, { state: [scale] });
  for (const [i, batch] of batches.entries()) {
    const [normalized, again] = await add(tensor(batch));
    const { mean, variance } = weighted(i + 1);
    assert.ok(Math.abs(Number(await scale.mean.item()) - mean) < 1e-4 * Math.abs(mean), `mean after ${i}`);
    assert.ok(Math.abs(Number(await scale.variance.item()) - variance) < 1e-4 * variance, `variance after ${i}`);
    const found = [...await normalized!.data()];
    found.forEach((x, k) => assert.ok(Math.abs(x - (batch[k]! - mean) / Math.sqrt(variance)) < 1e-4));
    (await again!.data()).forEach((x, k) => assert.ok(Math.abs(x - batch[k]!) < 1e-3));
  }
});

onEachEngine("RunningScale that keeps all has the mean and variance of all numbers", async () => {
  const scale = new RunningScale([], { keep: 1 });
  for (const batch of batches) scale.add(tensor(batch));
  const all = batches.flat();
  const mean = all.reduce((sum, x) => sum + x) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length);
  assert.ok(Math.abs(Number(await scale.mean.item()) - mean) < 1e-4);
  assert.ok(Math.abs(Number(await scale.deviation().item()) - deviation) < 1e-3);
});

onEachEngine("RewardScale divides by the deviation of discounted sums, which go on from batch to batch", async () => {
  const scale = new RewardScale(2, 1, 0.5);
  const learn = compile((reward: Tensor, done: Tensor) => scale.scaled(reward, done), { state: [scale] });
  // By hand, as VecNormalize does it: sums of the rewards so far, 0 again where an episode ends; one deviation of all.
  const [sums, running] = [[] as number[], [0, 0]];
  const random = new HostRandom(3);
  for (let batch = 0; batch < 3; batch++) {
    const reward = Array.from({ length: 4 }, () => [...random.uniform(2, -1, 3)]);
    const done = reward.map((_, t) => [t === 2, batch === 1 && t === 0]);
    reward.forEach((row, t) =>
      row.forEach((x, env) => {
        sums.push(running[env] = 0.5 * running[env]! + x);
        if (done[t]![env]) running[env] = 0;
      })
    );
    const mean = sums.reduce((sum, x) => sum + x) / sums.length;
    const deviation = Math.sqrt(sums.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sums.length);
    const found = await learn(tensor(reward).unsqueeze(-1), tensor(done)).then((x) => x.data());
    reward.flat().forEach((x, i) =>
      assert.ok(Math.abs(found[i]! - x / deviation) < 1e-4, `${found[i]} for ${x / deviation}`)
    );
  }
});

onEachEngine("RewardScale clips what is ten deviations away", async () => {
  const reward = tensor([...Array(199).fill(0), 1000]).reshape(200, 1, 1);
  const scaled = new RewardScale(1, 1, 0).scaled(reward, zeros([200, 1]).greater(0));
  assert.equal(await scaled.max().item(), 10);
});

onEachEngine("RunningScale of features gives each feature what a scale of its own gives it", async () => {
  const [both, ...apart] = [new RunningScale([2]), new RunningScale([]), new RunningScale([])];
  for (const batch of batches) {
    const features = [tensor(batch), tensor(batch).mul(-3).add(1)];
    const x = stack(features, -1).reshape(2, 2, 2);
    both!.add(x);
    features.forEach((feature, i) => apart[i]!.add(feature));
    const found = [...await both!.forward(x).reshape(4, 2).transpose().flatten().data()];
    const expected = await Promise.all(features.map((feature, i) => apart[i]!.forward(feature).data()));
    expected.flatMap((data) => [...data]).forEach((x, k) => assert.ok(Math.abs(x - found[k]!) < 1e-5, `${found}`));
  }
});

onEachEngine("RunningScale leaves values as they are before the first batch, and constant ones finite", async () => {
  const scale = new RunningScale([]);
  const x = normal(randomKey(1), [5]);
  assert.deepEqual(await scale.inverse(x).data(), await x.data());
  scale.add(tensor([3, 3, 3]));
  assert.deepEqual([...await scale.forward(tensor([3, 3])).data()], [0, 0]);
});
