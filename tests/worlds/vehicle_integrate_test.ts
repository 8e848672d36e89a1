/** Drives of ten seconds against CommonRoad's code in float64, and how fast schemes come closer to the truth. */

import assert from "node:assert/strict";
import {
  integrate,
  type ModelName,
  modelNames,
  scan,
  type Scheme,
  type Tensor,
  tensor,
  VehicleModel,
} from "../../mod.ts";
import { interpretNodes } from "../oracle.ts";
import { onEngine } from "../engines.ts";

/** Where CommonRoad's own code has the cars of {@linkcode drive} after ten seconds, in float64: x and y of each. */
const ends: Readonly<Record<ModelName, readonly (readonly [x: number, y: number])[]>> = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/commonroad_drives.json", import.meta.url)),
);

/** Into how many steps 0.02 s are divided so that the scheme is off by less than half a millimetre. */
const substepsOf: Readonly<Record<ModelName, number>> = { ks: 1, st: 1, std: 4, mb: 10 };

/** Two cars that are steered to and fro and brake now and then, by an input that holds for 0.02 s; their state after 10 s. */
function drive(name: ModelName): Tensor {
  const hold = 0.02;
  const inputs = Float32Array.from({ length: 500 * 4 }, (_, i) => {
    const [time, car] = [Math.floor(i / 4) * hold, Math.floor(i / 2) % 2];
    return i % 2 === 0 ? 0.02 * Math.sin(1.3 * time + 2 * car) : Math.sin(0.7 * time + car);
  });
  const model = new VehicleModel(name);
  const start = model.start({ speed: tensor([21, 24]), heading: tensor([0.2, -0.4]) });
  const [end] = scan(
    (car: Tensor, input: Tensor) => [model.step(car, input, hold, { substeps: substepsOf[name] }), []],
    start,
    tensor(inputs, { shape: [500, 2, 2] }),
  );
  return end;
}

async function assertEnds(names: readonly ModelName[]): Promise<void> {
  for (const name of names) {
    const found = await drive(name).slice(1, 0, 2).data();
    const exact = ends[name].flat();
    found.forEach((x, i) => assert.ok(Math.abs(x - exact[i]!) < 1e-3, `${name} ${i}: ${x} for ${exact[i]}`));
  }
}

onEngine(
  "cpu",
  "ten seconds of all models end where CommonRoad's code says, to a millimetre",
  () => assertEnds(modelNames),
);

// Two thousand steps of the larger ones take a software GPU a minute.
onEngine(
  "webgpu",
  "ten seconds of KS and ST end where CommonRoad's code says, to a millimetre",
  () => assertEnds(["ks", "st"]),
);

Deno.test("halving a step of a drive divides the error by 2 where a scheme is of first order, and by 16 of fourth", () => {
  const model = new VehicleModel("st");
  const input = tensor([[0.1, -0.5]]);
  const start = model.start({ speed: tensor([12]), steering: tensor([0.02]) });
  const at = (scheme: Scheme, substeps: number): number[] => {
    const end = model.step(start, input, 0.5, { scheme, substeps });
    return [...interpretNodes([end.node])[0]!];
  };
  const exact = at("rk4", 800);
  for (const [scheme, substeps, factor] of [["euler", 200, 2], ["semi_implicit", 200, 2], ["rk4", 25, 16]] as const) {
    const off = (n: number) => Math.hypot(...at(scheme, n).map((x, i) => x - exact[i]!));
    const ratio = off(substeps) / off(2 * substeps);
    assert.ok(Math.abs(ratio / factor - 1) < 0.15, `${scheme}: ${ratio}`);
  }
});

Deno.test("a spring keeps its swing in the semi-implicit scheme, and gains by Euler's", () => {
  const swing = (scheme: Scheme) => {
    const rate = (x: Tensor) => x.flip(1).mul(tensor([[1, -1]]));
    const end = integrate(rate, tensor([[1, 0]]), 100, { scheme, substeps: 1000, places: tensor([[1, 0]]) });
    return Math.hypot(...interpretNodes([end.node])[0]!);
  };
  assert.ok(Math.abs(swing("semi_implicit") - 1) < 0.06, `${swing("semi_implicit")}`);
  assert.ok(swing("euler") > 100);
});

Deno.test("a time that is none, and a scheme without what it needs, are refused", () => {
  const x = tensor([1]);
  for (const seconds of [0, -1, NaN, Infinity]) {
    assert.throws(() => integrate((y) => y, x, seconds), {
      name: "RangeError",
      message: `integrate() goes on by a time above 0, in seconds, not ${seconds}.`,
    });
  }
  assert.throws(() => integrate((y) => y, x, 1, { scheme: "semi_implicit" }), { message: /needs `places`/ });
  assert.throws(() => integrate((y) => y, x, 1, { substeps: 0 }), { message: /substeps/ });
  assert.throws(() => integrate((y) => y, x, 1, { scheme: "rk2" as Scheme }), { message: /scheme/ });
});
