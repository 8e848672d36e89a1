/** SHAC: its return is that of the paper, step by step; it learns, goes on where it stopped, and refuses what it cannot take. */

import assert from "node:assert/strict";
import {
  type Environment,
  gradients,
  HostPendulum,
  Navigation,
  SHACTrainer,
  shortHorizonReturn,
  tensor,
} from "../../mod.ts";
import { interpretNodes } from "../oracle.ts";
import { onEngine } from "../engines.ts";
import { learnsInSix, pointWorld } from "./point_world.ts";

const small = {
  ...{ envs: 8, horizon: 6, windows: 2, hiddenSize: 8, lr: 1e-2, maxGradNorm: 1, seed: 0 },
  ...{ gamma: 0.9, lmbda: 0.95, nCriticUpdates: 4 },
};

/** The loss of the authors' code, one env after the other: what is summed is paid out where an episode or the window ends. */
function paidOut(
  reward: number[][],
  value: number[][],
  terminated: number[][],
  done: number[][],
  gamma: number,
): number {
  let paid = 0;
  for (let env = 0; env < reward[0]!.length; env++) {
    let [sum, discount] = [0, 1];
    for (let t = 0; t < reward.length; t++) {
      sum += discount * reward[t]![env]!;
      discount *= gamma;
      if (!done[t]![env] && t < reward.length - 1) continue;
      paid += sum + (terminated[t]![env] ? 0 : discount * value[t]![env]!);
      [sum, discount] = [0, 1];
    }
  }
  return paid / (reward.length * reward[0]!.length);
}

Deno.test("the return of a short horizon is what the authors' loop pays out, and so is its gradient", () => {
  const reward = [[1, 2], [-0.5, 0.25], [3, 1], [0.5, -2], [1, 1]];
  const value = [[4, 5], [6, 7], [8, -3], [2, 1], [5, 9]];
  const terminated = [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]];
  const done = [[0, 0], [0, 1], [1, 0], [0, 0], [0, 0]];
  const gamma = 0.9;
  const [r, v] = [tensor(reward).unsqueeze(2), tensor(value).unsqueeze(2)];
  const flags = { terminated: tensor(terminated).greater(0), done: tensor(done).greater(0) };
  const found = shortHorizonReturn({ reward: r, nextValue: v, ...flags }, gamma);
  const expected = paidOut(reward, value, terminated, done, gamma);
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} for ${b}`);
  close(interpretNodes([found.node])[0]![0]!, expected);
  const [byReward, byValue] = interpretNodes(gradients(found, [r, v]).map((x) => x.node));
  for (let t = 0; t < 5; t++) {
    for (let env = 0; env < 2; env++) {
      const moved = (x: number[][]) => x.map((row, i) => row.map((y, k) => i === t && k === env ? y + 1 : y));
      close(byReward![2 * t + env]!, paidOut(moved(reward), value, terminated, done, gamma) - expected);
      close(byValue![2 * t + env]!, paidOut(reward, moved(value), terminated, done, gamma) - expected);
    }
  }
});

onEngine("cpu", "SHAC learns to reach a point in sixty updates", async () => {
  await learnsInSix(await SHACTrainer.create(pointWorld(12), { ...small, envs: 16, windows: 10 }));
});

onEngine("cpu", "a SHAC trainer that is put back goes on bit for bit, and says what it measured", async () => {
  const world = pointWorld(10);
  const [first, second] = [await SHACTrainer.create(world, small), await SHACTrainer.create(world, { ...small })];
  await first.iterate();
  await second.restore(await first.state());
  const [a, b] = [await first.iterate(), await second.iterate()];
  assert.deepEqual(a, b);
  assert.deepEqual(await first.state(), await second.state());
  assert.ok(a["train/critic_loss"]! > 0 && a["train/grad_norm"]! > 0);
  assert.deepEqual(Object.keys(await first.weights()).map((name) => name.split(".")[0]), [
    ...Array(6).fill("policy"),
    ...Array(6).fill("critic"),
  ]);
  await assert.rejects(() => first.restore({}), {
    message: /^The saved state has no tensor `.*`: it belongs to another configuration\.$/,
  });
  first.dispose();
  second.dispose();
});

Deno.test("SHAC refuses a horizon of 0, a gamma above 1, choices, and worlds on the host", async () => {
  const world = pointWorld(10);
  const refused = (make: () => Promise<unknown>, message: string | RegExp) => assert.rejects(make, { message });
  await refused(
    () => SHACTrainer.create(world, { ...small, horizon: 0 }),
    "SHAC: horizon is a whole number of at least 1, not 0.",
  );
  await refused(
    () => SHACTrainer.create(world, { ...small, gamma: 1.5 }),
    "SHAC: gamma is a number of at least 0 and at most 1, not 1.5.",
  );
  await refused(
    () => SHACTrainer.create(world, { ...small, tau: -1 }),
    "SHAC: tau is a number of at least 0 and at most 1, not -1.",
  );
  await refused(
    () => SHACTrainer.create(new Navigation({ continuousActions: false }) as Environment, small),
    "SHAC: the actions of navigation are choices, which have no gradient: let PPO learn them.",
  );
  await refused(() => SHACTrainer.create(new HostPendulum() as never, small), /a world/);
});
