/** A car that is to follow a track, as functions of tensors: the gradient of a whole drive goes through it. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { tensor, zeros } from "../../tensor/creation.ts";
import { concat, stack, where } from "../../tensor/functions.ts";
import { randomInt, splitKey, uniform } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Controller, RecurrentController } from "../controllers.ts";
import type { ActionKind, Environment, EpisodeReduction, Transition } from "../environment.ts";
import * as kind from "../kinds.ts";
import type { Scene } from "../scene.ts";
import { actuated } from "./actuators.ts";
import { type ModelName, VehicleModel } from "./models/model.ts";
import type { GivenParameters } from "./models/law.ts";
import { type Place, type Pose, TrackTable } from "./tracks/table.ts";
import { previewDistance, previewSeconds, settlingSteps, stepSeconds } from "./constants.ts";
import { controllersOf } from "./controllers.ts";
import { observationNames, observationScales, type VehicleOptions, vehicleOptions } from "./options.ts";
import { sceneOfCar } from "./scene.ts";

/** What changes in `vehicle`. */
export type VehicleState = {
  /** The state of the model, float32 [env, state]. */
  car: Tensor;
  /** The acceleration that engine and brakes give at present, float32 [env], m/s^2. */
  pushing: Tensor;
  /** Which track it drives on, int32 [env]. */
  track: Tensor;
  /** The point of it that is the nearest, int32 [env]. */
  at: Tensor;
  /** Mass, grip of the road and lag of the engine beside those of the table, float32 [env]: 1 is the same. */
  mass: Tensor;
  /** See mass. */
  grip: Tensor;
  /** See mass. */
  lag: Tensor;
  /** Steps since the start of the episode, int32 [env]. */
  steps: Tensor;
};

/** Steps of the integration that models need in a step, where their kinematic law reaches up to 3 m/s. */
export const substeps: Readonly<Record<ModelName, number>> = { ks: 1, st: 2, std: 60, mb: 25 };

/** Errors that weigh the same: metres, radians, m/s. The lateral one is what counts: the heading of a car that corners is its slip. */
const scale = { lateral: 0.05, heading: 0.5, speed: 1 } as const;

/** The most that a car can be off its speed, m/s: the fastest one while it goes backwards as fast as it can. */
const mostSpeedOff = 65;

/**
 * What a car that is out of its mind is short of, by the logarithm of squares: nobody on the track earns less than nothing, however
 * wide it is.
 */
function worstOn(halfWidth: number): number {
  const most = { lateral: halfWidth, heading: Math.PI / 2, speed: mostSpeedOff };
  const squares = (["lateral", "heading", "speed"] as const).map((name) => (most[name] / scale[name]) ** 2);
  return Math.max(10, Math.log1p(squares.reduce((sum, x) => sum + x)));
}

const takesWorld = signature("new Vehicle()", { options: kind.worldOptions });

/**
 * A car drives along a track, at the speed that its bends allow. It steers by a target angle and an acceleration, both with the lag
 * of the real thing; a step is 0.05 s and earns 1 - log(1 + (lateral / 0.05 m)^2 + (heading / 0.5)^2 + (speed / 1 m/s)^2) / 10: far
 * away its gradient does not vanish, and near the middle a start that was far off does not count more than all the driving. The episode
 * ends where the car leaves the track or turns its back on it; an open track ends it too, as if the time were up. On tracks so wide
 * that a car at their edge would be short of more than 10, it is divided by that: to stay earns no less than to leave.
 *
 * @example
 * ```ts
 * import { randomKey, Vehicle, zeros } from "@plumbline/plumbline";
 *
 * const world = new Vehicle({ model: "st", track: "circuit" });
 * const { state, reward } = world.step(world.reset(randomKey(0), 4), zeros([4, 1, 2]));
 * console.log(world.observe(state).shape, reward.shape); // [ 4, 1, 33 ] [ 4, 1 ]
 * ```
 */
export class Vehicle implements Environment<VehicleState> {
  readonly name = "vehicle";
  readonly agents = 1;
  readonly observationSize: number = observationNames.length;
  readonly actionKind: ActionKind = "continuous";
  readonly actionSize = 2;
  readonly maxSteps: number;
  readonly scene: Scene<VehicleState>;
  readonly metrics: Readonly<Record<string, EpisodeReduction>> = {
    ...{
      lateral_rms: "rms",
      lateral_settled: { reduction: "rms", after: settlingSteps },
      lateral_max: "max",
      heading_rms: "rms",
      heading_max: "max",
      speed_rms: "rms",
      speed: "mean",
    },
  };
  /** The car. */
  readonly model: VehicleModel;
  /** Stanley's, pure pursuit, LQR and iLQR, by name. */
  readonly controllers: Readonly<Record<string, Controller | RecurrentController>>;
  readonly #table: TrackTable;
  readonly #halfWidth: number;
  readonly #spread: number;
  readonly #worst: number;

  /**
   * Lays out its tracks.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range, or a track cannot be driven.
   */
  constructor(options: VehicleOptions = {}) {
    takesWorld(arguments);
    const { maxSteps, model, car, halfWidth, spread, tracks } = vehicleOptions(options);
    [this.maxSteps, this.#halfWidth, this.#spread] = [maxSteps, halfWidth, spread];
    this.#worst = worstOn(halfWidth);
    this.model = new VehicleModel(model, { car, limits: "smooth", switchSpeed: 3, switchWidth: 0.5 });
    this.controllers = controllersOf(car);
    this.#table = new TrackTable(tracks);
    this.scene = sceneOfCar(this.model, this.#table, stepSeconds);
  }

  /** New episodes: near the way and its direction, at about its speed; on open tracks at their beginning. */
  reset(key: Tensor, envs: number): VehicleState {
    const [which, where_, how] = splitKey(key, 3) as [Tensor, Tensor, Tensor];
    const { tracks } = this.#table;
    const track = randomInt(which, [envs], 0, tracks.length);
    const drawn = uniform(how, [7, envs], -1, 1);
    const [aside, turned, faster, mass, grip, lag] = drawn.unbind(0) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const begin = uniform(where_, [envs], 0, 1).mul(this.#table.count(track).cast("float32")).floor().cast("int32");
    const at = tracks.every(({ closed }) => closed) ? begin : begin.mul(0).add(1);
    const place = { track, at };
    const from = this.#table.read(place, zeros([1, 1], { dtype: "int32" }));
    const [x, y, heading, curvature, speed] = [from.x, from.y, from.heading, from.curvature, from.speed]
      .map((column) => column.squeeze(1)) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const off = aside.mul(0.5);
    const wheelbase = Number(this.model.parameters.frontAxle) + Number(this.model.parameters.rearAxle);
    const going = speed.mul(faster.mul(0.1).add(1));
    const about = (one: Tensor): Tensor => one.mul(this.#spread).add(1).named("env");
    const factors = { mass: about(mass), grip: about(grip), lag: about(lag) };
    const car = this.model.start({
      x: x.sub(off.mul(heading.sin())),
      y: y.add(off.mul(heading.cos())),
      heading: heading.add(turned.mul(0.1)),
      speed: going,
      steering: curvature.mul(wheelbase).atan(),
      yawRate: curvature.mul(going),
    }, this.#parameters(factors));
    const steps = zeros([envs], { dtype: "int32" }).named("env");
    return {
      car,
      pushing: zeros([envs]).named("env"),
      track: track.named("env"),
      at: at.named("env"),
      ...factors,
      steps,
    };
  }

  /** The errors, the car's own state and what lies ahead, on scales of about 1. */
  observe(state: VehicleState): Tensor {
    const { pose, place, read } = this.#seen(state);
    const errors = this.#table.errors(place, pose);
    const ahead = this.#table.preview(place, pose, previewSeconds, previewDistance);
    const faster = ahead.speed.sub(pose.speed.named(null).unsqueeze(1));
    const own = [
      ...[errors.lateral, errors.heading, errors.speed, errors.curvature, pose.speed],
      ...[read.steering!, read.yawRate!, read.slip!, state.pushing],
    ];
    const parts = [stack(own.map((x) => x.named(null)), -1), ahead.forwards, ahead.left, faster, ahead.curvature];
    const all = concat(parts.map((x) => x.named(null, null)), 1).mul(tensor([[...observationScales]]));
    return all.unsqueeze(1).named("env", "agent", "feature");
  }

  /** One step of 0.05 s; `action` is the target of the steering angle over 0.5 rad and the acceleration over 6 m/s^2. */
  step(state: VehicleState, action: Tensor): Transition<VehicleState> {
    const { pushing, lag, steps } = state;
    const [steer, push] = action.reshape(steps.size, 2).clamp(-1, 1).named("env", null).unbind(1) as [Tensor, Tensor];
    const angle = this.model.read(state.car).steering;
    const driven = actuated({ steer, push }, { angle, pushing }, lag);
    const car = this.model.step(
      state.car,
      stack([driven.turning, driven.halfway].map((x) => x.named(null)), -1).named("env", null),
      stepSeconds,
      { substeps: substeps[this.model.name] },
      this.#parameters(state),
    );
    const moved = { ...state, car, pushing: driven.pushing, steps: steps.add(1) };
    const { pose } = this.#seen(moved);
    const place = this.#table.follow(state, pose);
    const errors = this.#table.errors(place, pose);
    const squares = (["lateral", "heading", "speed"] as const)
      .map((name) => errors[name].div(scale[name]).square()).reduce((sum, x) => sum.add(x));
    // What is no number is not on the track.
    const holds = errors.lateral.abs().lessEqual(this.#halfWidth).and(errors.heading.abs().less(Math.PI / 2));
    const terminated = holds.not();
    const over = moved.steps.greaterEqual(this.maxSteps).or(this.#table.ended(place));
    return {
      state: { ...moved, at: place.at.named("env") },
      reward: where(holds, squares.log1p().mul(-1 / this.#worst).add(1), 0).unsqueeze(1).named("env", "agent"),
      terminated: terminated.named("env"),
      truncated: over.and(holds).named("env"),
    };
  }

  /** The errors of a state by the names of {@linkcode Vehicle.metrics}: metres, radians, m/s. */
  measure(state: VehicleState): Readonly<Record<string, Tensor>> {
    const { pose, place } = this.#seen(state);
    const { lateral, heading, speed } = this.#table.errors(place, pose);
    return {
      ...{
        lateral_rms: lateral,
        lateral_settled: lateral,
        lateral_max: lateral.abs(),
        heading_rms: heading,
        heading_max: heading.abs(),
      },
      ...{ speed_rms: speed, speed: pose.speed },
    };
  }

  #parameters({ mass, grip }: Pick<VehicleState, "mass" | "grip">): GivenParameters {
    const { parameters } = this.model;
    return { ...parameters, mass: mass.named(null).mul(Number(parameters.mass)), grip: grip.named(null) };
  }

  #seen(state: VehicleState): { pose: Pose; place: Place; read: Readonly<Record<string, Tensor>> } {
    const { x, y, heading, speed, ...read } = this.model.read(state.car);
    return { pose: { x, y, heading, speed }, place: { track: state.track, at: state.at }, read };
  }
}

takeOnly(
  Vehicle,
  {
    ...kind.worldMethods("car", "pushing", "track", "at", "mass", "grip", "lag", "steps"),
    measure: {
      state: kind.having("a state, as reset() or step() gives it,", {
        car: kind.tensor,
        track: kind.tensor,
        at: kind.tensor,
      }),
    },
  },
);
