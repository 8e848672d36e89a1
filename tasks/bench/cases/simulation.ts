/**
 * Bodies of MuJoCo alone, as a trainer steps them: 50 steps of environments in workers, each of which waits for its actions. Every
 * repetition begins in the same states, some steps into episodes, so that a peer can do the same physics.
 */

import { HostRandom, MujocoWorld } from "../../../mod.ts";
import type { MujocoName } from "../../../mod.ts";
import { Pool, type SimulationsState } from "../../../lib/worlds/host/pool.ts";
import type { Run, WorldCase } from "../protocol.ts";

/** Steps of a repetition. */
export const steps = 50;
/** Steps before it. */
const before = 20;

/** Simulations where a repetition begins, and what is done in it: float32 [env, action] of each step. */
export interface Rehearsed {
  readonly pool: Pool;
  readonly start: SimulationsState;
  readonly actions: readonly Float32Array[];
}

/** Brings simulations to where repetitions begin. `workers`: one a core, if not given. */
export async function rehearse({ scenario, envs }: WorldCase, workers?: number): Promise<Rehearsed> {
  const world = new MujocoWorld(scenario as MujocoName, workers === undefined ? {} : { workers });
  const pool = await Pool.start(world, envs, [1, 2]);
  const random = new HostRandom(0);
  const all = Array.from(
    { length: before + steps },
    () => Float32Array.from(random.uniform(envs * world.actionSize, -1, 1)),
  );
  for (const action of all.slice(0, before)) {
    pool.act(action);
    await pool.step();
  }
  return { pool, start: await pool.save(), actions: all.slice(before) };
}

/** Plays them. */
export async function simulation(of: WorldCase): Promise<Run> {
  const { pool, start, actions } = await rehearse(of);
  return async () => {
    await pool.restore(start);
    const begun = performance.now();
    for (const action of actions) {
      pool.act(action);
      await pool.step();
    }
    return { "env steps/s": of.envs * steps * 1e3 / (performance.now() - begun) };
  };
}
