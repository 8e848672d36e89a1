/** The vehicle models by name: a right-hand side, its state, and the way from and to what all of them know of a car. */

import { signature, takeOnly } from "../../../graph/arguments.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { Kind } from "../../../graph/kinds.ts";
import { tensor } from "../../../tensor/creation.ts";
import * as kind from "../../kinds.ts";
import { integrate, type IntegrateOptions, integrateOptions } from "../integrate.ts";
import { type CarName, carNames, cars, type ParameterName, type VehicleParameters } from "./cars.ts";
import { drift } from "./drift.ts";
import { kinematic } from "./kinematic.ts";
import { beside, type GivenParameters, gravity, lawOf, type RightHandSide } from "./law.ts";
import type { Limits } from "./limits.ts";
import { multiBody } from "./multi_body.ts";
import { singleTrack } from "./single_track.ts";

/** What all models know of a car, about its centre of gravity (of KS: its rear axle). Each is float32 [env]. */
export interface CarState {
  /** Each by its name. */
  readonly [key: string]: Tensor;
  /** Metres. */
  readonly x: Tensor;
  /** Metres. */
  readonly y: Tensor;
  /** Of the front wheels, radians counter-clockwise. */
  readonly steering: Tensor;
  /** Metres a second, in the direction in which the point moves. */
  readonly speed: Tensor;
  /** Of the car, radians counter-clockwise from the x axis, not wrapped. */
  readonly heading: Tensor;
  /** Radians a second. */
  readonly yawRate: Tensor;
  /** From the heading to the direction in which the point moves, radians. */
  readonly slip: Tensor;
}

type Columns = { readonly [K in keyof CarState]: Tensor };

interface Row {
  readonly law: RightHandSide;
  readonly states: readonly string[];
  /** A parameter that the model needs, and not every car has. */
  readonly needs: ParameterName | null;
  /** The columns of a car that begins. */
  readonly begin: (car: Columns, p: ReturnType<typeof lawOf>) => readonly Tensor[];
  /** What the car does, by its columns. */
  readonly read: (x: readonly Tensor[], p: ReturnType<typeof lawOf>) => readonly Tensor[];
}

const core = ["x", "y", "steering", "speed", "heading", "yawRate", "slip"] as const;
const coreOf = (car: Columns): Tensor[] => core.map((name) => car[name]!);
/** Columns whose rate is another column. */
const placeNames = /^(x|y|heading|slip|roll|pitch|height|(front|rear)(Roll|Height|Joint))$/;
const axleStates = ["Roll", "RollRate", "AcrossSpeed", "Height", "HeightRate"];

const table: Readonly<Record<ModelName, Row>> = {
  ks: {
    law: kinematic,
    states: core.slice(0, 5),
    needs: null,
    begin: (car) => coreOf(car).slice(0, 5),
    read: (x, p) => [
      ...x,
      x[3]!.mul(x[2]!.tan()).div(p.frontAxle.add(p.rearAxle)),
      x[2]!.mul(0),
    ],
  },
  st: { law: singleTrack, states: core, needs: null, begin: coreOf, read: (x) => x },
  std: {
    law: drift,
    states: [...core, "frontWheel", "rearWheel"],
    needs: "wheelRadius",
    begin(car, p) {
      const rear = car.speed.mul(car.slip.cos()).div(p.wheelRadius);
      return [...coreOf(car), rear.mul(car.steering.cos()), rear];
    },
    read: (x) => x.slice(0, 7),
  },
  mb: {
    law: multiBody,
    states: [
      ...[...core.slice(0, 6), "roll", "rollRate", "pitch", "pitchRate", "acrossSpeed", "height", "heightRate"],
      ...["front", "rear"].flatMap((axle) => axleStates.map((state) => axle + state)),
      ...["leftFrontWheel", "rightFrontWheel", "leftRearWheel", "rightRearWheel", "frontJoint", "rearJoint"],
    ],
    needs: "sprungMass",
    begin(car, p) {
      const none = car.speed.mul(0);
      const [along, across] = [car.speed.mul(car.slip.cos()), car.speed.mul(car.slip.sin())];
      const wheelbase = p.frontAxle.add(p.rearAxle);
      const axle = (arm: Tensor, other: Tensor, mass: Tensor): Tensor[] => {
        const load = p.sprungMass.mul(gravity).mul(other).div(wheelbase).add(mass.mul(gravity));
        return [none, none, across.add(arm.mul(car.yawRate)), none.add(load.div(p.tyreSpring.mul(2))), none];
      };
      const wheel = along.div(p.wheelRadius);
      return [
        ...[car.x, car.y, car.steering, along, car.heading, car.yawRate, none, none, none, none, across, none, none],
        ...axle(p.frontAxle, p.rearAxle, p.frontUnsprungMass),
        ...axle(p.rearAxle.neg(), p.frontAxle, p.rearUnsprungMass),
        ...[wheel, wheel, wheel, wheel, none, none],
      ];
    },
    read(x) {
      const [along, across] = [x[3]!, x[10]!];
      // Where the car stands the slip angle is none: its derivative is not to divide by 0.
      const speed = along.square().add(across.square()).add(1e-12).sqrt();
      return [x[0]!, x[1]!, x[2]!, speed.mul(along.sign()), x[4]!, x[5]!, across.div(along.abs().maximum(0.1)).atan()];
    },
  },
};

/** The models by name. */
export type ModelName = "ks" | "st" | "std" | "mb";

/** All of them, from the simplest. */
export const modelNames: readonly ModelName[] = ["ks", "st", "std", "mb"];

/** Options of {@linkcode VehicleModel}. */
export interface VehicleModelOptions {
  /** Whose numbers; `bmw_320i` unless told otherwise. */
  readonly car?: CarName;
  /** Other numbers than those of the table; float32 [env] where cars differ. They carry gradients. */
  readonly parameters?: GivenParameters;
  /**
   * Constraints of steering and acceleration: `hard` (the default) are CommonRoad's, whose gradient is 0 where they hold; `smooth`
   * ones have a gradient everywhere.
   */
  readonly limits?: Limits;
  /**
   * Around this speed, m/s, the kinematic law hands over to the dynamic one, which divides by the speed: 0.2 unless told otherwise.
   * The slower, the smaller the steps that it needs.
   */
  readonly switchSpeed?: number;
  /** How sharply, m/s: 0.05 unless told otherwise. */
  readonly switchWidth?: number;
}

const takesModel = signature("new VehicleModel()", {
  name: kind.oneOf(...modelNames),
  options: kind.optional(kind.having("options by name,", {}, {
    ...{ car: kind.anything, parameters: kind.anything, limits: kind.anything },
    ...{ switchSpeed: kind.anything, switchWidth: kind.anything },
  })),
});

/**
 * A vehicle model of CommonRoad (Althoff and Würsching, "CommonRoad: Vehicle Models", 2020) in tensors, batched over `env`: `ks`
 * (kinematic, about the rear axle), `st` (dynamic single track, linear tyres, load that moves between the axles), `std` (the same
 * with Pacejka's tyres: it drifts), `mb` (29 states). What drives it is the rate of the steering angle and an acceleration.
 *
 * @example
 * ```ts
 * import { tensor, VehicleModel } from "@plumbline/plumbline";
 *
 * const model = new VehicleModel("st", { car: "bmw_320i" });
 * const state = model.start({ speed: tensor([15, 20]) });
 * const rates = model.derivative(state, tensor([[0.1, 0], [0, -2]]));
 * console.log(rates.shape, model.states[3]); // [ 2, 7 ] speed
 * ```
 */
export class VehicleModel {
  /** What the columns of a state are. */
  readonly states: readonly string[];
  /** Its numbers, those of the options in place of those of the table. */
  readonly parameters: GivenParameters;
  /** How hard its constraints are. */
  readonly limits: Limits;
  /** Where the dynamic law takes over, m/s. */
  readonly switchSpeed: number;
  /** How sharply, m/s. */
  readonly switchWidth: number;

  /**
   * Prepares nothing yet.
   *
   * @throws RangeError with a sentence if there is no such model or car, if the car has not what the model needs, or if an option
   * is out of its range.
   */
  constructor(readonly name: ModelName, options: VehicleModelOptions = {}) {
    takesModel(arguments);
    const { car = "bmw_320i", parameters = {}, limits = "hard", switchSpeed = 0.2, switchWidth = 0.05 } = options;
    const row = table[name];
    if (!carNames.includes(car)) {
      throw new RangeError(
        `there is no car ${typeof car === "string" ? `\`${car}\`` : `that is ${kind.told(car)}`}; there are ${
          carNames.join(", ")
        }.`,
      );
    }
    const numbers: Partial<VehicleParameters> = cars[car];
    checkParameters(numbers, parameters, car);
    if (row.needs !== null && numbers[row.needs] === undefined) {
      throw new RangeError(
        `the model ${name} needs the ${row.needs} of a car, which ${car} has not: it drives as ks and st.`,
      );
    }
    if (limits !== "hard" && limits !== "smooth") {
      throw new RangeError(`limits are \`hard\` or \`smooth\`, not ${kind.shown(limits)}.`);
    }
    for (const [what, x] of Object.entries({ switchSpeed, switchWidth })) {
      if (typeof x !== "number" || !(x > 0 && x < Infinity)) {
        throw new RangeError(`${what} is a speed above 0, in metres a second, not ${kind.shown(x)}.`);
      }
    }
    this.states = row.states;
    this.parameters = { ...numbers, ...parameters };
    [this.limits, this.switchSpeed, this.switchWidth] = [limits, switchSpeed, switchWidth];
  }

  /**
   * How fast a state changes: float32 [env, state], by `state` of that shape and `input`, float32 [env, 2]: the rate of the
   * steering angle, rad/s, and the acceleration, m/s^2, each within what the car can do. `parameters` are in place of the model's.
   */
  derivative(state: Tensor, input: Tensor, parameters: GivenParameters = this.parameters): Tensor {
    checkColumns(state, this.states.length, `a state of ${this.name}`, this.states.join(", "));
    checkColumns(input, 2, "an input", "the rate of the steering angle, the acceleration");
    const { limits, switchSpeed, switchWidth } = this;
    const x = state.named(null, null).split(1, 1);
    const asked = input.named(null, null).split(1, 1) as [Tensor, Tensor];
    const rates = table[this.name].law({ p: lawOf(parameters), limits, switchSpeed, switchWidth, x, asked });
    return beside(rates).named(...state.axes);
  }

  /**
   * The state `seconds` later, under an input that stays as it is.
   *
   * @example
   * ```ts
   * import { scan, tensor, VehicleModel } from "@plumbline/plumbline";
   *
   * const model = new VehicleModel("ks");
   * const straight = tensor([[0, 0]]);
   * const [end] = scan((car) => [model.step(car, straight, 0.02), []], model.start({ speed: tensor([10]) }), [], { length: 50 });
   * console.log((await model.read(end).x.item() as number).toFixed(3)); // 10.000
   * ```
   * @throws RangeError with a sentence if the time or an option cannot be.
   */
  step(
    state: Tensor,
    input: Tensor,
    seconds: number,
    options: IntegrateOptions = {},
    parameters: GivenParameters = this.parameters,
  ): Tensor {
    const rate = (x: Tensor): Tensor => this.derivative(x, input, parameters);
    return integrate(rate, state, seconds, { places: this.places, ...options });
  }

  /** 1 for the columns of a state that are places and angles, 0 for speeds and what is driven: float32 [1, state]. */
  get places(): Tensor {
    return tensor([this.states.map((name) => Number(placeNames.test(name)))]);
  }

  /**
   * A state, float32 [env, state], of cars of which this is known; what is left out is 0. Wheels roll, and springs are in balance.
   *
   * @throws RangeError if nothing is given: then nobody knows how many cars there are.
   */
  start(car: Partial<CarState>, parameters: GivenParameters = this.parameters): Tensor {
    const [one] = Object.values(car);
    if (!one) {
      throw new RangeError("VehicleModel.start() is given at least one of a car's numbers, float32 [env] each.");
    }
    const none = one.named(null).mul(0);
    const columns = Object.fromEntries(core.map((name) => [name, (car[name] ?? none).named(null).unsqueeze(1)]));
    return beside(table[this.name].begin(columns as unknown as Columns, lawOf(parameters))).named("env", null);
  }

  /** What all models know of a car, by its state, [env, state]. */
  read(state: Tensor, parameters: GivenParameters = this.parameters): CarState {
    checkColumns(state, this.states.length, `a state of ${this.name}`, this.states.join(", "));
    const columns = state.named(null, null).split(1, 1);
    const found = table[this.name].read(columns, lawOf(parameters));
    return Object.fromEntries(core.map((name, i) => [name, found[i]!.squeeze(1).named("env")])) as unknown as CarState;
  }
}

const byName = (names: readonly string[], of: Kind): Record<string, Kind> =>
  Object.fromEntries(names.map((name) => [name, kind.optional(of)]));
const parameters = kind.optional(
  kind.having("parameters by name,", {}, byName(Object.keys(cars.bmw_320i), kind.tensorLike)),
);

takeOnly(VehicleModel, {
  derivative: { state: kind.tensor, input: kind.tensor, parameters },
  start: { car: kind.having("a car's numbers by name,", {}, byName(core, kind.tensor)), parameters },
  step: {
    state: kind.tensor,
    input: kind.tensor,
    seconds: kind.number,
    options: integrateOptions,
    parameters,
  },
  read: { state: kind.tensor, parameters },
});

function checkColumns(x: Tensor, count: number, what: string, columns: string): void {
  if (x.dtype === "float32" && x.rank === 2 && x.shape[1] === count) return;
  throw new RangeError(
    `${what} is float32 [env, ${count}] (${columns}), not ${x.dtype} [${x.shape.join(", ")}].`,
  );
}

function checkParameters(numbers: object, given: GivenParameters, car: CarName): void {
  for (const [name, x] of Object.entries(given)) {
    if (!Object.hasOwn(numbers, name)) {
      throw new RangeError(`${car} has no parameter \`${name}\`; it has ${Object.keys(numbers).join(", ")}.`);
    }
    const fits = x instanceof Tensor ? x.dtype === "float32" && x.rank <= 1 : Number.isFinite(x);
    if (!fits) {
      throw new RangeError(
        `the ${name} of a car is a number, or float32 [env] where cars differ, not ${kind.shown(x)}.`,
      );
    }
  }
}
