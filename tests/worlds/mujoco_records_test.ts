/** The bodies of MuJoCo against Gymnasium's version 5 and the same version of MuJoCo, natively, in Python. */

import assert from "node:assert/strict";
import { type MujocoName, RandomStream } from "../../mod.ts";
import { taskOf } from "../../lib/worlds/mujoco/simulation.ts";
import { simulationOf } from "../../lib/worlds/mujoco/task.ts";
import type { Simulation } from "../../lib/worlds/host/world.ts";
import { type MujocoRecord, mujocoRecords } from "./mujoco_records.ts";

const { steps, worlds } = mujocoRecords();
const names = Object.keys(worlds) as MujocoName[];

/** A simulation of the body, whose `state` are positions and velocities; it begins at those of the record, or by luck. */
async function start(name: MujocoName, record?: MujocoRecord): Promise<{ simulation: Simulation; state: number[] }> {
  const task = taskOf(name);
  const state: number[] = [];
  const make = simulationOf({
    ...task,
    reset(physics, random) {
      if (!record) return task.reset!(physics, random);
      physics.qpos.set(record.qpos);
      physics.qvel.set(record.qvel);
    },
    observe(physics) {
      state.splice(0, state.length, ...physics.qpos, ...physics.qvel);
      return task.observe(physics);
    },
  });
  return { simulation: await make(undefined as never), state };
}

/** The largest difference; of large numbers, as a share of them. */
function furthest(a: ArrayLike<number>, b: readonly number[]): number {
  assert.equal(a.length, b.length);
  return b.reduce((most, x, i) => Math.max(most, Math.abs(a[i]! - x) / Math.max(1, Math.abs(x))), 0);
}

for (const name of names) {
  worlds[name]!.records.forEach((record, number) => {
    Deno.test(`${name} does what it does in Gymnasium for 300 steps: record ${number + 1}`, async () => {
      const { simulation, state } = await start(name, record);
      try {
        simulation.reset(new RandomStream([0, 0]));
        assert.equal(record.actions.length, 300);
        record.actions.forEach((action, i) => {
          const t = i + 1;
          // Chaos: see make_mujoco.py. A saved state is that before the last step of MuJoCo, and that it was one.
          const again = i % steps.state === 0 ? record.restart?.[i / steps.state - 1] : undefined;
          if (again) simulation.restore(Float64Array.of(1, ...again));
          const { reward, terminated } = simulation.step(Float32Array.from(action, (x) => x / 128));
          assert.ok(Math.abs(reward as number - record.reward[i]!) < 1e-6, `reward of step ${t}: ${reward}`);
          assert.equal(Number(terminated), record.terminated[i], `the end at step ${t}`);
          if (t % steps.state === 0) {
            const far = furthest(state, record.state[t / steps.state - 1]!);
            assert.ok(far < 1e-9, `the state after step ${t} is ${far} away`);
          }
          if (t % steps.observation === 0) {
            const far = furthest(simulation.observe(), record.observation[t / steps.observation - 1]!);
            assert.ok(far < 1e-6, `what is observed after step ${t} is ${far} away`);
          }
        });
      } finally {
        simulation.dispose!();
      }
    });
  });

  Deno.test(`${name} starts as it does in Gymnasium, in distribution`, async () => {
    const { starts } = worlds[name]!;
    const { simulation, state } = await start(name);
    const count = 2000;
    const random = new RandomStream([3, 5]);
    const rows: number[][] = [];
    for (let i = 0; i < count; i++) {
      simulation.reset(random);
      rows.push([...state]);
    }
    simulation.dispose!();
    starts.mean.forEach((mean, k) => {
      const own = rows.map((row) => row[k]!);
      const ownMean = own.reduce((sum, x) => sum + x, 0) / count;
      const deviation = Math.sqrt(own.reduce((sum, x) => sum + (x - ownMean) ** 2, 0) / count);
      const theirs = starts.deviation[k]!;
      // Five standard errors of a difference of two means; those of two deviations are less than theirs.
      assert.ok(Math.abs(ownMean - mean) < 5 * theirs * Math.sqrt(2 / count), `mean of ${k}: ${ownMean} for ${mean}`);
      assert.ok(
        Math.abs(deviation / theirs - 1) < 5 / Math.sqrt(count),
        `deviation of ${k}: ${deviation} for ${theirs}`,
      );
      // Uniform noise comes close to its ends, normal noise goes further.
      const range = starts.most[k]! - starts.least[k]!;
      const isNormal = range > 4 * theirs;
      if (!isNormal) {
        assert.ok(Math.abs(Math.min(...own) - starts.least[k]!) < 0.02 * range, `the least of ${k}`);
        assert.ok(Math.abs(Math.max(...own) - starts.most[k]!) < 0.02 * range, `the most of ${k}`);
      } else {
        assert.ok(Math.max(...own) - Math.min(...own) > 5 * deviation, `the tails of ${k}`);
      }
    });
  });
}
