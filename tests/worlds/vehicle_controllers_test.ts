/** The classical controllers keep cars on their tracks, and LQR's gains are those of its equation. */

import assert from "node:assert/strict";
import {
  type ControllerName,
  controllerOf,
  Evaluator,
  modelNames,
  Navigation,
  Vehicle,
  vehicleControllers,
} from "../../mod.ts";
import { cars } from "../../lib/worlds/vehicle/models/cars.ts";
import { gravity } from "../../lib/worlds/vehicle/models/law.ts";
import { latticeGains } from "../../lib/worlds/vehicle/riccati.ts";
import { onEngine } from "../engines.ts";

const classical = ["stanley", "pure_pursuit", "lqr"] as const satisfies readonly ControllerName[];

onEngine("cpu", "Stanley, pure pursuit and LQR stay on a circuit and a lane change, within half a metre", async () => {
  for (const track of ["circuit", "lane_change"] as const) {
    const world = new Vehicle({ track });
    for (const name of classical) {
      const { terminated, metrics } = await new Evaluator(world, controllerOf(world, name)).run(8, 1);
      assert.ok(terminated.every((x) => x === 0), `${track}, ${name}`);
      metrics!.lateral_rms!.forEach((rms) => assert.ok(rms < 0.5, `${track}, ${name}: ${rms}`));
    }
  }
});

onEngine(
  "cpu",
  "LQR, whose gains are those of ST, drives cars of all models along a circuit: whole worlds of each",
  async () => {
    for (const model of modelNames) {
      const world = new Vehicle({ model, maxSteps: 100 });
      const { terminated, length, metrics } = await new Evaluator(world, controllerOf(world, "lqr")).run(2, 1);
      assert.deepEqual([[...terminated], [...length]], [[0, 0], [100, 100]], model);
      metrics!.lateral_rms!.forEach((rms) => assert.ok(rms < 0.4, `${model}: ${rms} m`));
      metrics!.speed_rms!.forEach((rms) => assert.ok(rms < 1.5, `${model}: ${rms} m/s`));
    }
  },
);

onEngine(
  "cpu",
  "iLQR plans its way back from half a metre aside, and round a circuit closer to it than Stanley",
  async () => {
    const world = new Vehicle({ maxSteps: 90 });
    const errors = async (name: ControllerName): Promise<number> => {
      const evaluator = new Evaluator(world, controllerOf(world, name));
      const { terminated, metrics } = await evaluator.run(4, 1);
      evaluator.dispose();
      assert.ok(terminated.every((x) => x === 0), name);
      return metrics!.lateral_settled!.reduce((sum, x) => sum + x, 0) / 4;
    };
    const [ilqr, stanley] = [await errors("ilqr"), await errors("stanley")];
    assert.ok(ilqr < 0.6 * stanley, `${ilqr} beside ${stanley}`);
  },
);

Deno.test("LQR's gains are the solutions of Riccati's equation, as the doubling algorithm finds them", () => {
  const car = cars.bmw_320i;
  const { mass, frontAxle, rearAxle, friction, frontStiffness } = car;
  const axle = (other: number) => friction * frontStiffness * mass * gravity * other / (frontAxle + rearAxle);
  const model = { car, front: axle(rearAxle), rear: axle(frontAxle), seconds: 0.05 };
  const found = latticeGains(model, [0.03, 0, 0.3, 0], [5, 10, 20]);
  const expected = [
    [0.1641687150024657, 0.0038098141473675157, 0.8630392432910059, 0.019504788340955197],
    [0.15612978844550676, 0.007168296120192593, 0.8779149493686661, 0.03689747066816422],
    [0.14370167596199432, 0.012590192535326039, 0.9446736525698581, 0.06351727830570032],
  ];
  found.flat().forEach((x, i) => assert.ok(Math.abs(x - expected.flat()[i]!) < 1e-6, `${i}: ${x}`));
});

Deno.test("a controller that a world has not is refused by those that it has", () => {
  assert.throws(() => controllerOf(new Navigation(), "lqr"), {
    message: "`navigation` has no controller `lqr`; it has random, heuristic.",
  });
  assert.throws(() => controllerOf(new Vehicle(), "heuristic"), { message: /^there is no heuristic for `vehicle`/ });
});

Deno.test("iLQR needs a price of turning and of pushing: without one its plans have no best", () => {
  const ilqr = { lateral: 1, heading: 3, speed: 0.03, turning: 0.2, pushing: 0.001 };
  for (const name of ["turning", "pushing"]) {
    assert.throws(() => vehicleControllers("bmw_320i", { ilqr: { ...ilqr, [name]: 0 } }), {
      message: new RegExp(
        `vehicleControllers\\(\\) takes a number above 0 as \`gains\\.ilqr\\.${name}\`, not the number 0\\.`,
      ),
    });
  }
});
