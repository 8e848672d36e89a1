/** The vehicle world: where cars begin, when episodes end, what is measured, and the gradient of a drive. */

import assert from "node:assert/strict";
import {
  type Controller,
  Evaluator,
  gradients,
  randomKey,
  scan,
  type Tensor,
  tensor,
  Track,
  Vehicle,
  type VehicleState,
} from "../../mod.ts";
import { interpretNodes } from "../oracle.ts";
import { onEachEngine, onEngine } from "../engines.ts";

onEachEngine("cars begin near their track, and a fresh state is seen as it is", async () => {
  const world = new Vehicle({ track: "random", trackCount: 3, spread: 0.2 });
  const state = world.reset(randomKey(1), 200);
  const measured = world.measure(state);
  const lateral = await measured.lateral_max!.data();
  assert.ok(lateral.every((x) => x < 0.6) && lateral.some((x) => x > 0.3));
  assert.ok((await measured.heading_max!.data()).every((x) => x < 0.15));
  const tracks = new Set(await state.track.data());
  assert.deepEqual([...tracks].sort(), [0, 1, 2]);
  const mass = await state.mass.data();
  assert.ok(mass.every((x) => x >= 0.8 && x < 1.2) && Math.max(...mass) > 1.15);
  const seen = await world.observe(state).data();
  assert.ok(seen.every(Number.isFinite) && Math.max(...seen.map(Math.abs)) < 10);
  assert.equal(seen.length, 200 * world.observationSize);
});

onEngine("cpu", "an episode ends where the car leaves the track, turns its back on it, or is nowhere", async () => {
  const world = new Vehicle({ track: "circuit" });
  const state = world.reset(randomKey(0), 4);
  const spoil = (row: number, column: number, value: number): Tensor => {
    const by = Array.from(
      { length: 4 },
      (_, env) => Array.from({ length: 7 }, (_, i) => env === row && i === column ? value : 0),
    );
    return tensor(by);
  };
  // Five metres aside, half a turn, and a speed that is no number.
  const car = state.car.add(spoil(0, 0, 5)).add(spoil(0, 1, 5)).add(spoil(1, 4, Math.PI)).add(spoil(2, 3, NaN));
  const { terminated, truncated, reward } = world.step({ ...state, car }, tensor([[0, 0]]).expand(4, 2).unsqueeze(1));
  assert.deepEqual(await terminated.toList(), [true, true, true, false]);
  assert.deepEqual(await truncated.toList(), [false, false, false, false]);
  const rewards = await reward.data();
  assert.deepEqual([...rewards.subarray(0, 3)], [0, 0, 0]);
  assert.ok(rewards[3]! > 0.2 && rewards[3]! <= 1);
});

/** Steers against the errors, and drives at the speed that is meant. */
const careful: Controller = (seen) => {
  const [lateral, heading, speed, curvature] = seen.select(1, 0).unbind(1) as [Tensor, Tensor, Tensor, Tensor];
  const steer = curvature.mul(2.8 / 0.5 / 30).sub(lateral.mul(0.3 / 4)).sub(heading.mul(1.2 / 10));
  return steer.named(null).unsqueeze(1).mul(tensor([[1, 0]]))
    .add(speed.named(null).mul(-0.4).unsqueeze(1).mul(tensor([[0, 1]]))).unsqueeze(1);
};

onEngine("cpu", "an evaluation shows the errors of whole episodes, and an open track ends them", async () => {
  const { length, terminated, metrics } = await new Evaluator(new Vehicle({ track: "lane_change" }), careful).run(6, 0);
  assert.ok(terminated.every((x) => x === 0));
  // 200 m at 15 m/s are 13 s, or 267 steps of 400.
  assert.ok(length.every((x) => x > 230 && x < 330), `${length}`);
  assert.deepEqual(Object.keys(metrics!), [
    "lateral_rms",
    "lateral_settled",
    "lateral_max",
    "heading_rms",
    "heading_max",
    "speed_rms",
    "speed",
  ]);
  metrics!.lateral_rms!.forEach((rms, i) => assert.ok(rms < 0.6 && rms < metrics!.lateral_max![i]!, `${rms}`));
  assert.ok(metrics!.speed!.every((x) => x > 12 && x < 15.5));
});

Deno.test("the gradient by the first action of fifty steps of ST, and of five of STD, agrees with differences in float64", () => {
  for (const model of ["st", "std"] as const) {
    const world = new Vehicle({ model, track: "circuit" });
    const begun = world.reset(randomKey(2), 1);
    const numbers = interpretNodes([begun.car.node, begun.at.node]);
    const start: VehicleState = {
      ...begun,
      car: tensor([[...numbers[0]!]]),
      at: tensor([...numbers[1]!], { dtype: "int32" }),
      track: tensor([0], { dtype: "int32" }),
      ...{ mass: tensor([1]), grip: tensor([1]), lag: tensor([1]), pushing: tensor([0]) },
      steps: tensor([0], { dtype: "int32" }),
    };
    const action = tensor([[[0.1, 0.2]]]);
    const first = world.step(start, action);
    const [, rewards] = scan(
      (state: VehicleState) => {
        const next = world.step(state, careful(world.observe(state), randomKey(0)));
        return [next.state, next.reward];
      },
      first.state,
      [],
      { length: model === "st" ? 49 : 4 },
    );
    const value = first.reward.sum().add(rewards.sum());
    const exact = interpretNodes([gradients(value, [action])[0]!.node])[0]!;
    const at = (a: readonly number[]) => interpretNodes([value.node], new Map([[action.node, a]]))[0]![0]!;
    [0.1, 0.2].forEach((_, i) => {
      const moved = (by: number) => [0.1, 0.2].map((x, k) => k === i ? x + by : x);
      const numeric = (at(moved(1e-5)) - at(moved(-1e-5))) / 2e-5;
      assert.ok(Math.abs(exact[i]! - numeric) < 1e-3 * Math.abs(numeric), `${model} ${i}: ${exact[i]} for ${numeric}`);
    });
  }
});

Deno.test("a vehicle refuses what it cannot be, in a sentence", () => {
  const open = new Track([[0, 0], [50, 0], [100, 0]]);
  const refusals: readonly (readonly [options: object, message: string])[] = [
    [{ maxSteps: 0 }, "vehicle: maxSteps is a whole number, 1 or more, not 0."],
    [{ model: "car" }, 'vehicle: model is one of ks, st, std, mb, not "car".'],
    [
      { track: "oval" },
      'vehicle: track is one of lane_change, slalom, hairpin, circuit, random, a Track, or a list of them, not "oval".',
    ],
    [{ spread: 1 }, "vehicle: spread is a number from 0, below 1, not 1."],
    [{ maxSpeed: -3 }, "vehicle: maxSpeed is a number above 0, not -3."],
    [
      { model: "mb", car: "f1tenth" },
      "the model mb needs the sprungMass of a car, which f1tenth has not: it drives as ks and st.",
    ],
    [
      { track: [open, Track.named("circuit")] },
      "vehicle: the tracks of a world are all open or all closed; make two worlds of them.",
    ],
  ];
  for (const [options, message] of refusals) assert.throws(() => new Vehicle(options), { name: "RangeError", message });
});
