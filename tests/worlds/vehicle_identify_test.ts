/** A car's numbers are found again from a drive of the world with noise, with deviations that are true; bad records are refused. */

import assert from "node:assert/strict";
import {
  identifyVehicle,
  randomKey,
  type RecordedDrive,
  scan,
  simulateDrive,
  type Tensor,
  tensor,
  Vehicle,
} from "../../mod.ts";
import { Random } from "../random.ts";
import { onEngine } from "../engines.ts";

const steps = 300;
const sensors = ["speed", "yawRate", "steering", "slip"] as const;
const noise = { speed: 0.05, yawRate: 0.003, steering: 0.002, slip: 0.002 };
const actions = Array.from(
  { length: steps },
  (_, t) => [0.12 * Math.sin(0.25 * t + 4 * Math.sin(t / 40)), 0.4 * Math.sin(t / 7)],
);

/** A normal number (Box and Muller 1958). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** What is seen of the world's car, 15% heavier and slower to push, on a road of less grip. */
async function recorded(): Promise<Record<typeof sensors[number], number[]>> {
  const world = new Vehicle();
  const { model } = world;
  const begun = world.reset(randomKey(0), 1);
  const car = model.start({ speed: tensor([14]) });
  const start = { ...begun, car, mass: tensor([1.15]), grip: tensor([0.9]), lag: tensor([1.2]) };
  const [, cars] = scan(
    (state: typeof start, action: Tensor) => {
      const next = world.step(state, action.reshape(1, 1, 2)).state;
      return [next, next.car];
    },
    start,
    tensor(actions),
  );
  const columns = sensors.map(async (name) => {
    const values = await cars.select(1, 0).select(1, model.states.indexOf(name)).data();
    return [name, [name === "speed" ? 14 : 0, ...Array.from(values, Number)]];
  });
  return Object.fromEntries(await Promise.all(columns));
}

onEngine(
  "cpu",
  "mass, stiffness and lag of a car of the world are found within 3% from a drive with noise",
  async () => {
    const random = new Random(3);
    const seen = await recorded();
    const noisy = Object.fromEntries(
      sensors.map((name) => [name, seen[name].map((x) => x + noise[name] * normal(random))]),
    );
    const found = await identifyVehicle({ actions, seen: noisy, noise });
    const { mass, frontStiffness, rearStiffness } = new Vehicle().model.parameters as Record<string, number>;
    const truth = {
      mass: 1.15 * mass!,
      frontStiffness: 0.9 * frontStiffness!,
      rearStiffness: 0.9 * rearStiffness!,
      lag: 1.2,
    };
    for (const [name, value] of Object.entries(truth)) {
      const key = name as keyof typeof truth;
      const off = found[key] / value - 1;
      assert.ok(Math.abs(off) < 0.03, `${name}: ${found[key]} for ${value}`);
      assert.ok(
        Math.abs(off) < 4 * found.deviation[key] && found.deviation[key] < 0.02,
        `${name}: ${found.deviation[key]}`,
      );
    }
    assert.ok(found.residual > 0.85 && found.residual < 1.15, `${found.residual}`);
  },
);

Deno.test("a record that cannot be is refused in a sentence", async () => {
  const drive: RecordedDrive = { actions: [[0, 0], [0, 0]], seen: { speed: [1, 1, 1] }, noise: { speed: 0.1 } };
  const refused = (change: Partial<RecordedDrive>, message: string) =>
    assert.rejects(() => identifyVehicle({ ...drive, ...change }), { name: "RangeError", message });
  await refused({ seen: {} }, "identifyVehicle() needs the record of at least one of speed, yawRate, steering, slip.");
  await refused(
    { seen: { height: [1, 1, 1] } as never },
    "identifyVehicle() knows no sensor `height`; it knows speed, yawRate, steering, slip.",
  );
  await refused(
    { seen: { speed: [1, 1] } },
    "identifyVehicle(): speed was recorded before the first of 2 actions and after each: 3 numbers, not 2.",
  );
  await refused(
    { seen: { speed: [1, NaN, 1] } },
    "identifyVehicle(): record 1 of speed is NaN: leave bad records out.",
  );
  await refused(
    { noise: {} },
    "identifyVehicle() needs the deviation of the noise of speed, above 0, in its unit; it was given undefined.",
  );
  await refused(
    { actions: [[0, 0], [0, NaN]] },
    "identifyVehicle(): action 1 is [steering, acceleration], two finite numbers, not [0,NaN].",
  );
  await refused({ actions: [] }, "identifyVehicle() needs at least one action.");
});

onEngine("cpu", "a sensor without a record is not asked for, and who finds nothing says so", async () => {
  const short = actions.slice(0, 40);
  const { speed, yawRate, steering } = await simulateDrive(short, { speed: 14 }, { mass: 1250 });
  const drive = { actions: short, seen: { speed, yawRate, steering }, noise };
  const found = await identifyVehicle(drive);
  assert.ok(Math.abs(found.mass / 1250 - 1) < 1e-3, `${found.mass}`);
  assert.deepEqual(await identifyVehicle({ ...drive, noise: { ...noise, slip: 1e6 } }), found);
  const refused = (seen: RecordedDrive["seen"], message: RegExp) =>
    assert.rejects(() => identifyVehicle({ ...drive, seen }), { name: "RangeError", message });
  await refused(
    { speed: speed.map(() => 1e30), yawRate },
    /^identifyVehicle\(\) found nothing: already the drive of the car of the table, or its gradient, is not finite/,
  );
  await refused(
    { speed: speed.map((x) => -x), yawRate },
    /^identifyVehicle\(\) found nothing: its numbers do not settle within 20 rounds\./,
  );
});
