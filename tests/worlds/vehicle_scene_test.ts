/** The scene in a simulator's words: its joint is a spring with a damper, its car goes where its wheels point, its qpos has a gradient. */

import assert from "node:assert/strict";
import {
  gradients,
  modelNames,
  scan,
  type Tensor,
  tensor,
  VehicleScene,
  type VehicleSceneState,
  zeros,
} from "../../mod.ts";
import { onEngine } from "../engines.ts";
import { interpretNodes } from "../oracle.ts";

const numbersOf = (x: Tensor): number[] => [...interpretNodes([x.node])[0]!];

/** qpos after each of `length` steps towards the target of the steering joint, [time, env, 4]. */
function driven(scene: VehicleScene, target: number, length: number): Tensor {
  scene.car.controlDofsPosition(tensor(target));
  const [last, qpos] = scan(
    (state: VehicleSceneState) => {
      scene.reset(state);
      scene.step();
      return [scene.getState(), scene.car.getQpos()];
    },
    scene.getState(),
    [],
    { length },
  );
  scene.reset(last);
  return qpos;
}

Deno.test("the steering joint goes to its target as a critically damped spring does, and no faster than it can", () => {
  const scene = () => new VehicleScene({ model: "ks", start: { speed: tensor([5]) }, dt: 0.001 });
  const angles = numbersOf(driven(scene(), 1e-3, 300).select(2, 3));
  angles.forEach((angle, i) => {
    const phase = 20 * (i + 1) * 1e-3;
    assert.ok(Math.abs(angle / 1e-3 - (1 - (1 + phase) * Math.exp(-phase))) < 0.01, `${i}: ${angle}`);
  });
  const far = numbersOf(driven(scene(), 0.3, 1500).select(2, 3));
  const fastest = Math.max(...far.map((x, i) => (x - (far[i - 1] ?? 0)) / 1e-3));
  assert.ok(fastest < 0.4 && fastest > 0.39, `${fastest}`);
  assert.ok(Math.abs(far.at(-1)! - 0.3) < 1e-3 && Math.max(...far) < 0.301, `${far.at(-1)}`);
});

Deno.test("a car whose wheels stay turned goes in the circle of its wheelbase, and holds its speed", () => {
  const steering = 0.1;
  const scene = new VehicleScene({
    model: "ks",
    start: { speed: tensor([8]), steering: tensor([steering]) },
    dt: 0.02,
  });
  const radius = (3.793293 + 4.667707) * 0.3048 / Math.tan(steering);
  const qpos = driven(scene, steering, 100);
  const [x, y, heading] = [0, 1, 2].map((i) => numbersOf(qpos.select(2, i)));
  x!.forEach((_, i) => assert.ok(Math.abs(Math.hypot(x![i]!, y![i]! - radius) - radius) < 1e-5, `${i}`));
  assert.ok(Math.abs(heading!.at(-1)! - 16 / radius) < 1e-5);
  const [speed, , yawRate, rate] = numbersOf(scene.car.getDofsVelocity());
  assert.ok(
    Math.abs(speed! - 8 * Math.cos(16 / radius)) < 1e-5 && Math.abs(yawRate! - 8 / radius) < 1e-5 && rate! === 0,
  );
});

Deno.test("a car is brought closer to the speed that is to be held, forwards and backwards, in all models", () => {
  for (const model of modelNames) {
    const scene = new VehicleScene({ model, start: { speed: tensor([6, -2]) } });
    scene.car.controlDofsVelocity(tensor([8, -3]));
    driven(scene, 0, 4);
    const [fast, , , , back, aside] = numbersOf(scene.car.getDofsVelocity());
    // What is missing falls by two a second; the wheels of STD and MB slip before they push.
    const [least, most] = model === "ks" || model === "st" ? [0.3, 0.35] : [0.1, 0.35];
    assert.ok(fast! - 6 > 2 * least && fast! - 6 < 2 * most, `${model}: ${fast}`);
    assert.ok(-2 - back! > least && -2 - back! < most && Math.abs(aside!) < 1e-6, `${model}: ${back}`);
  }
});

onEngine(
  "cpu",
  "qpos of a loop carries its gradient to every command before, as differences in float64 have it",
  async () => {
    const scene = new VehicleScene({ model: "ks", start: { speed: tensor([10]) } });
    const commands = [0.05, -0.1, 0.2, 0.1].map((x) => tensor([x]));
    for (const command of commands) {
      // A loop that is closed: the command, less what the car has come to the side.
      scene.car.controlDofsPosition(command.sub(scene.car.getQpos().select(1, 1).named(null).mul(0.5)));
      scene.step();
    }
    const aside = scene.car.getQpos().select(1, 1).sum();
    const found = await Promise.all(gradients(aside, commands).map((x) => x.item()));
    const at = (i: number, by: number): number => {
      const moved = commands.map((x, k) => [x.node, [numbersOf(x)[0]! + (k === i ? by : 0)]] as const);
      return interpretNodes([aside.node], new Map(moved))[0]![0]!;
    };
    found.forEach((slope, i) => {
      const numeric = (at(i, 1e-5) - at(i, -1e-5)) / 2e-5;
      assert.ok(Math.abs(Number(slope) / numeric - 1) < 1e-3, `${i}: ${slope} for ${numeric}`);
    });
    assert.ok(Number(found[0]) > Number(found[3]) && Number(found[3]) > 0);
  },
);

Deno.test("a scene refuses what it cannot be, and a car commands of another shape, in a sentence", () => {
  const start = { speed: tensor([8, 9]) };
  const scene = new VehicleScene({ start });
  const refusals: readonly (readonly [make: () => unknown, message: string | RegExp])[] = [
    [() => new VehicleScene({ start: {} }), /^VehicleModel\.start\(\) is given at least one of a car's numbers/],
    [() => new VehicleScene({ start, dt: 0 }), "dt of a scene is a time above 0, in seconds, not 0."],
    [() => new VehicleScene({ start, kp: -1 }), "kp of a scene is a gain of at least 0, not -1."],
    [() => new VehicleScene({ start, kv: NaN }), "kv of a scene is a gain of at least 0, not NaN."],
    [
      () => new VehicleScene({ start, model: "tram" as never }),
      /^error\[G310\]: new VehicleModel\(\) takes "ks", "st", "std" or "mb"/,
    ],
    [() => new VehicleScene({} as never), /^error\[G310\]: new VehicleScene\(\) needs `options\.start`/],
    [
      () => scene.car.controlDofsPosition(zeros([3])),
      "controlDofsPosition() takes the target of the steering joint of each car, float32 [env] or [env, 1], here [2], in radians, " +
      "not float32 [3].",
    ],
    [
      () => scene.car.controlDofsVelocity(zeros([1, 2])),
      "controlDofsVelocity() takes the speed to be held of each car, float32 [env] or [env, 1], here [2], in metres a second, " +
      "not float32 [1, 2].",
    ],
  ];
  for (const [make, message] of refusals) assert.throws(make, { message });
});

Deno.test("a scene goes on from the state as it was given, whatever becomes of the object", () => {
  const scene = new VehicleScene({ model: "ks", start: { speed: tensor([5]) } });
  const state = { ...scene.getState() };
  scene.reset(state);
  Object.assign(state, { speed: tensor([9]), car: null });
  assert.deepEqual(numbersOf(scene.getState().speed), [5]);
  assert.deepEqual(scene.car.getQpos().shape, [1, 4]);
});
