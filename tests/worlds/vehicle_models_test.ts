/** The vehicle models against CommonRoad's vectors, in float64 and on the engines, and their gradients against differences. */

import assert from "node:assert/strict";
import { type CarName, gradients, type ModelName, modelNames, tensor, VehicleModel } from "../../mod.ts";
import { interpretNodes } from "../oracle.ts";
import { onEachEngine } from "../engines.ts";

interface Record {
  readonly source: "published" | "code";
  readonly model: ModelName;
  readonly car: CarName;
  readonly state: readonly number[];
  readonly input: readonly number[];
  readonly derivative: readonly number[];
}

const records: readonly Record[] = Deno.readTextFileSync(
  new URL("../fixtures/commonroad_derivatives.jsonl", import.meta.url),
).trim().split("\n").map((line) => JSON.parse(line));

/** The graph of a derivative, and what feeds it in float64. */
function graphOf(model: VehicleModel, { state, input }: Pick<Record, "state" | "input">) {
  const [x, u] = [tensor([[...state]]), tensor([[...input]])];
  const at = (numbers: readonly number[], asked: readonly number[] = input) =>
    new Map([[x.node, numbers], [u.node, asked]]);
  return { x, u, at, rates: model.derivative(x, u) };
}

Deno.test("right-hand sides of all models and cars are CommonRoad's to 1e-12 in float64", () => {
  assert.deepEqual(records.slice(0, 3).map((x) => [x.source, x.model]), [["published", "ks"], ["published", "st"], [
    "published",
    "mb",
  ]]);
  for (const record of records) {
    const { at, rates } = graphOf(new VehicleModel(record.model, { car: record.car }), record);
    const [found] = interpretNodes([rates.node], at(record.state));
    record.derivative.forEach((expected, i) => {
      const off = Math.abs(found![i]! - expected);
      assert.ok(
        off <= 1e-12 * Math.max(1, Math.abs(expected)),
        `${record.car} ${record.model} ${i}: ${found![i]} for ${expected}`,
      );
    });
  }
});

/** What numbers say of all records of a model in the BMW, one after the other. */
function batchOf(name: ModelName) {
  const all = records.filter(({ model, car }) => model === name && car === "bmw_320i");
  return { all, state: all.map((x) => [...x.state]), input: all.map((x) => [...x.input]) };
}

/** How much of each rate a digit of the state moves, summed over the state: what float32 cannot know. */
function blurOf(model: VehicleModel, state: readonly number[][], input: readonly number[][]): number[] {
  const [x, u] = [tensor(state as number[][]), tensor(input as number[][])];
  const rates = model.derivative(x, u).node;
  const run = (numbers: readonly number[][]) =>
    interpretNodes([rates], new Map([[x.node, numbers.flat()], [u.node, input.flat()]]))[0]!;
  const exact = run(state);
  const moved = model.states.map((_, k) => run(state.map((row) => row.map((y, j) => j === k ? y * (1 + 6e-8) : y))));
  return Array.from(exact, (y, i) => moved.reduce((sum, other) => sum + Math.abs(other[i]! - y), 0));
}

/** By the model: both engines are held against the same. */
const blurs = new Map<ModelName, readonly number[]>();

/** What a wheel's load gives an axle of MB, m/s^2 and rad/s^2: its rates are differences of such. */
const axleTerm = 110;
const axleRates: ReadonlySet<number> = new Set([14, 15, 17, 19, 20, 22]);

onEachEngine(
  "right-hand sides in float32 are CommonRoad's to 1e-6 where a digit of the state leaves them alone",
  async () => {
    for (const name of modelNames) {
      const { all, state, input } = batchOf(name);
      const model = new VehicleModel(name);
      const found = await model.derivative(tensor(state), tensor(input)).data();
      // Wheels that hardly slip and springs in balance are differences of large numbers; KS and ST have none.
      const isPlain = name === "ks" || name === "st";
      const blur = blurs.get(name) ?? (isPlain ? Array.from(found, () => 0) : blurOf(model, state, input));
      blurs.set(name, blur);
      all.flatMap((x) => x.derivative).forEach((expected, i) => {
        const terms = name === "mb" && axleRates.has(i % model.states.length) ? axleTerm : 1;
        const most = 1e-6 * Math.max(terms, Math.abs(expected)) + 8 * blur[i]!;
        const off = Math.abs(found[i]! - expected);
        assert.ok(off <= most, `${name} ${i}: ${found[i]} for ${expected}, not within ${most}`);
      });
    }
  },
);

/** The derivatives of a sum of rates by state, input and parameters, beside differences of it, all in float64. */
function compareGradients(
  model: VehicleModel,
  state: readonly number[],
  input: readonly number[],
  tolerance = 1e-6,
): void {
  const [mass, grip] = [tensor([1200]), tensor([0.9])];
  const [x, u] = [tensor([[...state]]), tensor([[...input]])];
  const parameters = { ...model.parameters, mass, grip };
  const rates = model.derivative(x, u, parameters);
  // No two rates weigh the same, and large ones do not drown the others.
  const weights = model.states.map((_, i) => (i % 5 + 1) / (1 + Math.abs(i - 20) % 7));
  const value = rates.mul(tensor([weights])).sum();
  const inputs = [x, u, mass, grip];
  const numbers = [[...state], [...input], [1200], [0.9]];
  const feed = (all: readonly number[][]) => new Map(inputs.map((t, i) => [t.node, all[i]!]));
  const found = interpretNodes(gradients(value, inputs, { allowUnused: true }).map((g) => g!.node), feed(numbers));
  numbers.forEach((row, part) => {
    row.forEach((y, k) => {
      const h = 1e-6 * Math.max(1, Math.abs(y));
      const at = (by: number) =>
        interpretNodes(
          [value.node],
          feed(numbers.map((r, p) => p === part ? r.map((z, j) => j === k ? z + by : z) : r)),
        )[0]![0]!;
      const numeric = (at(h) - at(-h)) / (2 * h);
      const off = Math.abs(found[part]![k]! - numeric);
      assert.ok(
        off <= tolerance * Math.max(1, Math.abs(numeric)),
        `${model.name}, ${part}.${k}: ${found[part]![k]} for ${numeric}`,
      );
    });
  });
}

Deno.test("gradients of all models by state, input, mass and grip agree with differences in float64", () => {
  for (const name of modelNames) {
    // The last record of a car asks for more than it can do: hard limits have no gradient there, and smooth ones have.
    batchOf(name).all.slice(0, -1).forEach(({ state, input }) =>
      compareGradients(new VehicleModel(name), state, input)
    );
    batchOf(name).all.forEach(({ state, input }) =>
      compareGradients(new VehicleModel(name, { limits: "smooth" }), state, input)
    );
  }
});

Deno.test("where models hand over to slow ones, and below, gradients are finite and agree with differences", () => {
  for (const name of modelNames) {
    const model = new VehicleModel(name, { limits: "smooth", switchSpeed: 1, switchWidth: 0.3 });
    for (const speed of [1.2, 0.8]) {
      const car = { speed: tensor([speed]), steering: tensor([0.1]), yawRate: tensor([0.03]), slip: tensor([0.02]) };
      const start = interpretNodes([model.start(car).node])[0]!;
      compareGradients(model, [...start], [0.1, 1], 1e-5);
    }
    const still = tensor([[...interpretNodes([model.start({ speed: tensor([0]) }).node])[0]!]]);
    const [gradient] = gradients(model.derivative(still, tensor([[0.1, 1]])).sum(), [still]);
    assert.ok(interpretNodes([gradient!.node])[0]!.every(Number.isFinite), name);
  }
});

Deno.test("smooth limits have a gradient where hard ones have none, and hold as well", () => {
  const state = tensor([[0, 0, 0, 20, 0, 0, 0]]);
  for (const [limits, learns] of [["hard", false], ["smooth", true]] as const) {
    const input = tensor([[0.6, 14]]);
    const rates = new VehicleModel("st", { limits }).derivative(state, input);
    const [found, gradient] = interpretNodes([rates.node, gradients(rates.sum(), [input])[0]!.node]);
    assert.ok(found![2]! <= 0.4 && found![2]! > 0.3, `${limits}: steering ${found![2]}`);
    assert.ok(found![3]! <= 11.5 * 7.319 / 20 + 1e-9 && found![3]! > 4, `${limits}: acceleration ${found![3]}`);
    assert.equal(gradient!.every((x) => x > 0), learns, limits);
  }
  // Into the stop, and beyond the range of speeds.
  for (const limits of ["hard", "smooth"] as const) {
    const model = new VehicleModel("ks", { limits });
    const rates = model.derivative(tensor([[0, 0, 1.07, 50.9, 0], [0, 0, 1.2, 60, 0]]), tensor([[0.3, 5], [0.3, 5]]));
    const found = interpretNodes([rates.node])[0]!;
    const most = limits === "hard" ? [0, 0, 0, 0] : [0.2, 1, 0.001, 0.001];
    [found[2]!, found[3]!, found[7]!, found[8]!].forEach((x, i) =>
      assert.ok(x >= 0 && x <= most[i]!, `${limits} ${i}: ${x}`)
    );
  }
});

Deno.test("a state that starts is read back, and stays as it is where the car goes straight ahead", () => {
  const car = { x: 3, y: -2, steering: 0.05, speed: 12, heading: 0.4, yawRate: 0.2, slip: 0.01 };
  const given = Object.fromEntries(Object.entries(car).map(([name, x]) => [name, tensor([x])]));
  for (const name of modelNames) {
    const model = new VehicleModel(name);
    const { x, speed, heading, slip } = model.read(model.start(given));
    const found = interpretNodes([x!, speed!, heading!, slip!].map((t) => t.node)).map((t) => t[0]!);
    const expected = [3, 12, 0.4, name === "ks" ? 0 : 0.01];
    found.forEach((y, i) => assert.ok(Math.abs(y - expected[i]!) < 1e-6, `${name} ${i}: ${y}`));
    const rates = interpretNodes([model.derivative(model.start({ speed: tensor([12]) }), tensor([[0, 0]])).node])[0]!;
    // Pacejka's tyres pull along at no slip, and turn wheels until they do not.
    const most = name === "std" || name === "mb" ? 0.5 : 1e-9;
    rates.slice(1, 7).forEach((y, i) => assert.ok(Math.abs(y) < most, `${name} ${i}: ${y}`));
    assert.ok(Math.abs(rates[0]! - 12) < 1e-9);
  }
});

Deno.test("models refuse what they cannot drive, in a sentence", () => {
  const refusals: readonly (readonly [make: () => unknown, message: RegExp])[] = [
    [() => new VehicleModel("car" as never), /name is "ks", "st", "std" or "mb"|ks/],
    [
      () => new VehicleModel("st", { car: "beetle" as never }),
      /^there is no car `beetle`; there are ford_escort, bmw_320i, vw_vanagon, f1tenth\.$/,
    ],
    [
      () => new VehicleModel("std", { car: "f1tenth" }),
      /^the model std needs the wheelRadius of a car, which f1tenth has not: it drives as ks and st\.$/,
    ],
    [() => new VehicleModel("st", { limits: "soft" as never }), /^limits are `hard` or `smooth`, not/],
    [() => new VehicleModel("st", { switchSpeed: 0 }), /^switchSpeed is a speed above 0, in metres a second, not 0\.$/],
    [
      () => new VehicleModel("st", { parameters: { weight: 3 } as never }),
      /^bmw_320i has no parameter `weight`; it has/,
    ],
    [
      () => new VehicleModel("st", { parameters: { mass: NaN } }),
      /^the mass of a car is a number, or float32 \[env\] where cars differ, not NaN\.$/,
    ],
    [() => new VehicleModel("st").start({}), /^VehicleModel\.start\(\) is given at least one of a car's numbers/],
    [
      () => new VehicleModel("st").derivative(tensor([[1, 2]]), tensor([[0, 0]])),
      /^a state of st is float32 \[env, 7\] \(x, y, steering, speed, heading, yawRate, slip\), not float32 \[1, 2\]\.$/,
    ],
    [
      () => new VehicleModel("ks").derivative(tensor([[0, 0, 0, 1, 0]]), tensor([0, 0])),
      /^an input is float32 \[env, 2\] \(the rate of the steering angle, the acceleration\), not float32 \[2\]\.$/,
    ],
  ];
  for (const [make, message] of refusals) assert.throws(make, { message });
});

Deno.test("cars that roll backwards turn as their wheels point, and all is finite", () => {
  for (const name of modelNames) {
    const model = new VehicleModel(name, { limits: "smooth" });
    const start = model.start({ speed: tensor([-3]), steering: tensor([0.2]) });
    const rates = model.derivative(start, tensor([[0.1, -1]]));
    const found = interpretNodes([rates.node])[0]!;
    assert.ok(found.every(Number.isFinite), name);
    const angle = name === "ks" ? 0 : Math.atan(Math.tan(0.2) * 4.667707 / (3.793293 + 4.667707));
    const turning = -3 * Math.cos(angle) * Math.tan(0.2) / (0.3048 * (3.793293 + 4.667707));
    assert.ok(
      found[0]! < -2.8 && Math.abs(found[4]! - turning) < 1e-6,
      `${name}: ${found[0]}, ${found[4]} for ${turning}`,
    );
    const gradient = interpretNodes([gradients(rates.sum(), [start])[0]!.node])[0]!;
    assert.ok(gradient.every(Number.isFinite), name);
  }
});
