/** Worlds of MuJoCo: what is promised of them beside their numbers, and models of one's own. */

import assert from "node:assert/strict";
import {
  HostRandom,
  type HostWorld,
  MLP,
  mujocoMetrics,
  type MujocoName,
  mujocoNames,
  mujocoSimulation,
  type MujocoState,
  type MujocoTask,
  MujocoWorld,
  PPOTrainer,
  RandomStream,
  type Simulation,
  Simulations,
} from "../../mod.ts";
import { Pool } from "../../lib/worlds/host/pool.ts";
import { Model } from "../../lib/worlds/mujoco/model.ts";
import { taskOf } from "../../lib/worlds/mujoco/simulation.ts";
import { simulationOf } from "../../lib/worlds/mujoco/task.ts";
import { onEngine } from "../engines.ts";
import { small } from "../rl/point_world.ts";

/** A ball on a rail that is pushed. */
function ball(changes: Partial<MujocoTask<number>> = {}, motor = 'ctrlrange="-5 5"', size = ""): MujocoTask<number> {
  return {
    model: `<mujoco>
      ${size}
      <worldbody>
        <body><joint name="x" type="slide" axis="1 0 0"/><geom size="0.1" mass="1"/></body>
      </worldbody>
      <actuator><motor joint="x" ${motor}/></actuator>
    </mujoco>`,
    frameSkip: 5,
    reset: ({ qpos }, random) => void (qpos[0] = 2 * random.next() - 1),
    observe: ({ qpos, qvel }) => [...qpos, ...qvel],
    before: ({ qpos }) => qpos[0]!,
    reward: ({ qpos }, before) => qpos[0]! - before,
    terminated: ({ qpos }) => Math.abs(qpos[0]!) > 2,
    ...changes,
  };
}

/** The world of a task. */
function worldOf(task: MujocoTask<number>, changes: Partial<HostWorld> = {}): HostWorld {
  return {
    ...{ name: "ball", agents: 1, observationSize: 2, actionKind: "continuous", actionSize: 1, maxSteps: 20 },
    metrics: mujocoMetrics,
    simulation: mujocoSimulation(task),
    ...changes,
  };
}

/** Actions of all environments of a pool. */
function act(pool: Pool, t: number): void {
  pool.act(Float32Array.from(pool.memory.action, (_, i) => Math.sin(0.3 * t + i * i)));
}

const numbers = ["observation", "nextObservation", "reward", "metrics", "terminated", "truncated"] as const;

for (const name of mujocoNames) {
  Deno.test(`${name}: numbers do not depend on who steps, and go on bit for bit from what was saved`, async () => {
    const [alone, shared, resumed] = await Promise.all(
      [0, 2, 1].map((workers) =>
        Pool.start(new MujocoWorld(name, { workers, maxSteps: 40 }), 3, [0, workers === 1 ? 5 : 1])
      ),
    );
    try {
      // At the start of an episode, and in the middle of others.
      for (const steps of [0, 33]) {
        for (let t = 0; t < steps; t++) {
          for (const pool of [alone!, shared!]) act(pool, t);
          await alone!.step();
          await shared!.step();
          for (const part of numbers) assert.deepEqual(shared!.memory[part], alone!.memory[part], `${part} at ${t}`);
        }
        await resumed!.restore(await shared!.save());
        assert.deepEqual(await resumed!.save(), await alone!.save());
        for (let t = steps; t < steps + 20; t++) {
          for (const pool of [alone!, shared!, resumed!]) act(pool, t);
          await alone!.step();
          await shared!.step();
          await resumed!.step();
          for (const part of numbers) assert.deepEqual(resumed!.memory[part], alone!.memory[part], `${part} at ${t}`);
        }
      }
    } finally {
      for (const pool of [alone, shared, resumed]) pool!.dispose();
    }
  });

  Deno.test(`${name} has the sizes that the world says, and an episode ends after 1000 steps`, async () => {
    const world = new MujocoWorld(name);
    assert.deepEqual([world.name, world.agents, world.maxSteps], [name, 1, 1000]);
    const simulation = await simulationOf(taskOf(name))(undefined as never);
    simulation.reset(new RandomStream([0, 0]));
    assert.equal(simulation.observe().length, world.observationSize);
    const { metrics } = simulation.step(new Float32Array(world.actionSize));
    assert.deepEqual(metrics, { unstable: 0 });
    assert.throws(() => simulation.step(new Float32Array(world.actionSize + 1)), {
      message:
        `the model has ${world.actionSize} motors, and the world an actionSize of ${world.actionSize + 1}: they ` +
        "are the same",
    });
    simulation.dispose!();
  });

  Deno.test(`${name} falls and lies without filling the memory that its model has`, async () => {
    const world = new MujocoWorld(name);
    const simulation = await simulationOf(taskOf(name))(undefined as never);
    const random = new RandomStream([7, 7]);
    simulation.reset(random);
    for (let t = 0; t < 400; t++) {
      const action = random.uniform(world.actionSize, -1, 1);
      assert.deepEqual(simulation.step(action).metrics, { unstable: 0 }, `step ${t}`);
    }
    simulation.dispose!();
  });
}

Deno.test("the humanoid of DeepMimic is the body of the report: 28 motors, 45 kg, and its sizes", async () => {
  let body: MujocoState | undefined;
  const task = taskOf("humanoid3d");
  const simulation = await simulationOf({
    ...task,
    reset: () => {},
    observe: (physics) => (body = physics, task.observe(physics)),
  })(undefined as never);
  simulation.reset(new RandomStream([0, 0]));
  const { nq, nv, nu, timestep, bodyMass } = body!;
  assert.deepEqual([nq, nv, nu, timestep, simulation.observe().length], [35, 34, 28, 0.0166, 56]);
  assert.ok(Math.abs(bodyMass.reduce((sum, x) => sum + x) - 45) < 1e-12);
  const model = await Model.take(task.model);
  const { handle, mujoco } = model;
  // chest, neck; on each side shoulder, elbow, hip, knee, ankle.
  const arm = [100, 100, 100, 60];
  const leg = [200, 200, 200, 150, 90, 90, 90];
  const gear = handle.actuator_gear as Float64Array;
  assert.deepEqual(Array.from({ length: 28 }, (_, i) => gear[6 * i]), [
    200,
    200,
    200,
    50,
    50,
    50,
    ...arm,
    ...arm,
    ...leg,
    ...leg,
  ]);
  assert.deepEqual([...handle.actuator_ctrlrange as Float64Array], Array(28).fill([-0.5, 0.5]).flat());
  for (const part of ["dof_armature", "dof_damping"] as const) {
    assert.deepEqual([...handle[part] as Float64Array], [...Array(6).fill(0), ...Array(28).fill(1)], part);
  }
  assert.equal(handle.opt.integrator, mujoco.mjtIntegrator.mjINT_RK4.value);
  model.giveBack();
  // It stands on the ground with its feet, and falls without its motors.
  assert.ok(body!.massCentre()[2] > 0.85 && body!.massCentre()[2] < 0.95);
  let steps = 0;
  for (let over = false; !over; steps++) {
    const { reward, terminated } = simulation.step(new Float32Array(28));
    assert.equal(reward, 1);
    over = terminated;
    assert.equal(over, body!.massCentre()[2] < 0.7);
  }
  assert.ok(steps > 20 && steps < 200, `${steps} steps`);
  simulation.dispose!();
});

/** x, y and z of each of the entities that a simulation places. */
function placesOf(simulation: Simulation): number[][] {
  const numbers = Array.from(simulation.place!());
  return Array.from({ length: numbers.length / 12 }, (_, i) => numbers.slice(12 * i, 12 * i + 3));
}

Deno.test("what is drawn of a body are its geoms where the joints put them, its centre of mass, and its contacts", async () => {
  const still = async (name: MujocoName, changes: Partial<MujocoTask> = {}) => {
    const made = await simulationOf({ ...taskOf(name), reset: () => {}, ...changes })(undefined as never);
    made.reset(new RandomStream([0, 0]));
    return made;
  };
  const close = (found: readonly number[], expected: readonly number[]) =>
    found.forEach((x, i) => assert.ok(Math.abs(x - expected[i]!) < 1e-6, `${found} is not ${expected}`));
  const hopper = await still("hopper");
  const { view, frameSeconds, entities } = hopper.scene!()!;
  assert.deepEqual([view, frameSeconds], ["side", 0.008]);
  const four = (role: string) => Array(4).fill(role);
  assert.deepEqual(entities.map(({ role }) => role), ["ground", ...four("limb"), "massCentre", ...four("force")]);
  assert.deepEqual(entities[4]!.shape, { kind: "capsule", radius: 0.06, length: 0.39 });
  // It stands: the torso from 1.05 to 1.45 m, thigh, leg, and the foot along x.
  const places = placesOf(hopper);
  [[0, 0, 0], [0, 0, 1.25], [0, 0, 0.825], [0, 0, 0.35], [0.065, 0, 0.1]].forEach((x, i) => close(places[i]!, x));
  close(Array.from(hopper.place!()).slice(4 * 12 + 3, 5 * 12), [0, 0, -1, 0, 1, 0, 1, 0, 0]);
  for (let t = 0; t < 200; t++) hopper.step(new Float32Array(3));
  const forces = Array.from(hopper.place!()).slice(6 * 12);
  assert.ok(forces.some((x) => x > 1), "it lies on the ground, which bears it");
  hopper.dispose!();

  // What it follows is a metre in front of it.
  const ghost = ({ qpos }: MujocoState) => qpos.map((x, i) => i === 0 ? x + 1 : x);
  const humanoid = await still("humanoid3d", { ghost });
  const scene = humanoid.scene!()!;
  assert.equal(scene.view, "oblique");
  const [limbs, pale] = ["limb", "ghost"].map((role) => scene.entities.flatMap((x, i) => x.role === role ? [i] : []));
  assert.equal(limbs!.length, 15);
  const seen = placesOf(humanoid);
  limbs!.forEach((i, k) => {
    assert.deepEqual(scene.entities[pale![k]!]!.shape, scene.entities[i]!.shape);
    close(seen[pale![k]!]!, [seen[i]![0]! + 1, seen[i]![1]!, seen[i]![2]!]);
  });
  humanoid.dispose!();
});

/** Ways to become unstable. */
const unstable: readonly [how: string, task: MujocoTask<number>][] = [
  ["forces beyond all bounds, after which MuJoCo resets the state", ball({}, 'gear="1e13" ctrlrange="-5 5"')],
  [
    "forces beyond all bounds, where the model forbids MuJoCo to reset it",
    ball({}, 'gear="1e13" ctrlrange="-5 5"', '<option><flag autoreset="disable"/></option>'),
  ],
  ["forces beyond all bounds, in one step of MuJoCo", ball({ frameSkip: 1 }, 'gear="1e13" ctrlrange="-5 5"')],
  [
    "a speed beyond all bounds after the last step of MuJoCo",
    ball({ frameSkip: 1 }, 'gear="1e9" ctrlrange="-5 5"', '<option timestep="5"/>'),
  ],
];

for (const [how, task, quiet] of unstable.flatMap(([how, task]) => [[how, task, 0], [how, task, 2]] as const)) {
  Deno.test(`instability ends an episode after ${quiet} steps, and is counted: ${how}`, async () => {
    const pool = await Pool.start(worldOf(task), 4, [0, 1]);
    try {
      const { memory } = pool;
      const start = memory.observation.slice();
      for (let t = 0; t < quiet; t++) {
        pool.act(new Float32Array(4));
        await pool.step();
      }
      // Environment 2 is left alone.
      pool.act(Float32Array.of(1, 1, 0, 1));
      await pool.step();
      assert.deepEqual([...memory.terminated], [1, 1, 0, 1]);
      assert.deepEqual([...memory.metrics], [1, 1, 0, 1]);
      assert.deepEqual([memory.reward[0], memory.reward[1], memory.reward[3]], [0, 0, 0]);
      assert.ok(memory.nextObservation.every((x) => Math.abs(x) < 1e10), `${memory.nextObservation}`);
      assert.ok(memory.observation.every((x) => Math.abs(x) <= 1), "the next episodes have begun");
      assert.notDeepEqual(memory.observation, start);
      pool.act(new Float32Array(4));
      await pool.step();
      assert.deepEqual([...memory.metrics], [0, 0, 0, 0], "nothing is left of it");
    } finally {
      pool.dispose();
    }
  });
}

/** The humanoid with so much memory. */
const humanoidWith = (memory: string): MujocoTask => {
  const task = taskOf("humanoid");
  return { ...task, model: task.model.replace('memory="512K"', `memory="${memory}"`) };
};

Deno.test("contacts for which a model has no memory end the episode, and are counted", async () => {
  const simulation = await simulationOf(humanoidWith("30K"))(undefined as never);
  simulation.reset(new RandomStream([1, 2]));
  let steps = 0;
  let { reward, terminated, metrics } = simulation.step(new Float32Array(17));
  for (; steps < 100 && metrics!.unstable === 0; steps++) {
    ({ reward, terminated, metrics } = simulation.step(new Float32Array(17)));
  }
  assert.ok(steps > 10, `${steps}`);
  assert.deepEqual({ reward, terminated, metrics }, { reward: 0, terminated: true, metrics: { unstable: 1 } });
  simulation.dispose!();
});

Deno.test("a model without the memory for a step is told so, with the way out", async () => {
  const world = { ...new MujocoWorld("humanoid", { workers: 0 }), simulation: simulationOf(humanoidWith("10K")) };
  const pool = await Pool.start(world, 1, [0, 0]);
  const fall = async () => {
    for (let t = 0; t < 100; t++) await pool.step();
  };
  await assert.rejects(fall(), {
    name: "SimulationError",
    message:
      /^humanoid: environment 0 .*: MuJoCo: mj_stackAlloc: out of memory.*: give the model more, <size memory="1M"\/>\.$/,
  });
  pool.dispose();
});

Deno.test("simulations go on when the memory of WebAssembly grows, and what is disposed of is free again", async () => {
  const size = '<size memory="20M"/>';
  let heap: ArrayBufferLike | undefined;
  const make = simulationOf(
    ball({ observe: ({ qpos, qvel }) => (heap = qpos.buffer, [...qpos, ...qvel]) }, undefined, size),
  );
  const first = await make(undefined as never);
  const random = new RandomStream([0, 0]);
  first.reset(random);
  const small = heap!.byteLength;
  const others = [];
  for (let i = 0; i < 20; i++) others.push(await make(undefined as never));
  const [before] = first.observe() as ArrayLike<number> as number[];
  first.step(Float32Array.of(1));
  assert.ok(heap!.byteLength > small, "the memory has grown");
  const [after] = first.observe() as ArrayLike<number> as number[];
  assert.ok(after! > before! && after! < before! + 1e-2, `${before} to ${after}`);
  const large = heap!.byteLength;
  for (const simulation of others) simulation.dispose!();
  for (let round = 0; round < 5; round++) {
    const again = [];
    for (let i = 0; i < 20; i++) again.push(await make(undefined as never));
    for (const simulation of again) simulation.dispose!();
  }
  first.step(Float32Array.of(1));
  assert.equal(heap!.byteLength, large, "five times as many fitted into the same memory");
  first.dispose!();
});

Deno.test("a model is compiled once for all environments of a thread, and freed with the last of them", async () => {
  const { model: xml } = ball();
  const [one, two] = [await Model.take(xml), await Model.take(xml)];
  assert.equal(one, two);
  one.giveBack();
  const three = await Model.take(xml);
  assert.equal(three, one);
  two.giveBack();
  three.giveBack();
  assert.ok(three.handle.isDeleted());
  const four = await Model.take(xml);
  assert.notEqual(four, one);
  four.giveBack();
});

/** Models that are none, and what is said of them. */
const refused: readonly [xml: string, message: string][] = [
  [
    "<mujoco><worldbody><body>\n<joint foo='1'/></body></worldbody></mujoco>",
    "unrecognized attribute: 'foo', element 'joint', line 2.",
  ],
  ["<mujoco>\n<worldbody>\n<body></worldbody></mujoco>", "it is no XML: mismatched element, element 'body', line 3."],
  ["hello", "it is no XML: text, line 1."],
  ["", "the text is empty."],
  [
    "<mujoco>\n<worldbody>\n<body name='arm'>\n<joint/></body></worldbody></mujoco>",
    "mass and inertia of moving bodies must be larger than mjMINVAL, element 'body' named 'arm', line 3.",
  ],
  [
    "<mujoco>\n<worldbody>\n<geom type='mesh' mesh='x'/></worldbody></mujoco>",
    "mesh 'x' not found in geom 0, element 'geom', line 3.",
  ],
  [
    "<mujoco><worldbody>\n<geom size='a b'/></worldbody></mujoco>",
    "bad format in attribute 'size', element 'geom', line 2.",
  ],
  [
    "<mujoco><asset><mesh file='x.stl'/></asset></mujoco>",
    "x.stl is not there: a model is one text, which reads no other files.",
  ],
];

for (const [model, message] of refused) {
  Deno.test(`a model that MuJoCo refuses is told by its element and line: ${message}`, async () => {
    await assert.rejects(Pool.start(worldOf(ball({ model })), 1, [0, 0]), {
      name: "SimulationError",
      message: `ball: environment 0 could not be made: MuJoCo refuses the model: ${message}`,
    });
  });
}

Deno.test("worlds of MuJoCo refuse names, options and tasks that there are not", () => {
  assert.throws(() => new MujocoWorld("dog" as MujocoName), {
    code: "G310",
    message: /"hopper", "half_cheetah".*"dog"/,
  });
  assert.throws(() => new MujocoWorld("hopper", { maxSteps: 0 }), {
    message: "hopper: maxSteps is a whole number, 1 or more, not 0.",
  });
  assert.throws(() => new MujocoWorld("ant", { frameSkip: 3 } as never), {
    message: "ant: there is no option `frameSkip`; there are maxSteps, workers, motion, control.",
  });
  assert.throws(() => mujocoSimulation(ball({ frameSkip: 0 })), { code: "G310", message: /frameSkip/ });
  assert.throws(() => mujocoSimulation({ ...ball(), done: () => true } as never), { code: "G310", message: /done/ });
});

Deno.test("a motor's range is what actions are shares of; without one an action is what it is told", async () => {
  for (const [motor, told] of [['ctrlrange="-1 4"', 2.75], ["", 0.5]] as const) {
    let ctrl = NaN;
    const simulation = await simulationOf(ball({ reward: (physics) => ctrl = physics.ctrl[0]! }, motor))(
      undefined as never,
    );
    simulation.reset(new RandomStream([0, 0]));
    simulation.step(Float32Array.of(0.5));
    assert.equal(ctrl, told);
    simulation.dispose!();
  }
});

onEngine("cpu", "PPO learns in a body of MuJoCo bit for bit, whoever steps, and goes on from its state", async () => {
  const options = { ...small, framesPerBatch: 60, envs: 5, hiddenSize: 8, normalizeObservations: true };
  const create = (workers: number) => PPOTrainer.create(new MujocoWorld("hopper", { workers }), options);
  const [whole, first, resumed] = [await create(0), await create(2), await create(1)];
  try {
    for (let i = 0; i < 2; i++) assert.deepEqual(await first.iterate(), await whole.iterate());
    await first.evaluate(3, 0);
    await resumed.restore(await first.state());
    const metrics = await resumed.iterate();
    assert.deepEqual(metrics, await whole.iterate());
    assert.equal(metrics["world/unstable"], 0);
    assert.deepEqual(await resumed.state(), await whole.state());
  } finally {
    for (const trainer of [whole, first, resumed]) trainer.dispose();
  }
});

onEngine("cpu", "a loss that hopes for a gradient through MuJoCo is told so by the name of the world", async () => {
  const simulations = await Simulations.start(new MujocoWorld("hopper", { workers: 0 }), 4, 0);
  const pi = new MLP([11, 8, 3], new HostRandom(1));
  try {
    const { reward } = await simulations.step(pi.forward(simulations.observation).tanh());
    assert.throws(() => reward.mean().neg().backward(), {
      code: "G108",
      message: /the world `hopper` is stepped on the host: no gradient passes it/,
    });
  } finally {
    simulations.dispose();
  }
});
