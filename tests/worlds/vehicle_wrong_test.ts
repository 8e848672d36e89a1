/** Nothing of a car is wrong in silence: no number, no way, no place, no direction and no horizon that cannot be. */

import assert from "node:assert/strict";
import {
  Adam,
  type ControllerName,
  controllerOf,
  Evaluator,
  HostRandom,
  MLP,
  modelNames,
  randomKey,
  scan,
  type Tensor,
  tensor,
  Track,
  Vehicle,
  VehicleScene,
  type VehicleSceneState,
  type VehicleState,
  zeros,
} from "../../mod.ts";
import { remembering } from "../../lib/worlds/controllers.ts";
import { onEngine } from "../engines.ts";
import { interpretNodes } from "../oracle.ts";

/** A network that steers two cars for `steps` steps, one of them at `speed`, and learns from where they were. */
function lesson(speed: number, steps: number) {
  const net = new MLP([4, 4, 1], new HostRandom(0));
  const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
  const learn = async (): Promise<void> => {
    const scene = new VehicleScene({ model: "ks", start: { speed: tensor([8, speed]), y: tensor([1, 1]) } });
    const [, aside] = scan(
      (state: VehicleSceneState) => {
        scene.reset(state);
        scene.car.controlDofsPosition(net.forward(scene.car.getQpos()).tanh().mul(0.3));
        scene.step();
        return [scene.getState(), scene.car.getQpos().select(1, 1).square()];
      },
      scene.getState(),
      [],
      { length: steps },
    );
    aside.mean().backward();
    optimizer.step();
    await net.layers[0]!.weight.data();
  };
  return { net, learn };
}

onEngine("cpu", "a speed that is no number is named where it was given, and nothing is learned from it", async () => {
  const { net, learn } = lesson(NaN, 3);
  const before = await net.layers[0]!.weight.toList();
  await assert.rejects(learn, {
    message:
      /^error\[G404\]: a constant held NaN before the step\.[^]*new VehicleScene[^]*NaN from a constant float32 \[2\]/,
  });
  assert.deepEqual(await net.layers[0]!.weight.toList(), before);
});

onEngine("cpu", "a drive of no steps has no mean and reaches no parameter: both are told", async () => {
  await assert.rejects(lesson(8, 0).learn, {
    message: /^error\[G401\]: in mean\(\), div\(\) made NaN\. The loss went bad\./,
  });
  const scene = new VehicleScene({ start: { speed: tensor([8]) } });
  assert.throws(() => scene.car.getQpos().select(1, 1).square().mean().backward(), {
    message: /^error\[G101\]: gradient cut: the loss reaches no parameter/,
  });
});

/** A start of `world`, whose cars go at `speed`. */
function startAt(world: Vehicle, speed: number): VehicleState {
  const begun = world.reset(randomKey(0), 2);
  const { x, y, heading } = world.model.read(begun.car);
  return { ...begun, car: world.model.start({ x, y, heading, speed: tensor([speed, speed]) }) };
}

onEngine(
  "cpu",
  "cars that go backwards come back along their heading, and are as much too slow as they are",
  async () => {
    for (const model of modelNames) {
      const world = new Vehicle({ model, track: "circuit" });
      const start = startAt(world, -3);
      const { state, terminated } = world.step(start, zeros([2, 1, 2]));
      const [from, to] = [world.model.read(start.car), world.model.read(state.car)];
      const moved = [to.x.sub(from.x), to.y.sub(from.y)].map((x) => x.named(null));
      const heading = from.heading.named(null);
      const along = moved[0]!.mul(heading.cos()).add(moved[1]!.mul(heading.sin()));
      (await along.data()).forEach((x) => assert.ok(Math.abs(x + 0.15) < 1e-3, `${model}: ${x}`));
      // The circuit is driven at 15 m/s there.
      (await world.measure(state).speed_rms!.data()).forEach((x) =>
        assert.ok(Math.abs(x + 18) < 1e-2, `${model}: ${x}`)
      );
      assert.deepEqual(await terminated.toList(), [false, false]);
    }
    const world = new Vehicle();
    const seen = world.observe(startAt(world, -3));
    for (const name of ["stanley", "pure_pursuit", "lqr"] as readonly ControllerName[]) {
      const [decided] = remembering(controllerOf(world, name)).decide(seen, {}, randomKey(0));
      const action = await decided.data();
      // Whatever the wheels do, the engine pushes.
      assert.ok(action.every(Number.isFinite) && action[1] === 1 && action[3] === 1, `${name}: ${action}`);
    }
    const planner = remembering(controllerOf(world, "ilqr"));
    const [first, plan] = planner.decide(seen, planner.initialMemory(2), randomKey(0));
    const [second] = planner.decide(seen, plan, randomKey(0));
    const decided = [...await first.data(), ...await second.data()];
    assert.ok(decided.every(Number.isFinite) && decided[1]! > 0 && decided[3]! > 0, `ilqr: ${decided}`);
  },
);

/** Cars that begin ten metres beside their track. */
class Astray extends Vehicle {
  override reset(key: Tensor, envs: number): VehicleState {
    const state = super.reset(key, envs);
    const { x, y, heading, speed } = this.model.read(state.car);
    const aside = { x: x.sub(heading.sin().mul(10)), y: y.add(heading.cos().mul(10)) };
    return { ...state, car: this.model.start({ ...aside, heading, speed }) };
  }
}

onEngine("cpu", "cars that begin off their track leave it with their first step, and earn nothing", async () => {
  const world = new Astray({ model: "ks", maxSteps: 5 });
  const { length, terminated, reward } = await new Evaluator(world, controllerOf(world, "stanley")).run(3, 0);
  assert.deepEqual([[...length], [...terminated], [...reward]], [[1, 1, 1], [1, 1, 1], [0, 0, 0]]);
});

Deno.test("who is far aside on a wide track earns no less than who leaves it", () => {
  const world = new Astray({ halfWidth: 20 });
  const { reward, terminated } = world.step(world.reset(randomKey(0), 3), zeros([3, 1, 2]));
  const [earned, ended] = interpretNodes([reward.node, terminated.node]);
  assert.ok(earned!.every((x) => x > 0) && ended!.every((x) => Number(x) === 0), `${earned}`);
});

Deno.test("a kink is refused also where a closed track meets its beginning, by its place", () => {
  const half = Array.from({ length: 63 }, (_, i) => [20 * Math.cos(i / 20), 20 * Math.sin(i / 20)]);
  assert.throws(() => new Track(half, { closed: true }), {
    name: "RangeError",
    message:
      /^a track has a kink after (0\.0|1\.0|\d+\.\d) m, at \[-?[\d.]+, -?\d\.\d\d\]: it turns within \d\.\d\d m, and no car within 2\./,
  });
  // Back the way that it came.
  assert.throws(() => new Track([[0, 0], [30, 0], [0, 0.5]]), {
    message: /^a track has a kink after (29|30|31)\.\d m/,
  });
  // The same half circle, open, is none.
  assert.ok(new Track(half).length > 60);
});

Deno.test("the errors of a car at rest on its track are none but that of its speed", () => {
  const world = new Vehicle({ track: "lane_change" });
  const state = startAt(world, 0);
  const { lateral_max, speed, speed_rms } = world.measure(state);
  const [aside, still, slow] = interpretNodes([lateral_max!.node, speed!.node, speed_rms!.node]);
  assert.ok(aside!.every((x) => x < 0.6) && still!.every((x) => Math.abs(x) < 1e-5) && slow!.every((x) => x < -10));
});
