/** A long run holds no more than a short one: live bytes of the engine, of shared memory and of MuJoCo's heaps stand still. */

import assert from "node:assert/strict";
import { liveBytes, MujocoWorld, Simulations, TRPOTrainer } from "../../mod.ts";
import { onEngine } from "../engines.ts";

/** The most bytes under each name in `iterations` iterations, in the last of which the state is read, as for a checkpoint. */
async function mostHeld(trainer: TRPOTrainer<MujocoWorld>, iterations: number): Promise<Record<string, number>> {
  const most: Record<string, number> = {};
  for (let i = 1; i <= iterations; i++) {
    await trainer.iterate();
    if (i === iterations) await trainer.state();
    for (const [name, bytes] of Object.entries(liveBytes())) most[name] = Math.max(most[name] ?? 0, bytes);
  }
  return most;
}

/** The heap of a thread that simulates. */
async function oneHeap(): Promise<number> {
  const simulations = await Simulations.start(new MujocoWorld("hopper", { workers: 0 }), 2, 0);
  const { "MuJoCo: heaps": bytes } = liveBytes();
  simulations.dispose();
  return bytes!;
}

for (const workers of [0, 2]) {
  onEngine("cpu", `live bytes stand still over 80 iterations of TRPO in MuJoCo, with ${workers} workers`, async () => {
    const heap = await oneHeap();
    const trainer = await TRPOTrainer.create(new MujocoWorld("hopper", { workers, maxSteps: 50 }), {
      ...{ framesPerBatch: 32, envs: 2, minibatchSize: 16, nCriticUpdates: 1, hiddenSize: 8, lr: 1e-3, seed: 0 },
      ...{ gamma: 0.99, lmbda: 0.95, cgMaxSteps: 3, normalizeObservations: true, normalizeValues: true },
    });
    try {
      const early = await mostHeld(trainer, 20);
      assert.equal(early["MuJoCo: heaps"], heap * Math.max(1, workers));
      for (let block = 1; block < 4; block++) {
        for (const [name, bytes] of Object.entries(await mostHeld(trainer, 20))) {
          assert.ok(bytes <= early[name]!, `${name} in block ${block}: ${bytes} after ${early[name]}`);
        }
      }
    } finally {
      trainer.dispose();
    }
    const held = liveBytes();
    assert.deepEqual([held["MuJoCo: heaps"], held["hopper: shared memory"]], [0, 0]);
  });
}
