import assert from "node:assert/strict";
import {
  ActionRepeat,
  compile,
  type Environment,
  PPOTrainer,
  randomKey,
  type Tensor,
  type Tree,
  uniform,
  Wheel,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { pointWorld } from "../rl/point_world.ts";

const envs = 32;

/** The rewards, ends and counts of steps that `count` steps of one action give, [env] each, every episode up to its end. */
async function oneByOne<S extends Tree>(world: Environment<S>, action: Tensor, count: number) {
  const sum = { reward: new Array<number>(envs).fill(0), frames: new Array<number>(envs).fill(0) };
  const terminated = new Array<boolean>(envs).fill(false);
  const truncated = new Array<boolean>(envs).fill(false);
  let state = world.reset(randomKey(1), envs);
  for (let i = 0; i < count; i++) {
    const now = world.step(state, action);
    const [reward, end, cut] = [await now.reward.data(), await now.terminated.data(), await now.truncated.data()];
    for (let env = 0; env < envs; env++) {
      if (terminated[env] || truncated[env]) continue;
      sum.reward[env]! += reward[env * world.agents]!;
      sum.frames[env]!++;
      terminated[env] = Boolean(end[env]);
      truncated[env] = Boolean(cut[env]);
    }
    state = now.state;
  }
  return { ...sum, terminated, truncated };
}

for (const maxSteps of [100, 3]) {
  Deno.test(`a held action gives what its steps give, where an episode ends in the midst of it: ${maxSteps} steps`, async () => {
    const world = pointWorld(maxSteps);
    const repeated = new ActionRepeat(world, 5);
    const action = uniform(randomKey(2), [envs, world.agents, 1], -0.2, 0.2);
    const expected = await oneByOne(world, action, 5);
    const { reward, terminated, truncated, frames } = repeated.step(repeated.reset(randomKey(1), envs), action);
    for (const [env, x] of [...await reward.select(1, 0).data()].entries()) {
      assert.ok(Math.abs(x - expected.reward[env]!) < 1e-5, `env ${env}: ${x}, not ${expected.reward[env]}`);
    }
    assert.deepEqual([...await frames!.data()], expected.frames);
    assert.deepEqual(Array.from(await terminated.data(), Boolean), expected.terminated);
    assert.deepEqual(Array.from(await truncated.data(), Boolean), expected.truncated);
    const ended = expected.terminated.filter(Boolean).length;
    assert.ok(ended > 0 && ended < envs, `${ended} of the episodes ended`);
    assert.equal(expected.truncated.some(Boolean), maxSteps === 3);
  });
}

onEachEngine("a held action compiles to the steps one by one", async () => {
  const world = new Wheel();
  const repeated = new ActionRepeat(world, 3);
  assert.equal(repeated.maxSteps, 34);
  const action = uniform(randomKey(3), [4, 4, 2], -1, 1);
  const start = world.reset(randomKey(4), 4);
  const held = await compile(() => repeated.step(start, action).state.position)();
  const single = await compile(() => {
    let state = start;
    for (let i = 0; i < 3; i++) state = world.step(state, action).state;
    return state.position;
  })();
  assert.deepEqual(await held.data(), await single.data());
});

Deno.test("a trainer counts the steps of the simulator where actions are held", async () => {
  const trainer = await PPOTrainer.create(new ActionRepeat(pointWorld(10), 4), {
    ...{ algorithm: "mappo", framesPerBatch: 60, numEpochs: 1, minibatchSize: 8, lr: 1e-3, maxGradNorm: 1 },
    ...{ clipEpsilon: 0.2, entropyEps: 0, gamma: 0.9, lmbda: 0.9, seed: 0 },
  });
  assert.deepEqual([trainer.envs, trainer.steps, trainer.framesPerIteration], [5, 3, 60]);
  assert.equal(trainer.updatesPerEpoch, 2);
  const { length } = await trainer.evaluate(64, 0);
  assert.ok(length.every((x) => x >= 1 && x <= 10) && length.includes(10), `lengths ${length}`);
  const metrics = await trainer.iterate();
  assert.ok(metrics["train/episode_length"]! > 3 && metrics["train/episode_length"]! <= 10);
  trainer.dispose();
});

Deno.test("an action is repeated a whole number of times", () => {
  assert.throws(() => new ActionRepeat(new Wheel(), 0), /whole number of times, 1 or more; it was given 0/);
});
