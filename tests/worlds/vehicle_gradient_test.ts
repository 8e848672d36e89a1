/** Gradients of whole drives against differences in float64: by all weights of a controller, and by the first action. */

import assert from "node:assert/strict";
import {
  compile,
  concat,
  gradients,
  randomKey,
  scan,
  stack,
  type Tensor,
  tensor,
  Vehicle,
  VehicleModel,
  type VehicleState,
  zeros,
} from "../../mod.ts";
import { onEngine } from "../engines.ts";
import { interpretNodes } from "../oracle.ts";

/** Numbers that the controller sees, and how many units it has. */
const [seen, hidden] = [5, 2];
/** [5, 2], [2], [2, 2], [2], one after the other: it steers against errors, and holds the speed. */
const weights = [
  ...[-0.25, 0.1, -0.9, 0.2, 0.02, -0.6, -0.1, 0.05, -0.05, 0.05],
  ...[0.01, 0.02],
  ...[1.1, 0.05, 0.03, 1.2],
  ...[0.05, -0.015],
];

/** Steps of which the first action counts, and those of which another one does, that comes later. */
const [long, short] = [200, 50];

/** What is added to the inputs of two hundred steps, [time, env, 2]: two numbers of `at`, [env, 4], at the first, two fifty steps before the end. */
function added(at: Tensor): Tensor {
  const [early, late] = at.unsqueeze(0).split(2, 2) as [Tensor, Tensor];
  const none = (steps: number): Tensor => zeros([steps, at.shape[0]!, 2]);
  return concat([early, none(long - short - 1), late, none(short - 1)], 0);
}

/** How far off a car is, [env] each: metres, radians, m/s. */
function errorsOf(world: Vehicle, state: VehicleState): { lateral: Tensor; heading: Tensor; speed: Tensor } {
  const { lateral_rms, heading_rms, speed_rms } = world.measure(state);
  return { lateral: lateral_rms!, heading: heading_rms!, speed: speed_rms! };
}

/** How far off each car is on average over a drive, squared, [env]: its controller has the weights [env, weight], and its actions are added to. */
function drive(world: Vehicle, all: Tensor, more: Tensor): Tensor {
  const [first, bias, second, shift] = all.split([seen * hidden, hidden, hidden * 2, 2], 1) as [
    ...[Tensor, Tensor, Tensor, Tensor],
  ];
  const envs = all.shape[0]!;
  const inner = first.reshape(envs, seen, hidden);
  const outer = second.reshape(envs, hidden, 2);
  const [, losses] = scan(
    (state: VehicleState, nudge: Tensor) => {
      const { lateral, heading, speed } = errorsOf(world, state);
      const { steering, yawRate } = world.model.read(state.car);
      const told = stack([lateral, heading, speed.mul(0.2), steering, yawRate].map((x) => x.named(null)), 1).unsqueeze(
        2,
      );
      const units = told.mul(inner).sum(1).add(bias).tanh().unsqueeze(2);
      const action = units.mul(outer).sum(1).add(shift).tanh().add(nudge).unsqueeze(1);
      const next = world.step(state, action).state;
      const left = errorsOf(world, next);
      return [next, left.lateral.square().add(left.heading.square()).add(left.speed.square().mul(0.05)).named(null)];
    },
    startOf(world, envs),
    more,
  );
  return losses.mean(0);
}

/** One start, for as many cars as there are to be. */
function startOf(world: Vehicle, envs: number): VehicleState {
  const one = world.reset(randomKey(4), 1);
  const names = Object.keys(one) as (keyof VehicleState)[];
  const numbers = interpretNodes(names.map((name) => one[name].node));
  return Object.fromEntries(names.map((name, i) => {
    const { dtype, shape } = one[name];
    const all = Array.from({ length: envs }, () => [...numbers[i]!]).flat();
    return [name, tensor(all, { shape: [envs, ...shape.slice(1)], dtype })];
  })) as unknown as VehicleState;
}

/** Far less than a car moves between two points of its track: the nearest is the same on both sides of a difference. */
const h = 1e-7;

/** Each number moved up and down by itself: a row each. */
const moved = (numbers: readonly number[]): number[][] =>
  numbers.flatMap((_, i) => [h, -h].map((by) => numbers.map((x, k) => k === i ? x + by : x)));

/** Slopes by differences, in float64, of `value` of the rows of {@linkcode moved}, a car each; it is built for so many rows. */
function differences(numbers: readonly number[], value: (rows: Tensor) => Tensor): number[] {
  const rows = moved(numbers);
  const all = tensor(rows);
  const [values] = interpretNodes([value(all).node], new Map([[all.node, rows.flat()]]));
  return numbers.map((_, i) => (values![2 * i]! - values![2 * i + 1]!) / (2 * h));
}

/** Holds the engine's gradient of `value`, of one car, to the differences: each number to a thousandth. */
async function assertAgrees(numbers: readonly number[], value: (rows: Tensor) => Tensor, what: string): Promise<void> {
  const expected = differences(numbers, value);
  const slope = compile((row: Tensor) => gradients(value(row).sum(), [row])[0]!);
  const found = await (await slope(tensor([[...numbers]]))).data();
  slope.dispose();
  expected.forEach((x, i) =>
    assert.ok(Math.abs(found[i]! - x) < 1e-3 * Math.abs(x), `${what}, number ${i}: ${found[i]} for ${x}`)
  );
}

onEngine(
  "cpu",
  "the gradient of a thousand steps of a closed loop by all weights is that of differences, to 1e-3 each",
  () => {
    const world = new Vehicle({ model: "st", track: "circuit", maxSteps: 2000 });
    return assertAgrees(weights, (rows) => drive(world, rows, zeros([1000, rows.shape[0]!, 2])), "a thousand steps");
  },
);

/** How far cars of KS that steer back to a straight way are off it, on average over four seconds, by feedback [env, 3]. */
function straight(feedback: Tensor): Tensor {
  const model = new VehicleModel("ks", { limits: "smooth" });
  const none = zeros([feedback.shape[0]!]);
  const [, aside] = scan(
    (car: Tensor) => {
      const { y, heading, steering } = model.read(car);
      const told = stack([y, heading, steering].map((x) => x.named(null)), 1);
      const next = model.step(car, stack([told.mul(feedback).sum(1), none], 1).named("env", null), 0.02);
      return [next, model.read(next).y.square()];
    },
    model.start({ speed: none.add(15), y: none.add(1) }),
    [],
    { length: 200 },
  );
  return aside.mean(0).named(null);
}

// ST, and the world with its track, take a software GPU half a minute to compile.
onEngine(
  "webgpu",
  "the gradient of two hundred steps of a closed loop by its feedback is that of differences, to 1e-3",
  () => assertAgrees([-0.6, -3, -6], straight, "two hundred steps"),
);

onEngine("cpu", "the gradient of 200 and of 50 steps by the first action is that of differences, to 1e-3", () => {
  const world = new Vehicle({ model: "st", track: "circuit", maxSteps: 2000 });
  const controllers = (at: Tensor): Tensor => tensor([weights]).expand(at.shape[0]!, weights.length);
  return assertAgrees([0.02, 0.2, -0.02, 0.1], (at) => drive(world, controllers(at), added(at)), "ST");
});

/** Cars of STD that are steered into a bend until their tyres give no more: where they are, [env], and their acceleration across, m/s^2. */
function atTheLimit(at: Tensor): { place: Tensor; across: Tensor } {
  const model = new VehicleModel("std", { limits: "smooth" });
  const none = zeros([at.shape[0]!]);
  const [end] = scan(
    (car: Tensor, more: Tensor) => {
      const { steering, speed } = model.read(car);
      const asked = [none.add(0.14).sub(steering.named(null)).mul(5), none.add(22).sub(speed.named(null)).mul(2)];
      return [model.step(car, stack(asked, 1).add(more).named("env", null), 0.01, { substeps: 2 }), []];
    },
    model.start({ speed: none.add(22) }),
    added(at),
  );
  const { x, y, speed, yawRate } = model.read(end);
  const slipRate = model.derivative(end, zeros([at.shape[0]!, 2])).select(1, model.states.indexOf("slip"));
  return { place: x.mul(0.3).add(y).named(null), across: speed.mul(yawRate.add(slipRate)) };
}

onEngine("cpu", "so is that of STD at the limit of grip, by a steering rate and an acceleration", async () => {
  const numbers = [0.1, 0.5, -0.05, -0.5];
  const [across] = interpretNodes([atTheLimit(tensor([numbers])).across.node]);
  const share = across![0]! / (1.0489 * 9.81);
  assert.ok(share > 0.85 && share < 1.05, `${share} of the grip`);
  await assertAgrees(numbers, (at) => atTheLimit(at).place, "STD");
});
