/** What is asked of a trainer, or of simulations, while they are at something else: it waits, or is refused; nothing is mixed. */

import assert from "node:assert/strict";
import { type HostWorld, PPOTrainer, type SavedTensor } from "../../mod.ts";
import { Turns } from "../../lib/rl/turns.ts";
import { Pool, type SimulationsState } from "../../lib/worlds/host/pool.ts";
import { onEngine } from "../engines.ts";
import { pointWorld, small } from "./point_world.ts";

onEngine("cpu", "what is asked of a trainer at once is done in turn, as if each had been awaited", async () => {
  const [one, all] = [await PPOTrainer.create(pointWorld(8), small), await PPOTrainer.create(pointWorld(8), small)];
  try {
    const awaited: unknown[] = [
      await one.iterate(),
      await one.iterate(),
      await one.state(),
      await one.evaluate(3, 0),
      await one.iterate(),
    ];
    const asked = [all.iterate(), all.iterate(), all.state(), all.evaluate(3, 0), all.iterate()] as const;
    assert.deepEqual(await Promise.all(asked), awaited);
    assert.equal(all.iteration, 3);
    const [refused, done] = await Promise.allSettled([all.restore({}), all.iterate()]);
    assert.match(`${refused.status === "rejected" && refused.reason}`, /^RangeError: The saved state has no tensor/);
    assert.deepEqual(done, { status: "fulfilled", value: await one.iterate() });
  } finally {
    for (const trainer of [one, all]) trainer.dispose();
  }
});

/** A world whose simulations cannot go on from everything; see simulations/strict.ts. */
const strict = (workers: number): HostWorld => ({
  name: "strict",
  agents: 1,
  observationSize: 1,
  actionKind: "continuous",
  actionSize: 1,
  maxSteps: 6,
  simulation: import.meta.resolve("../worlds/simulations/strict.ts"),
  workers,
});

for (const workers of [0, 2]) {
  const where = `with ${workers} workers`;
  onEngine("cpu", `a state that a simulation cannot go on from is refused, and changes nothing, ${where}`, async () => {
    const options = { ...small, framesPerBatch: 24, normalizeObservations: true };
    const [trainer, other] = [
      await PPOTrainer.create(strict(workers), options),
      await PPOTrainer.create(strict(workers), options),
    ];
    try {
      for (const x of [trainer, trainer, other]) await x.iterate();
      const before = await trainer.state();
      const state: Record<string, SavedTensor> = { ...await other.state() };
      const { shape, data } = state["collector.simulations"]!;
      const numbers = new Float64Array(data.slice().buffer as ArrayBuffer);
      numbers[numbers.length - 1] = -1;
      state["collector.simulations"] = { dtype: "uint32", shape, data: new Uint32Array(numbers.buffer) };
      await assert.rejects(trainer.restore(state), { name: "SimulationError", message: /no such place/ });
      assert.deepEqual(await trainer.state(), before);
      assert.ok(Number.isFinite((await trainer.iterate())["train/episode_reward_sum"]));
      assert.equal(trainer.iteration, 3);
    } finally {
      for (const x of [trainer, other]) x.dispose();
    }
  });
}

for (const workers of [0, 2]) {
  Deno.test(`what was over before a restore that failed is over after it, with ${workers} workers`, async () => {
    const pool = await Pool.start(strict(workers), 4, [0, 1]);
    const start = await pool.save();
    for (let i = 0; i < 8; i++) await pool.stepUntilDone();
    const before = await pool.save();
    await assert.rejects(pool.restore(withLast(before, -1)), /environment 3 failed .*: no such place/);
    await pool.stepUntilDone();
    assert.deepEqual(await pool.save(), before);
    await pool.restore(start);
    await pool.stepUntilDone();
    assert.notDeepEqual(await pool.save(), start);
    pool.dispose();
  });

  Deno.test(`simulations that cannot go back either say why they had to, with ${workers} workers`, async () => {
    const pool = await Pool.start(strict(workers), 4, [0, 1]);
    await assert.rejects(pool.restore(withLast(await pool.save(), -2)), /no such place/);
    await assert.rejects(pool.step(), /environment 3 failed .*: broken/);
    pool.dispose();
  });
}

/** The same but for the last number of the last simulation. */
function withLast({ simulations, observation }: SimulationsState, x: number): SimulationsState {
  const numbers = new Float64Array(simulations.slice().buffer);
  numbers[numbers.length - 1] = x;
  return { simulations: new Uint32Array(numbers.buffer), observation };
}

Deno.test("what a deed has begun and not awaited waits its turn when it asks after that", async () => {
  const turns = new Turns();
  const [order, begun] = [[] as string[], Promise.withResolvers<void>()];
  const note = (text: string) => turns.take(() => Promise.resolve(void order.push(text)));
  let later = Promise.resolve();
  await turns.take(async () => {
    await note("a part of the first");
    later = begun.promise.then(() => note("later"));
  });
  const second = turns.take(async () => {
    begun.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    order.push("second");
  });
  await Promise.all([second, later]);
  assert.deepEqual(order, ["a part of the first", "second", "later"]);
});

Deno.test("simulations refuse a command while they are at another: await is missing", async () => {
  const pool = await Pool.start(strict(0), 2, [0, 1]);
  const [first, second] = await Promise.allSettled([pool.step(), pool.save()]);
  assert.equal(first.status, "fulfilled");
  assert.match(
    `${second.status === "rejected" && second.reason}`,
    /G311.*strict are still at what.*`await` is missing/s,
  );
  await pool.step();
  assert.deepEqual([...pool.memory.reward], [2, 2]);
  pool.dispose();
});
