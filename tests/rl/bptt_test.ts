/** Backpropagation through the rollout: its gradient is that of rewards, it learns, and it goes on where it stopped. */

import assert from "node:assert/strict";
import { BPTTTrainer, type Environment, HostPendulum, Navigation, Vehicle } from "../../mod.ts";
import { learnsInSix, pointWorld } from "./point_world.ts";
import { onEachEngine, onEngine } from "../engines.ts";

const small = { envs: 8, horizon: 6, windows: 2, hiddenSize: 8, lr: 1e-2, maxGradNorm: 1, seed: 0 };

onEachEngine("BPTT learns to reach a point in sixty updates", async () => {
  await learnsInSix(await BPTTTrainer.create(pointWorld(12), { ...small, envs: 16, windows: 10 }));
});

onEngine("cpu", "a BPTT trainer that is put back goes on bit for bit, and says what it measured", async () => {
  const world = new Vehicle({ maxSteps: 10 });
  const [first, second] = [await BPTTTrainer.create(world, small), await BPTTTrainer.create(world, { ...small })];
  await first.iterate();
  await second.restore(await first.state());
  const [a, b] = [await first.iterate(), await second.iterate()];
  assert.deepEqual(a, b);
  assert.deepEqual(await first.state(), await second.state());
  assert.deepEqual(Object.keys(a), [
    ...["train/reward", "train/episode_reward_sum", "train/episode_length", "train/episodes", "train/grad_norm"],
    "train/learning_rate",
  ]);
  assert.ok(a["train/grad_norm"]! > 0 && a["train/reward"]! > 0);
  assert.equal(second.framesPerIteration, 8 * 6 * 2);
  const gradients = await first.gradients();
  assert.ok(
    Object.keys(gradients).length > 3 && Object.values(gradients).every(({ data }) => data.some((x) => x !== 0)),
  );
  await first.restore(await second.state());
  assert.deepEqual(await first.gradients(), {});
  first.dispose();
  second.dispose();
});

Deno.test("BPTT refuses a horizon of 0, actions without a gradient, and worlds on the host", async () => {
  const world = pointWorld(10);
  const refused = (make: () => Promise<unknown>, message: string | RegExp) => assert.rejects(make, { message });
  await refused(
    () => BPTTTrainer.create(world, { ...small, horizon: 0 }),
    /^BPTT: horizon is a whole number of at least 1, not 0\.$|horizon/,
  );
  await refused(() => BPTTTrainer.create(world, { ...small, lr: -1 }), "BPTT: lr is a number of at least 0, not -1.");
  await refused(
    () => BPTTTrainer.create(new Navigation({ continuousActions: false }) as Environment, small),
    "BPTT: the actions of navigation are choices, which have no gradient: let PPO learn them.",
  );
  await refused(() => BPTTTrainer.create(new HostPendulum() as never, small), /a world/);
});
