/**
 * System identification: the numbers of a car from a drive that was recorded. The recorded actions are driven again, and the car's
 * numbers are changed until the same is seen: least squares by Gauss and Newton with the damping of Levenberg and Marquardt, whose
 * Jacobian is the gradient of every step, carried forwards through the whole drive.
 */

import { signature } from "../../graph/arguments.ts";
import { compile } from "../../compile/compile.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { arange, tensor, zeros } from "../../tensor/creation.ts";
import { concat, stack } from "../../tensor/functions.ts";
import { scan } from "../../tensor/scan.ts";
import { gradients } from "../../tensor/transforms.ts";
import * as kind from "../kinds.ts";
import { actuated } from "./actuators.ts";
import { stepSeconds } from "./constants.ts";
import { type CarName, cars } from "./models/cars.ts";
import { VehicleModel } from "./models/model.ts";

/** What of a car can be recorded: m/s, rad/s, radians and radians. */
export type Sensor = "speed" | "yawRate" | "steering" | "slip";
/** All of them. */
const sensors: readonly Sensor[] = ["speed", "yawRate", "steering", "slip"];

/** A drive as it was recorded, every 0.05 s. */
export interface RecordedDrive {
  /** What was done in each step, as {@linkcode Vehicle} takes it: target of the steering angle over 0.5 rad, acceleration over 6 m/s^2. */
  readonly actions: readonly (readonly number[])[];
  /** What sensors saw: one number before the first step and one after each. A sensor that was not there is left out. */
  readonly seen: { readonly [S in Sensor]?: readonly number[] };
  /** The deviation of the noise of each sensor, in its units. */
  readonly noise: { readonly [S in Sensor]?: number };
}

/** What is found. */
export interface IdentifiedCar {
  /** kg. */
  readonly mass: number;
  /** Cornering stiffness of the front tyres per newton of load x friction, 1/rad. */
  readonly frontStiffness: number;
  /** The same of the rear ones. */
  readonly rearStiffness: number;
  /** The lag of engine and brakes beside that of the world, 0.1 s: 1 is the same. */
  readonly lag: number;
  /** The standard deviation of each, as a share of it: how well the drive tells it, if noise and model are as said. */
  readonly deviation: Readonly<Record<FoundName, number>>;
  /** Mean square of what is left over, each number by the noise of its sensor: about 1 where noise and model are as said. */
  readonly residual: number;
}

/** What is looked for. */
export type FoundName = "mass" | "frontStiffness" | "rearStiffness" | "lag";
const found: readonly FoundName[] = ["mass", "frontStiffness", "rearStiffness", "lag"];
/** With it, what the car began with, in the units of its noise. */
const begun: readonly Sensor[] = sensors;
const unknowns = found.length + begun.length;

/** Rounds of Gauss and Newton at most. */
const mostRounds = 20;
/** With more damping a step is none. */
const mostDamping = 1e9;

const each = (names: readonly string[], of: kind.Kind): Record<string, kind.Kind> =>
  Object.fromEntries(names.map((name) => [name, kind.optional(of)]));
const above0 = kind.kindOf("a number above 0", (x) => Number.isFinite(x) && Number(x) > 0);
const byName = kind.having("records by the name of their sensor", {});
const takesSimulate = signature("simulateDrive()", {
  actions: kind.listOf(kind.anything, "a list of actions [steering, acceleration]"),
  first: kind.having("what the car begins with by name,", {}, each(sensors, kind.finite)),
  numbers: kind.optional(kind.having("numbers by name,", {}, each(found, above0))),
  car: kind.optional(kind.oneOf(...Object.keys(cars))),
});
const takesDrive = signature("identifyVehicle()", {
  drive: kind.having("{ actions, seen, noise }", {
    actions: kind.listOf(kind.anything, "a list of actions [steering, acceleration]"),
    seen: byName,
    noise: byName,
  }),
  car: kind.optional(kind.oneOf(...Object.keys(cars))),
});

/**
 * Mass, tyre stiffness and actuator lag of a car that drives as the single-track model does, from a drive. The table's numbers of
 * `car` (`bmw_320i` unless told otherwise) are where the search begins, and hold for all that is not looked for. What turns the car
 * hard and fast tells most: a slalom, with and without brakes.
 *
 * @example
 * ```ts
 * import { identifyVehicle, simulateDrive } from "@plumbline/plumbline";
 *
 * const actions = Array.from({ length: 100 }, (_, t) => [0.1 * Math.sin(t * t / 300), 0.4 * Math.sin(t / 7)]);
 * const seen = await simulateDrive(actions, { speed: 14 }, { mass: 1250, frontStiffness: 19, rearStiffness: 23, lag: 1.15 });
 * const noise = { speed: 0.02, yawRate: 0.002, steering: 0.001, slip: 0.001 };
 * const car = await identifyVehicle({ actions, seen, noise });
 * console.log(car.mass.toFixed(0), car.frontStiffness.toFixed(1), car.rearStiffness.toFixed(1), car.lag.toFixed(2)); // 1250 19.0 23.0 1.15
 * ```
 * @throws RangeError with a sentence if a record is not as long as the actions, holds what is no number, or comes without the noise of its
 * sensor; or if no car is found that drives so.
 */
export async function identifyVehicle(drive: RecordedDrive, car: CarName = "bmw_320i"): Promise<IdentifiedCar> {
  takesDrive(arguments);
  const used = checkDrive(drive);
  const [at, now] = await search(replayed(drive, used, car));
  return told(at, now, car);
}

/** Where the drive is that of the records, by logarithms and units. Throws a RangeError if it finds no such place. */
async function search(replay: (at: readonly number[]) => Promise<Replay>): Promise<[at: number[], found: Replay]> {
  let at = Array<number>(unknowns).fill(0);
  let now = await replay(at);
  if (![now.left, ...now.slopes].every((values) => values.every(Number.isFinite))) {
    throw new RangeError(
      "identifyVehicle() found nothing: already the drive of the car of the table, or its gradient, is not finite: look at the units " +
        "of actions and records, and at the first records, with which it begins.",
    );
  }
  let damping = 1e-3;
  for (let round = 0; round < mostRounds && damping < mostDamping; round++) {
    const { hessian, slope } = normalEquations(now);
    const step = solved(hessian.map((row, i) => row.map((x, k) => i === k ? x * (1 + damping) + 1e-9 : x)), slope);
    const next = at.map((x, i) => x - step[i]!);
    const tried = await replay(next);
    const isBetter = tried.cost < now.cost;
    [at, now, damping] = isBetter ? [next, tried, damping / 10] : [at, now, damping * 10];
    // No step to speak of: the bottom, whether it is a little better or not.
    if (Math.max(...step.map(Math.abs)) < 1e-4) return [at, now];
  }
  throw new RangeError(
    `identifyVehicle() found nothing: its numbers do not settle within ${mostRounds} rounds. The records are not of these ` +
      "actions or not in their units, or the car drives in a way that the single-track model does not.",
  );
}

/** A drive at some numbers: what is left over of each record by its noise, how that changes with each unknown, and half its squares' sum. */
interface Replay {
  readonly left: Float32Array;
  /** [unknown][record]. */
  readonly slopes: readonly Float32Array[];
  readonly cost: number;
}

/** Drives the record again, at numbers that are the logarithms of those beside the table's, and beginnings in units of noise. */
function replayed(
  { actions, seen, noise }: RecordedDrive,
  used: readonly Sensor[],
  car: CarName,
): (at: readonly number[]) => Promise<Replay> {
  const step = stepOf(car);
  const table = tensor(found.map((name) => tableOf(car)[name]));
  // What a sensor without a record would have seen is nothing that can be looked for.
  const units = begun.map((name) => used.includes(name) ? noise[name]! : 0);
  const start = tensor(begun.map((name) => seen[name]?.[0] ?? 0));
  const weights = tensor(used.map((name) => 1 / noise[name]!));
  const records = stack(used.map((name) => tensor([...seen[name]!])), -1).mul(weights.unsqueeze(0));
  const shown = tensor(used.map((name) => columns.indexOf(name)), { dtype: "int32" });
  const program = compile((at: Tensor) => {
    const [logs, off] = at.split([found.length, begun.length]) as [Tensor, Tensor];
    const first = start.add(off.mul(tensor(units)));
    // A row for each column of the state, all the same: of each the slope of its own column is taken.
    const rows = logs.unsqueeze(0).expand(columns.length, found.length);
    const began = placed(first).unsqueeze(0).expand(columns.length, columns.length);
    const sensitivity = concat([zeros([columns.length, found.length]), placedUnits(units)], 1);
    const [, after] = scan(
      (now: Sensitive, action: Tensor) => {
        const next = step(now.state, action, rows.exp().mul(table));
        const [byState, byNumbers] = gradients(next.mul(identity(columns.length)).sum(), [now.state, rows]) as [
          Tensor,
          Tensor,
        ];
        const sensitivity = byState.matmul(now.sensitivity).add(
          concat([byNumbers, zeros([columns.length, begun.length])], 1),
        );
        const moved = { state: next, sensitivity };
        return [moved, { state: next.select(0, 0), sensitivity }];
      },
      { state: began, sensitivity },
      tensor(actions.map((x) => [...x])),
    );
    const states = concat([placed(first).unsqueeze(0), after.state], 0);
    const sensitivities = concat([sensitivity.unsqueeze(0), after.sensitivity], 0);
    return {
      left: states.take(shown, 1).mul(weights).sub(records),
      slopes: sensitivities.take(shown, 1).mul(weights.unsqueeze(1)).permute(2, 0, 1),
    };
  }, { name: "replay" });
  return async (at) => {
    const { left, slopes } = await program(tensor([...at]));
    const [values, tangents] = await Promise.all([left.data(), slopes.data()]) as [Float32Array, Float32Array];
    const size = values.length;
    return {
      left: values,
      slopes: at.map((_, i) => tangents.subarray(i * size, (i + 1) * size)),
      cost: 0.5 * values.reduce((sum, x) => sum + x * x, 0),
    };
  };
}

/** A drive that knows how it depends on the unknowns: states [column, column], all rows the same, and their slopes [column, unknown]. */
type Sensitive = { readonly state: Tensor; readonly sensitivity: Tensor };

/** What a drive's state has: that of the model, and the acceleration that the engine gives. */
const columns = [...new VehicleModel("st").states, "pushing"];

const identity = (size: number): Tensor => arange(size).unsqueeze(1).equal(arange(size).unsqueeze(0)).cast("float32");

/** Numbers of the sensors in the columns of a state, [.., sensor] to [.., column]. */
function placed(first: Tensor): Tensor {
  const place = columns.map((name) => begun.map((sensor) => Number(sensor === name)));
  return tensor(place).matmul(first.unsqueeze(1)).squeeze(1);
}

/** How a state's columns begin to depend on the beginnings, [column, sensor]. */
function placedUnits(units: readonly number[]): Tensor {
  return tensor(columns.map((name) => begun.map((sensor, i) => sensor === name ? units[i]! : 0)));
}

/** What the table says of what is looked for. */
function tableOf(car: CarName): Readonly<Record<FoundName, number>> {
  const { mass, frontStiffness, rearStiffness } = cars[car];
  return { mass, frontStiffness, rearStiffness, lag: 1 };
}

/** One step of cars, [car, column], that do an action, [2], and whose numbers are [car, number]. */
function stepOf(car: CarName): (state: Tensor, action: Tensor, numbers: Tensor) => Tensor {
  const model = new VehicleModel("st", { car, limits: "smooth", switchSpeed: 3, switchWidth: 0.5 });
  return (state, action, numbers) => {
    const [mass, frontStiffness, rearStiffness, lag] = numbers.unbind(1) as [Tensor, Tensor, Tensor, Tensor];
    const [steer, push] = action.clamp(-1, 1).unbind(0) as [Tensor, Tensor];
    const column = (name: string): Tensor => state.select(1, columns.indexOf(name));
    const now = { angle: column("steering"), pushing: column("pushing") };
    const given = actuated({ steer, push }, now, lag);
    const next = model.step(
      state.slice(1, 0, columns.length - 1),
      stack([given.turning, given.halfway], -1),
      stepSeconds,
      { substeps: 2 },
      { ...model.parameters, mass, frontStiffness, rearStiffness },
    );
    return concat([next.named(null, null), given.pushing.unsqueeze(1)], 1);
  };
}

/**
 * What sensors without noise see of a car that does `actions`, one number before the first step and one after each: the single-track
 * model behind the world's actuators. What is left out of `first` is 0, what is left out of `numbers` is that of the table.
 *
 * @throws RangeError with a sentence for what is no action.
 */
export async function simulateDrive(
  actions: readonly (readonly number[])[],
  first: { readonly [S in Sensor]?: number },
  numbers: { readonly [N in FoundName]?: number } = {},
  car: CarName = "bmw_320i",
): Promise<Readonly<Record<Sensor, number[]>>> {
  takesSimulate(arguments);
  checkActions(actions, "simulateDrive()");
  const step = stepOf(car);
  const all = tensor([found.map((name) => numbers[name] ?? tableOf(car)[name])]);
  const began = placed(tensor(begun.map((name) => first[name] ?? 0))).unsqueeze(0);
  const [, after] = scan(
    (state: Tensor, action: Tensor) => {
      const next = step(state, action, all);
      return [next, next];
    },
    began,
    tensor(actions.map((x) => [...x])),
  );
  const states = concat([began.unsqueeze(0), after], 0).squeeze(1);
  const seen = await Promise.all(sensors.map(async (name) => {
    const values = await states.select(1, columns.indexOf(name)).data();
    return [name, Array.from(values, Number)];
  }));
  return Object.fromEntries(seen);
}

/** The normal equations of a replay, with what is held to the first record: each beginning is known to within its noise. */
function normalEquations({ left, slopes }: Replay): { hessian: number[][]; slope: number[] } {
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  return {
    hessian: slopes.map((a) => slopes.map((b) => dot(a, b))),
    slope: slopes.map((a) => dot(a, left)),
  };
}

/** x with m x = b, by elimination with pivots. */
function solved(m: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = m.map((row, i) => [...row, b[i]!]);
  const size = rows.length;
  for (let k = 0; k < size; k++) {
    const best = rows.slice(k).reduce((at, row, i) => Math.abs(row[k]!) > Math.abs(rows[at]![k]!) ? k + i : at, k);
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    for (let i = 0; i < size; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j <= size; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}

function told(at: readonly number[], now: Replay, car: CarName): IdentifiedCar {
  const { hessian } = normalEquations(now);
  const damped = hessian.map((row, i) => row.map((x, k) => i === k ? x + 1e-9 : x));
  const deviation = found.map((name, i) => {
    const variance = solved(damped, at.map((_, k) => Number(i === k)))[i]!;
    return [name, Math.sqrt(variance)];
  });
  const numbers = found.map((name, i) => [name, tableOf(car)[name] * Math.exp(at[i]!)]);
  return {
    ...Object.fromEntries(numbers) as Record<FoundName, number>,
    deviation: Object.fromEntries(deviation),
    residual: 2 * now.cost / now.left.length,
  };
}

function checkActions(actions: readonly unknown[], call: string): void {
  const fits = (x: unknown): boolean =>
    Array.isArray(x) && x.length === 2 && x.every((y) => typeof y === "number" && Number.isFinite(y));
  const bad = actions.findIndex((x) => !fits(x));
  if (bad >= 0) {
    throw new RangeError(
      `${call}: action ${bad} is [steering, acceleration], two finite numbers, not ${kind.shown(actions[bad])}.`,
    );
  }
  if (actions.length === 0) throw new RangeError(`${call} needs at least one action.`);
}

/** The sensors that have a record. Throws a RangeError if there is none, or one does not fit. */
function checkDrive({ actions, seen, noise }: RecordedDrive): readonly Sensor[] {
  const call = "identifyVehicle()";
  checkActions(actions, call);
  for (const name of Object.keys(seen)) {
    if (!sensors.includes(name as Sensor)) {
      throw new RangeError(`${call} knows no sensor \`${name}\`; it knows ${sensors.join(", ")}.`);
    }
  }
  const used = sensors.filter((name) => seen[name] !== undefined);
  if (used.length === 0) throw new RangeError(`${call} needs the record of at least one of ${sensors.join(", ")}.`);
  for (const name of used) {
    const record = seen[name]!;
    if (record.length !== actions.length + 1) {
      throw new RangeError(
        `${call}: ${name} was recorded before the first of ${actions.length} actions and after each: ${
          actions.length + 1
        } numbers, not ${record.length}.`,
      );
    }
    const bad = record.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) throw new RangeError(`${call}: record ${bad} of ${name} is ${record[bad]}: leave bad records out.`);
    if (!(Number(noise[name]) > 0 && Number(noise[name]) < Infinity)) {
      throw new RangeError(
        `${call} needs the deviation of the noise of ${name}, above 0, in its unit; it was given ${noise[name]}.`,
      );
    }
  }
  return used;
}
