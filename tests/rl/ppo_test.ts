import assert from "node:assert/strict";
import { type PPOOptions, PPOTrainer } from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { pointWorld } from "./point_world.ts";

const small: PPOOptions = {
  algorithm: "mappo",
  framesPerBatch: 50,
  numEpochs: 2,
  minibatchSize: 16,
  lr: 1e-3,
  maxGradNorm: 1,
  clipEpsilon: 0.2,
  entropyEps: 1e-4,
  gamma: 0.95,
  lmbda: 0.9,
  seed: 1,
};

onEachEngine(
  "PPOTrainer uses every frame of numbers that do not divide, and traces nothing after the first iteration",
  async () => {
    const trainer = await PPOTrainer.create(pointWorld(8), small);
    try {
      assert.deepEqual([trainer.envs, trainer.steps], [6, 9]);
      assert.equal(trainer.framesPerIteration, 54);
      const first = await trainer.iterate();
      assert.equal(trainer.traceCount, 3);
      await trainer.iterate();
      await trainer.iterate();
      assert.equal(trainer.traceCount, 3);
      for (const [name, value] of Object.entries(first)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
    } finally {
      trainer.dispose();
    }
  },
);

onEachEngine("PPOTrainer continues bit for bit from its state", async () => {
  const whole = await PPOTrainer.create(pointWorld(8), small);
  const first = await PPOTrainer.create(pointWorld(8), small);
  const resumed = await PPOTrainer.create(pointWorld(8), { ...small });
  try {
    await whole.iterate();
    await first.iterate();
    await resumed.restore(await first.state());
    assert.equal(resumed.iteration, 1);
    assert.deepEqual(await resumed.iterate(), await whole.iterate());
    const [a, b] = [await whole.state(), await resumed.state()];
    for (const name of Object.keys(a)) assert.deepEqual(b[name]!.data, a[name]!.data, name);
  } finally {
    for (const trainer of [whole, first, resumed]) trainer.dispose();
  }
});

for (const seed of [0, 1, 2]) {
  for (const algorithm of ["mappo", "ippo"] as const) {
    onEngine("cpu", `PPOTrainer (${algorithm}, seed ${seed}) learns to stay near 0`, async () => {
      const options = { ...small, algorithm, seed, framesPerBatch: 400, numEpochs: 8, minibatchSize: 100, lr: 2e-3 };
      const trainer = await PPOTrainer.create(pointWorld(10), options);
      try {
        const rewards: number[] = [];
        for (let i = 0; i < 8; i++) rewards.push((await trainer.iterate())["train/step_reward_mean"]!);
        // Random actions stay near -0.6; a policy that steps towards 0 is above -0.3.
        assert.ok(rewards[0]! < -0.45, `it starts at ${rewards[0]}`);
        assert.ok(rewards.at(-1)! > -0.35, `mean rewards: ${rewards.map((x) => x.toFixed(3))}`);
      } finally {
        trainer.dispose();
      }
    });
  }
}
