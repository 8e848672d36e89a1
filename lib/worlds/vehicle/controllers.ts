/**
 * The classical ways to steer a car along a track, from what the world shows: Stanley (Hoffmann, Tomlin, Montemerlo and Thrun 2007),
 * pure pursuit (Coulter 1992), and LQR of the errors with feed-forward (Rajamani, "Vehicle Dynamics and Control", 2012, chapters 2
 * and 3); and iLQR, see `planner.ts`. The first three drive at the speed of the way a moment ahead, and their gains are those of least
 * lateral error (settled) on random tracks, by the same random search for each: `tasks/tune_drivers.ts`. Those of iLQR
 * were set by hand, among about ten draws.
 */

import { signature } from "../../graph/arguments.ts";
import * as kind from "../kinds.ts";
import { tensor } from "../../tensor/creation.ts";
import { stack } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Controller, RecurrentController } from "../controllers.ts";
import { type BodyParameters, type CarName, carNames, cars } from "./models/cars.ts";
import { gravity } from "./models/law.ts";
import { planner, type PlannerWeights } from "./planner.ts";
import { latticeGains } from "./riccati.ts";
import { observationNames, observationScales } from "./options.ts";
import { mostPushing, mostSteering, previewSeconds, stepSeconds } from "./constants.ts";

type Seen = (name: string) => Tensor;
type Steering = (seen: Seen) => Tensor;

/** Gains of the controllers; see the file's first lines. */
export interface ControllerGains {
  /** How hard Stanley steers against the lateral error of the front axle, 1/s. */
  readonly stanley: number;
  /** What slow cars are taken for by Stanley, m/s. */
  readonly softening: number;
  /** Which of the points ahead pure pursuit makes for. */
  readonly pursued: number;
  /** The weights of LQR: lateral error, its rate, heading error, its rate; steering has 1. */
  readonly lqr: readonly [number, number, number, number];
  /** What iLQR's plans cost. */
  readonly ilqr: PlannerWeights;
}

/** The gains that were found, and those of iLQR, which were set by hand. */
const defaultGains: ControllerGains = {
  ...{ stanley: 2.1, softening: 4.6, pursued: 1, lqr: [0.035, 0.0019, 0.149, 0.0027] },
  ilqr: { lateral: 1, heading: 3, speed: 0.03, turning: 0.2, pushing: 0.001 },
};

/** Metres a second closer to the meant speed, by m/s^2. */
const speedGain = 1.5;

const lists = kind.kindOf(
  "four numbers of at least 0",
  (x) => Array.isArray(x) && x.length === 4 && x.every((y) => Number.isFinite(y) && y >= 0),
);
const gain = kind.kindOf("a number of at least 0", (x) => typeof x === "number" && x >= 0 && x < Infinity);
// Without a price there is no least cost: the matrix of inputs has no inverse.
const price = kind.kindOf("a number above 0", (x) => typeof x === "number" && x > 0 && x < Infinity);
const takesControllers = signature("vehicleControllers()", {
  name: kind.oneOf(...carNames),
  gains: kind.options<ControllerGains>({
    stanley: gain,
    softening: gain,
    pursued: kind.kindOf(
      `a whole number from 0 to ${previewSeconds.length - 1}`,
      (x) => Number.isInteger(x) && Number(x) in previewSeconds,
    ),
    lqr: lists,
    ilqr: kind.having("what a plan costs,", {
      ...{ lateral: gain, heading: gain, speed: gain, turning: price, pushing: price },
    }),
  }),
});

/**
 * The controllers of a car by name, which take its numbers to be those of the table; `given` are gains in place of the default ones.
 *
 * @example
 * ```ts
 * import { Evaluator, Vehicle, vehicleControllers } from "@plumbline/plumbline";
 *
 * const world = new Vehicle({ maxSteps: 40 });
 * const { lqr } = vehicleControllers("bmw_320i", { lqr: [0.03, 0, 0.3, 0] });
 * console.log((await new Evaluator(world, lqr).run(4, 0)).length); // Float32Array(4) [ 40, 40, 40, 40 ]
 * ```
 */
export function controllersOf(
  name: CarName,
  given: Partial<ControllerGains> = {},
): Readonly<Record<"stanley" | "pure_pursuit" | "lqr", Controller> & Record<"ilqr", RecurrentController>> {
  takesControllers(arguments);
  const car: BodyParameters = cars[name];
  const gains = { ...defaultGains, ...given };
  return {
    stanley: driver(stanley(car, gains)),
    pure_pursuit: driver(purePursuit(car, gains)),
    lqr: driver(lqr(car, gains)),
    ilqr: planner(name, gains.ilqr, seenIn),
  };
}

/** What of an observation has a name. */
function seenIn(observation: Tensor): Seen {
  const columns = observation.named(null, null, null).select(1, 0).unbind(1);
  return (name) => {
    const i = observationNames.indexOf(name);
    return columns[i]!.div(observationScales[i]!);
  };
}

/** A controller that steers by `steering`, radians. */
function driver(steering: Steering): Controller {
  return (observation) => {
    const seen = seenIn(observation);
    const pushing = seen("faster0").mul(speedGain / mostPushing);
    return stack([steering(seen).div(mostSteering), pushing], -1).unsqueeze(1).clamp(-1, 1);
  };
}

/** The front axle is brought to the way, and turned into its direction there. */
function stanley({ frontAxle }: BodyParameters, { stanley, softening }: ControllerGains): Steering {
  return (seen) => {
    const aside = seen("lateral").add(seen("heading").sin().mul(frontAxle));
    const turned = seen("heading").sub(seen("curvature").mul(frontAxle));
    return turned.add(aside.mul(stanley).div(seen("speed").relu().add(softening)).atan()).neg();
  };
}

/** The rear axle is led in a circle through a point ahead. */
function purePursuit({ frontAxle, rearAxle }: BodyParameters, { pursued }: ControllerGains): Steering {
  return (seen) => {
    const forwards = seen(`forwards${pursued}`).add(rearAxle);
    const left = seen(`left${pursued}`);
    return left.mul(2 * (frontAxle + rearAxle)).div(forwards.square().add(left.square()).maximum(1)).atan();
  };
}

/** Speeds at which gains are found: those between lie on a line. */
const lattice = Array.from({ length: 40 }, (_, i) => i + 1);

/** The steering that costs least where errors are small and tyres linear, and what a bend needs beside it. */
function lqr(car: BodyParameters, { lqr }: ControllerGains): Steering {
  const { mass, frontAxle, rearAxle, friction, frontStiffness, rearStiffness } = car;
  const wheelbase = frontAxle + rearAxle;
  const front = friction * frontStiffness * mass * gravity * rearAxle / wheelbase;
  const rear = friction * rearStiffness * mass * gravity * frontAxle / wheelbase;
  const table = tensor(latticeGains({ car, front, rear, seconds: stepSeconds }, lqr, lattice));
  const understeer = mass / wheelbase * (rearAxle / front - frontAxle / rear);
  return (seen) => {
    const [speed, curvature] = [seen("speed"), seen("curvature")];
    const at = speed.sub(1).clamp(0, lattice.length - 1.001);
    const below = at.floor();
    const rest = at.sub(below).unsqueeze(1);
    const index = below.cast("int32");
    const low = table.take(index, 0);
    const gains = low.add(table.take(index.add(1), 0).sub(low).mul(rest));
    const errors = [
      seen("lateral"),
      speed.mul(seen("heading").add(seen("slip")).sin()),
      seen("heading"),
      seen("yawRate").sub(speed.mul(curvature)),
    ];
    const across = speed.square().mul(curvature);
    const heading = across.mul(frontAxle * mass / (rear * wheelbase)).sub(curvature.mul(rearAxle));
    const ahead = curvature.mul(wheelbase).add(across.mul(understeer)).add(gains.select(1, 2).mul(heading));
    return ahead.sub(gains.mul(stack(errors, -1)).sum(1));
  };
}
