/** What is held outside of JavaScript's heap is told by name: heaps of simulations on any thread, shared memory, engines. */

import assert from "node:assert/strict";
import {
  controllerOf,
  countLiveBytes,
  type HostWorld,
  liveBytes,
  mujocoMetrics,
  mujocoSimulation,
  MujocoWorld,
  recordEpisodes,
  type Simulation,
  SimulationError,
  Simulations,
  tensor,
  useDevice,
  zeros,
} from "../../mod.ts";
import { Pool } from "../../lib/worlds/host/pool.ts";
import { onEngine } from "../engines.ts";

const page = 65536;
const mujoco = "MuJoCo: heaps";
const heapWorld = (workers: number): HostWorld => ({
  ...{ name: "game", agents: 1, observationSize: 1, actionKind: "continuous", actionSize: 1, maxSteps: 100 },
  simulation: import.meta.resolve("./simulations/heap.ts"),
  workers,
});

for (const workers of [0, 1, 2]) {
  onEngine(
    "cpu",
    `heaps of a world of one's own are counted as they grow, with ${workers} workers, and then 0`,
    async () => {
      const simulations = await Simulations.start(heapWorld(workers), 3, 0);
      assert.equal(liveBytes()["my game: heap"], 3 * page);
      for (let t = 0; t < 2; t++) await simulations.step(zeros([3, 1, 1]));
      assert.equal(liveBytes()["my game: heap"], 3 * 3 * page);
      assert.ok(liveBytes()["game: shared memory"]! > 3 * 4 * 4);
      const other = await Simulations.start(heapWorld(workers), 1, 0);
      assert.equal(liveBytes()["my game: heap"], (3 * 3 + 1) * page);
      simulations.dispose();
      assert.equal(liveBytes()["my game: heap"], page);
      other.dispose();
      assert.deepEqual([liveBytes()["my game: heap"], liveBytes()["game: shared memory"]], [0, 0]);
    },
  );
}

onEngine(
  "cpu",
  "the heap of MuJoCo is told to the byte, also when it has grown, and 0 when nobody simulates",
  async () => {
    let buffer: () => ArrayBufferLike = () => new ArrayBuffer(0);
    const world: HostWorld = {
      ...{ name: "point", agents: 1, observationSize: 1, actionKind: "continuous", actionSize: 1, maxSteps: 10 },
      metrics: mujocoMetrics,
      simulation: mujocoSimulation({
        model:
          '<mujoco><size memory="4M"/><worldbody><body><joint name="x" type="slide"/><geom size="0.1"/></body></worldbody>' +
          '<actuator><motor joint="x"/></actuator></mujoco>',
        frameSkip: 1,
        observe(state) {
          buffer = () => state.qpos.buffer;
          return state.qpos;
        },
        reward: () => 0,
      }),
    };
    const few = await Simulations.start(world, 1, 0);
    const atFirst = liveBytes()[mujoco]!;
    assert.equal(atFirst, buffer().byteLength);
    assert.ok(atFirst >= page);
    const many = await Simulations.start(world, 20, 0);
    assert.equal(liveBytes()[mujoco], buffer().byteLength);
    assert.ok(liveBytes()[mujoco]! > atFirst + 16e6);
    few.dispose();
    assert.equal(liveBytes()[mujoco], buffer().byteLength);
    many.dispose();
    assert.equal(liveBytes()[mujoco], 0);
    // One that comes later has a library of its own.
    const later = await Simulations.start(world, 1, 0);
    assert.equal(liveBytes()[mujoco], atFirst);
    later.dispose();
  },
);

onEngine("cpu", "each worker of MuJoCo has a heap that is counted, and so has the thread that films", async () => {
  const pool = (workers: number, envs: number) => Pool.start(new MujocoWorld("hopper", { workers }), envs, [0, 0]);
  const one = await pool(0, 2);
  const each = liveBytes()[mujoco]!;
  one.dispose();
  const two = await pool(2, 4);
  assert.equal(liveBytes()[mujoco], 2 * each);
  two.dispose();
  const world = new MujocoWorld("hopper", { workers: 0, maxSteps: 3 });
  await recordEpisodes(world, controllerOf(world, "random"), [], 1, 0);
  assert.equal(liveBytes()[mujoco], 0);
});

onEngine("cpu", "simulations that cannot be made hold nothing", async () => {
  let made = 0;
  const simulation = (): Simulation => {
    if (made++ === 2) throw new Error("no more");
    const release = countLiveBytes("limited", () => 8);
    const nothing = { reset: () => {}, observe: () => [0], state: () => [], restore: () => {}, dispose: release };
    return { ...nothing, step: () => ({ reward: 0, terminated: false }) };
  };
  await assert.rejects(Simulations.start({ ...heapWorld(0), simulation }, 3, 0), SimulationError);
  assert.equal(liveBytes()["limited"], 0);
  const bad = { ...heapWorld(0), metrics: mujocoMetrics };
  const wrong = mujocoSimulation({ model: "<mujoco><a/></mujoco>", frameSkip: 1, observe: () => [], reward: () => 0 });
  await assert.rejects(Simulations.start({ ...bad, simulation: wrong }, 1, 0), /MuJoCo refuses the model/);
  assert.equal(liveBytes()[mujoco], 0);
});

onEngine("cpu", "what the engine holds is told under its name", async () => {
  await tensor([1, 2, 3]).sum().item();
  const engine = await useDevice("cpu");
  const own = Object.entries(engine.liveBytes()).map(([name, bytes]) => [`cpu: ${name}`, bytes]);
  assert.deepEqual(Object.entries(liveBytes()).filter(([name]) => name.startsWith("cpu: ")), own);
});

Deno.test("what is no number of bytes is told by its name when somebody asks", () => {
  const release = countLiveBytes("a heap", () => "many" as unknown as number);
  try {
    assert.throws(() => liveBytes(), {
      message: 'countLiveBytes(): "a heap" holds "many" bytes, which is no number of them: give one from 0 on.',
    });
  } finally {
    release();
  }
});
