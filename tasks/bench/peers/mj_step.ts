/**
 * MuJoCo alone, without anything around it: a worker for each core calls `mj_step` of the same build, and nobody waits for anybody
 * until the end. States, actions and the starts of episodes are those of this library, so that the physics are the same.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { taskOf } from "../../../lib/worlds/mujoco/simulation.ts";
import type { MujocoName } from "../../../mod.ts";
import { rehearse, steps } from "../cases/simulation.ts";
import { type Run, simulationCase, type WorldCase } from "../protocol.ts";
import { serve } from "../serve.ts";
import type { Share } from "./mj_step_worker.ts";

/** What is before MuJoCo's numbers in the state of an environment: those of its block, and how it was computed last. */
const own = 6;

async function simulation(of: WorldCase): Promise<Run> {
  const { pool, start, actions } = await rehearse(of, 0);
  const { memory, stateWords } = pool;
  const { model, frameSkip, contactForces = false } = taskOf(of.scenario as MujocoName);
  const stateOf = (words: Uint32Array, env: number): number[] => {
    const numbers = new Float64Array(words.slice(env * stateWords, (env + 1) * stateWords).buffer);
    return [...numbers.subarray(own)];
  };
  const begins: { step: number; env: number; state: number[] }[] = [];
  for (const [step, action] of actions.entries()) {
    pool.act(action);
    await pool.step();
    const { simulations } = await pool.save();
    for (let env = 0; env < of.envs; env++) {
      if (memory.terminated[env] || memory.truncated[env]) begins.push({ step, env, state: stateOf(simulations, env) });
    }
  }
  const workers = Math.min(of.envs, availableParallelism());
  const shares = Array.from({ length: workers }, (_, worker): Share => {
    const [first, end] = [worker, worker + 1].map((x) => Math.floor(x * of.envs / workers)) as [number, number];
    const each = actions[0]!.length / of.envs;
    return {
      ...{ model, frameSkip, contactForces },
      starts: Array.from({ length: end - first }, (_, i) => stateOf(start.simulations, first + i)),
      actions: actions.map((x) => x.slice(first * each, end * each)),
      begins: begins.filter(({ env }) => env >= first && env < end).map((x) => ({ ...x, env: x.env - first })),
    };
  });
  pool.dispose();
  const threads = shares.map((share) =>
    new Worker(new URL(import.meta.resolve("./mj_step_worker.ts")), { workerData: share })
  );
  const told = (thread: Worker) => new Promise((resolve) => thread.once("message", resolve));
  await Promise.all(threads.map(told));
  return async () => {
    const begun = performance.now();
    threads.forEach((thread) => thread.postMessage("go"));
    await Promise.all(threads.map(told));
    return { "env steps/s": of.envs * steps * 1e3 / (performance.now() - begun) };
  };
}

await serve(async (name) => {
  const one = simulationCase(name);
  if (!one) throw new Error(`mj_step has no case '${name}'.`);
  return await simulation(one);
});
