/** Motions that humanoid3d imitates: how they are read, what imitating them is worth, and that the walk that is made here walks. */

import assert from "node:assert/strict";
import {
  type MotionClip,
  motionClip,
  type MotionName,
  type MujocoControl,
  type MujocoState,
  type MujocoTask,
  MujocoWorld,
  RandomStream,
} from "../../mod.ts";
import { Pool } from "../../lib/worlds/host/pool.ts";
import { Model } from "../../lib/worlds/mujoco/model.ts";
import { taskOf } from "../../lib/worlds/mujoco/simulation.ts";
import { bodiesOf, type Pose, rewardOf, turned } from "./imitation_reference.ts";

const imitating = (motion: MotionName | MotionClip, control: MujocoControl = "torque"): MujocoTask =>
  taskOf("humanoid3d", { motion, control });

/** What a task looks at of an environment, without MuJoCo. */
function stateAt(time = 0): MujocoState {
  return { time, qpos: new Float64Array(35), qvel: new Float64Array(34) } as unknown as MujocoState;
}

/** The terms of the reward in a state. */
function termsOf(task: MujocoTask, state: MujocoState): Record<string, number> {
  task.observe(state);
  const terms: Record<string, number> = {};
  const reward = task.reward(state, undefined);
  task.measure!(state, terms);
  assert.equal(terms.imitation, reward);
  return terms;
}

/** A frame in which everything is straight. */
const straight: readonly number[] = [
  ...[0.5, 0, 0.9, 0],
  ...Array(3).fill([1, 0, 0, 0]).flat(),
  ...Array(2).fill([[1, 0, 0, 0], [0], [1, 0, 0, 0], [1, 0, 0, 0], [0]]).flat(2),
];

/** That frame with other numbers, by their columns. */
const frame = (changes: Readonly<Record<number, unknown>> = {}): number[] =>
  straight.map((x, i) => i in changes ? changes[i] as number : x);

const near = (a: number, b: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${what}: ${a}, not ${b}`);

Deno.test("the reward is that of DeepMimic, computed from quaternions and MuJoCo's own bodies", async () => {
  const bodies = await bodiesOf(imitating("stand").model);
  const random = new RandomStream([3, 4]);
  const uniform = (size: number): number => size * (2 * random.next() - 1);
  for (let round = 0; round < 10; round++) {
    // At the middle one of three frames the speeds are those from the first to the last.
    const size = round < 5 ? 0.1 : 0.4;
    const poses = [0, 1, 2].map((): Pose => bodies.randomPose(() => uniform(size)));
    const clip: MotionClip = { Loop: "none", Frames: poses.map((pose) => [0.25, ...bodies.columns(pose)]) };
    const state = stateAt(0.25);
    state.qpos.forEach((_, i) => state.qpos[i] = uniform(size) + (i === 2 ? 0.8 : 0));
    const quaternion = turned([uniform(1), uniform(0.3), uniform(0.3)]);
    state.qpos.set(quaternion, 3);
    state.qvel.forEach((_, i) => state.qvel[i] = uniform(5 * size));
    const terms = termsOf(imitating(clip), state);
    const expected = rewardOf(bodies, state, poses as [Pose, Pose, Pose], 0.5);
    for (const [name, x] of Object.entries(expected)) near(terms[name]!, x, 1e-7, `${name} in round ${round}`);
    assert.ok(terms.imitation! > 0.02 && terms.imitation! < 0.98);
  }
});

for (const motion of ["stand", "walk"] as const) {
  Deno.test(`${motion}: an episode begins anywhere in the motion, and the motion itself is worth 1`, () => {
    const task = imitating(motion);
    const random = new RandomStream([1, 2]);
    const times: number[] = [];
    for (let i = 0; i < 50; i++) {
      const state = stateAt();
      task.reset!(state, random);
      times.push(state.time);
      for (const [name, x] of Object.entries(termsOf(task, state))) near(x, 1, 1e-9, name);
      assert.deepEqual([task.terminated!(state), task.truncated!(state)], [false, false]);
      // Where the reference is, from the root: here, and ahead.
      const seen = Array.from(task.observe(state));
      [0, 0, 1, 0].forEach((x, k) => near(seen[66 + k]!, x, 1e-9, `number ${66 + k} of what is seen`));
      assert.deepEqual(Array.from(task.ghost!(state)), Array.from(state.qpos));
    }
    const duration = motionClip(motion).Frames.slice(0, -1).reduce((sum, [seconds]) => sum + seconds!, 0);
    assert.ok(
      Math.min(...times) < 0.2 * duration && Math.max(...times) > 0.8 * duration && Math.max(...times) < duration,
    );
  });
}

Deno.test("the walk begins again after its last frame, from where it has come to", () => {
  const task = imitating("walk");
  const at = (time: number): Float64Array => Float64Array.from(task.ghost!(stateAt(time)));
  const phaseAt = (time: number): number[] => {
    const state = stateAt(time);
    state.qpos.set(at(time));
    return Array.from(task.observe(state)).slice(70);
  };
  for (const time of [0, 0.3, 1.29]) {
    const [first, second, third] = [at(time), at(time + 1.3), at(time + 2.6)];
    near(second[0]! - first[0]!, 1, 1e-9, "a stride");
    near(third[0]! - first[0]!, 2, 1e-9, "two strides");
    for (let i = 1; i < 35; i++) near(third[i]!, first[i]!, 1e-9, `qpos ${i}`);
    const angle = 2 * Math.PI * time / 1.3;
    [Math.cos(angle), Math.sin(angle)].forEach((x, k) => near(phaseAt(time + 1.3)[k]!, x, 1e-9, "phase"));
  }
  // Also across the seam it moves smoothly.
  const [before, after] = [at(1.3 - 1e-6), at(1.3 + 1e-6)];
  for (let i = 0; i < 35; i++) near(before[i]!, after[i]!, 1e-4, `qpos ${i}`);
});

Deno.test("a motion that does not loop is cut off at its end, and not terminated", async () => {
  const clip: MotionClip = { Loop: "none", Frames: [frame({ 0: 0.0166 * 10 }), frame()] };
  const pool = await Pool.start(new MujocoWorld("humanoid3d", { motion: clip, workers: 0 }), 6, [0, 0]);
  try {
    const cut = new Uint8Array(6);
    for (let t = 0; t < 10; t++) {
      await pool.step();
      assert.deepEqual([...pool.memory.terminated], Array(6).fill(0));
      pool.memory.truncated.forEach((x, env) => cut[env]! |= x);
    }
    assert.deepEqual([...cut], Array(6).fill(1), "none is longer than the motion");
  } finally {
    pool.dispose();
  }
  const task = imitating(clip);
  const phase = (time: number): number[] =>
    Array.from(task.observe({ ...stateAt(time), qpos: Float64Array.from(task.ghost!(stateAt(time))) })).slice(70);
  near(phase(0)[0]!, 1, 1e-9, "it begins at one end of half a circle");
  near(phase(0.166)[0]!, -1, 1e-9, "it ends at the other");
});

Deno.test("DeepMimic's frames are read: y upward, quaternions with w first, knees and elbows by their angles", () => {
  const half = Math.SQRT1_2;
  const clip: MotionClip = {
    Loop: "none",
    Frames: [
      // A quarter turn to the left about y; the chest a radian forward about -z, the right hip aside about x.
      frame({
        0: 1,
        1: 1,
        2: 2,
        3: 3,
        4: half,
        6: half,
        8: Math.cos(0.5),
        11: -Math.sin(0.5),
        16: Math.cos(0.2),
        17: Math.sin(0.2),
        20: -0.5,
        29: 0.7,
      }),
      frame({
        0: 0,
        1: 3,
        2: 2,
        3: 3,
        4: half,
        6: half,
        8: Math.cos(0.5),
        11: -Math.sin(0.5),
        16: Math.cos(0.2),
        17: Math.sin(0.2),
        20: -1.5,
        29: 0.7,
      }),
    ],
  };
  const task = imitating(clip);
  const qpos = Array.from(task.ghost!(stateAt(0.25)));
  const expected = Array(35).fill(0);
  // Half a metre further of the two from 1; DeepMimic's z is to the right.
  expected.splice(0, 7, 1.5, -3, 2, half, 0, 0, half);
  // Chest, about y of MuJoCo; the right elbow; the right hip and knee.
  expected[8] = 1;
  expected[16] = 0.7;
  expected[21] = 0.4;
  expected[24] = -0.75;
  qpos.forEach((x, i) => near(x, expected[i], 1e-7, `qpos ${i}`));
  const state = stateAt();
  task.reset!(state, new RandomStream([0, 0]));
  near(state.qvel[0]!, 2, 1e-9, "metres a second");
  near(state.qvel[23]!, -1, 1e-9, "the knee's radians a second");
});

/** What is no motion, and what is said of it. */
const refused: readonly (readonly [motion: unknown, message: string])[] = [
  [[], 'a motion is an object { "Loop": "wrap", "Frames": [..] }, as DeepMimic\'s files hold it, not an array.'],
  [
    { Frames: [frame(), frame()] },
    '"Loop" is "wrap", if it begins again after its last frame, or "none", and is missing.',
  ],
  [{ Loop: "loop", Frames: [] }, '"Loop" is "wrap", if it begins again after its last frame, or "none", not "loop".'],
  [{ Loop: "wrap", Frames: "walk" }, '"Frames" is a list of frames, not the text "walk".'],
  [{ Loop: "wrap", Frames: [] }, '"Frames" has no frames, and a motion at least 2: a pose is two that are equal.'],
  [{ Loop: "wrap", Frames: [frame()] }, '"Frames" has 1 frame, and a motion at least 2: a pose is two that are equal.'],
  [{ Loop: "wrap", Frames: [frame(), 3] }, "frame 2 of 2 is the number 3, not a list of 44 numbers."],
  [
    { Loop: "wrap", Frames: [frame(), frame().slice(1)] },
    "frame 2 of 2 has 43 columns, and those of humanoid3d have 44: duration, root position (3), root rotation (4), chest (4), " +
    "neck (4), right hip (4), right knee, right ankle (4), right shoulder (4), right elbow, left hip (4), left knee, " +
    "left ankle (4), left shoulder (4), left elbow.",
  ],
  [
    { Loop: "wrap", Frames: [frame({ 2: null }), frame()] },
    "frame 1 of 2: column 3 (root position) is a finite number, not null.",
  ],
  [
    { Loop: "wrap", Frames: [frame(), frame({ 20: "x" })] },
    'frame 2 of 2: column 21 (right knee) is a finite number, not "x".',
  ],
  [
    { Loop: "wrap", Frames: [frame({ 8: 0.5 }), frame()] },
    "frame 1 of 2: columns 9 to 12 (chest) have the length 0.5, and a quaternion (w, x, y, z) has 1: write each orientation as " +
    "one, not as angles.",
  ],
  [
    { Loop: "wrap", Frames: [frame({ 0: 0 }), frame()] },
    "frame 1 of 2: column 1 (duration) is 0: a frame that is not the last one lasts more than 0 seconds.",
  ],
  [
    { Loop: "wrap", Frames: [frame({ 0: 1e308 }), frame({ 0: 1e308 }), frame()] },
    "the frames last Infinity seconds together, and a motion 1,000,000 at most.",
  ],
  [
    { Loop: "none", Frames: [frame(), frame({ 1: 1e308 })] },
    "frame 1 of 2 moves at more than 10,000 m/s, or turns at as many radians a second: durations are in seconds, positions in " +
    "metres.",
  ],
];

for (const [motion, message] of refused) {
  Deno.test(`what is no motion is refused with what is wrong, and where: ${message}`, () => {
    assert.throws(() => new MujocoWorld("humanoid3d", { motion: motion as MotionClip }), {
      name: "RangeError",
      message: `humanoid3d: motion: ${message}`,
    });
  });
}

Deno.test("motions and controls that there are not are refused", () => {
  const make = (name: "hopper" | "humanoid3d", options: object) => () => new MujocoWorld(name, options);
  assert.throws(make("humanoid3d", { motion: "run" }), {
    message: 'humanoid3d: motion is one of stand, walk, or an object in DeepMimic\'s format, not "run".',
  });
  assert.throws(make("humanoid3d", { motion: "walk", control: "muscle" }), {
    message: 'humanoid3d: control is one of torque, target, not "muscle".',
  });
  assert.throws(make("humanoid3d", { control: "target" }), {
    message: 'humanoid3d: control "target" is for imitating a motion: give a motion too.',
  });
  assert.throws(make("hopper", { motion: "walk" }), {
    message: "hopper: motions are of the body humanoid3d: leave motion out.",
  });
});

/** Corners of the feet in the world over a cycle of the walk, by MuJoCo: [moment, corner, axis]. */
async function cornersOf(side: "right" | "left", moments: readonly number[]): Promise<number[][][]> {
  const task = imitating("walk");
  const model = await Model.take(task.model);
  const { mujoco, handle } = model;
  const data = new mujoco.MjData(handle);
  const bodyId = handle.body(`${side}_ankle`).id as number;
  const geom = (handle.geom_bodyid as Int32Array).indexOf(bodyId);
  const [a, b, c] = (handle.geom_size as Float64Array).slice(3 * geom, 3 * geom + 3) as unknown as [
    number,
    number,
    number,
  ];
  const corners = moments.map((share) => {
    (data.qpos as Float64Array).set(task.ghost!(stateAt(1.3 * share)));
    mujoco.mj_kinematics(handle, data);
    const at = (data.geom_xpos as Float64Array).slice(3 * geom, 3 * geom + 3);
    const turn = (data.geom_xmat as Float64Array).slice(9 * geom, 9 * geom + 9);
    return [[-a, -b], [-a, b], [a, -b], [a, b]].map(([x, y]) =>
      [0, 1, 2].map((k) => at[k]! + turn[3 * k]! * x! + turn[3 * k + 1]! * y! - turn[3 * k + 2]! * c)
    );
  });
  data.delete();
  model.giveBack();
  return corners;
}

for (const [side, begins] of [["right", 0], ["left", 0.5]] as const) {
  Deno.test(`the ${side} foot stands still on the ground, neither in it nor above it, and clears it in between`, async () => {
    const stance = Array.from({ length: 125 }, (_, i) => begins + 0.62 * i / 124);
    const standing = await cornersOf(side, stance);
    const places: number[][][] = [[], [], [], []];
    for (const corners of standing) {
      const lowest = Math.min(...corners.map(([, , z]) => z!));
      assert.ok(Math.abs(lowest) < 0.003, `the sole is ${lowest} m above the ground`);
      corners.forEach(([x, y, z], k) => z! < lowest + 0.001 && places[k]!.push([x!, y!]));
    }
    for (const touched of places) {
      const spread = [0, 1].map((axis) => {
        const all = touched.map((place) => place[axis]!);
        return Math.max(...all) - Math.min(...all);
      });
      assert.ok(touched.length > 10 && Math.hypot(...spread) < 0.01, `a corner slides ${spread} m`);
    }
    const swing = Array.from({ length: 60 }, (_, i) => begins + 0.62 + 0.38 * (i + 0.5) / 60);
    const heights = (await cornersOf(side, swing)).map((corners) => Math.min(...corners.map(([, , z]) => z!)));
    assert.ok(Math.min(...heights) > -0.003, `${Math.min(...heights)}`);
    assert.ok(Math.min(...heights.slice(20, 40)) > 0.01, "it is lifted");
  });
}

Deno.test("the walk bends its joints as a person does, within what the body can", async () => {
  const task = imitating("walk");
  const model = await Model.take(task.model);
  const ranges = (model.handle.jnt_range as Float64Array).slice(2);
  model.giveBack();
  const poses = Array.from({ length: 130 }, (_, i) => Float64Array.from(task.ghost!(stateAt(0.01 * i))));
  for (const qpos of poses) {
    for (let i = 0; i < 28; i++) {
      assert.ok(qpos[7 + i]! >= ranges[2 * i]! && qpos[7 + i]! <= ranges[2 * i + 1]!, `joint ${i}`);
    }
  }
  const degrees = (joint: number): number[] => poses.map((qpos) => -qpos[joint]! * 180 / Math.PI);
  // The right hip about y and the right knee; the left ones half a cycle later.
  const [hip, knee] = [degrees(22), degrees(24)];
  assert.ok(Math.max(...hip) > 20 && Math.max(...hip) < 40 && Math.min(...hip) < 0 && Math.min(...hip) > -25);
  assert.ok(Math.max(...knee) > 45 && Math.max(...knee) < 70 && Math.min(...knee) < 15 && Math.min(...knee) > 0);
  assert.ok(knee.indexOf(Math.max(...knee)) / 130 > 0.6, "the knee is bent most in its swing");
  const left = degrees(29);
  for (let i = 0; i < 65; i++) near(left[i]!, hip[i + 65]!, 1e-6, "the left hip");
});

Deno.test("an episode ends where the body has lost the motion: 20 cm too high or low, or a metre away", () => {
  const task = imitating("stand");
  const moved = (axis: number, by: number): boolean => {
    const state = stateAt(0.5);
    state.qpos.set(task.ghost!(state));
    state.qpos[axis]! += by;
    task.observe(state);
    return task.terminated!(state);
  };
  for (const [axis, most] of [[0, 1], [1, 1], [2, 0.2]] as const) {
    for (const sign of [1, -1]) {
      assert.deepEqual(
        [moved(axis, sign * (most - 1e-6)), moved(axis, sign * (most + 1e-6))],
        [false, true],
        `axis ${axis}`,
      );
    }
  }
});

Deno.test("what is seen of the root is seen from the root, and where it stands and faces in the world is not", () => {
  const task = imitating("walk");
  const seen = (quarterTurns: number): number[] => {
    const state = stateAt(0.4);
    state.qpos.set(task.ghost!(state));
    const [sine, cosine] = [Math.sin(0.1), Math.cos(0.1)];
    // Leaning to the side by 0.2, then turned about z.
    const angle = quarterTurns * Math.PI / 4;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    state.qpos.set([c * cosine, c * sine, s * sine, s * cosine], 3);
    state.qvel.set(quarterTurns === 0 ? [1, 2, 3] : [-2, 1, 3]);
    return Array.from(task.observe(state));
  };
  const [ahead, aside] = [seen(0), seen(1)];
  assert.equal(ahead.length, 72);
  // Joints, height, up, velocities; what follows says where the reference is.
  for (let i = 0; i < 66; i++) near(aside[i]!, ahead[i]!, 1e-9, `number ${i}`);
  near(ahead[58]!, Math.sin(0.2), 1e-9, "up, in the frame of one who leans");
  [1, 0].forEach((x, k) => near(ahead[68 + k]!, x, 1e-9, "facing as the reference"));
  [0, -1].forEach((x, k) => near(aside[68 + k]!, x, 1e-9, "the reference faces to the right"));
});

const parts = ["observation", "nextObservation", "reward", "metrics", "terminated", "truncated"] as const;

for (const control of ["torque", "target"] as const) {
  Deno.test(`imitation by ${control}s does not depend on who steps, and goes on bit for bit from what was saved`, async () => {
    const world = (workers: number) =>
      new MujocoWorld("humanoid3d", { motion: "walk", control, workers, maxSteps: 40 });
    const [alone, shared, resumed] = await Promise.all(
      [0, 2, 1].map((n) => Pool.start(world(n), 3, [0, n === 1 ? 5 : 1])),
    );
    try {
      const step = async (t: number, ...pools: Pool[]): Promise<void> => {
        for (const pool of pools) {
          pool.act(Float32Array.from(pool.memory.action, (_, i) => Math.sin(0.3 * t + i * i)));
          await pool.step();
        }
        for (const part of parts) {
          for (const pool of pools) assert.deepEqual(pool.memory[part], pools[0]!.memory[part], `${part} at ${t}`);
        }
      };
      for (let t = 0; t < 25; t++) await step(t, alone!, shared!);
      await resumed!.restore(await shared!.save());
      for (let t = 25; t < 50; t++) await step(t, alone!, shared!, resumed!);
    } finally {
      for (const pool of [alone, shared, resumed]) pool!.dispose();
    }
  });
}

Deno.test("by target angles the body stands without being told anything, by torques it falls", async () => {
  for (const control of ["target", "torque"] as const) {
    const world = new MujocoWorld("humanoid3d", { motion: "stand", control, workers: 0 });
    const pool = await Pool.start(world, 1, [0, 0]);
    let [steps, worth] = [0, 0];
    for (; steps < 120 && pool.memory.terminated[0] === 0; steps++) {
      await pool.step();
      worth += pool.memory.reward[0]!;
    }
    pool.dispose();
    if (control === "target") assert.ok(steps === 120 && worth / steps > 0.95, `${steps} steps worth ${worth}`);
    else assert.ok(steps < 100, `${steps} steps`);
  }
});

Deno.test("a motion that is given in DeepMimic's format is imitated as the one that has a name", async () => {
  const start = (motion: MotionName | MotionClip) =>
    Pool.start(new MujocoWorld("humanoid3d", { motion, workers: 1 }), 2, [4, 5]);
  const [named, given] = [await start("walk"), await start(JSON.parse(JSON.stringify(motionClip("walk"))))];
  for (let t = 0; t < 3; t++) {
    for (const pool of [named, given]) await pool.step();
    for (const part of parts) assert.deepEqual(given.memory[part], named.memory[part], part);
  }
  named.dispose();
  given.dispose();
});
