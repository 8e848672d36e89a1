/**
 * A scene in the words of physics engines (MuJoCo's, Genesis'): commands go to the joints of a car, the scene steps, and what is
 * read of it is qpos. It is made of tensors, so that qpos knows the commands that it came of, and carries its gradient to them.
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { describe } from "../../graph/types.ts";
import { full, zeros } from "../../tensor/creation.ts";
import { stack } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as kind from "../kinds.ts";
import { type CarState, type ModelName, VehicleModel, type VehicleModelOptions } from "./models/model.ts";
import { stepSeconds } from "./constants.ts";
import { substeps } from "./vehicle.ts";

/** Options of {@linkcode VehicleScene}. */
export interface VehicleSceneOptions {
  /** `ks`, `st` (the default), `std` or `mb`, see {@linkcode VehicleModel}. */
  readonly model?: ModelName;
  /** Whose numbers: `bmw_320i` unless told otherwise. */
  readonly car?: VehicleModelOptions["car"];
  /** Where the cars begin, float32 [env] each: how many there are follows from it. What is left out is 0. */
  readonly start: Partial<CarState>;
  /** Seconds in a step: above 0, 0.05 unless told otherwise. */
  readonly dt?: number;
  /** Stiffness of the position control of the steering joint, 1/s^2, for a joint of unit inertia: at least 0, 400 unless told otherwise. */
  readonly kp?: number;
  /** Its damping, 1/s: at least 0, 40 unless told otherwise, with which the joint does not swing. */
  readonly kv?: number;
}

/** What changes in a scene: a tree that {@linkcode scan} can carry. */
export type VehicleSceneState = {
  /** The state of the model, float32 [env, state]. */
  readonly car: Tensor;
  /** The rate of the steering joint that its position control asks for, float32 [env], rad/s. */
  readonly rate: Tensor;
  /** Where the steering joint is to go, float32 [env], rad. */
  readonly target: Tensor;
  /** The speed that is to be held, float32 [env], m/s. */
  readonly speed: Tensor;
};

/** Metres a second closer to the speed that is to be held, by m/s^2. */
const speedGain = 2;

const takesScene = signature("new VehicleScene()", {
  options: kind.having(
    "options by name with `start`",
    { start: kind.having("a car's numbers by name, float32 [env] each,", {}) },
    { model: kind.anything, car: kind.anything, dt: kind.anything, kp: kind.anything, kv: kind.anything },
  ),
});

/**
 * Cars in a scene, one in each environment.
 *
 * @example
 * ```ts
 * import { gradients, tensor, VehicleScene } from "@plumbline/plumbline";
 *
 * const scene = new VehicleScene({ model: "ks", start: { speed: tensor([8]) } });
 * const command = tensor([0.1]);
 * for (let t = 0; t < 10; t++) {
 *   scene.car.controlDofsPosition(command);
 *   scene.step();
 * }
 * const [slope] = gradients(scene.car.getQpos().select(1, 1).sum(), [command]);
 * console.log((await slope!.item()) as number > 0); // true
 * ```
 *
 * @example A thousand steps are one scan, which carries the state of the scene.
 * ```ts
 * import { scan, tensor, VehicleScene } from "@plumbline/plumbline";
 *
 * const scene = new VehicleScene({ start: { speed: tensor([8, 12]) } });
 * const [last, qpos] = scan((state) => {
 *   scene.reset(state);
 *   scene.car.controlDofsPosition(scene.car.getQpos().select(1, 1).mul(-0.02));
 *   scene.step();
 *   return [scene.getState(), scene.car.getQpos()];
 * }, scene.getState(), [], { length: 1000 });
 * scene.reset(last);
 * console.log(qpos.shape); // [ 1000, 2, 4 ]
 * ```
 */
export class VehicleScene {
  /** The car of each environment. */
  readonly car: VehicleEntity;
  /** Seconds in a step. */
  readonly dt: number;
  readonly #model: VehicleModel;
  readonly #gains: { readonly kp: number; readonly kv: number };
  #state: VehicleSceneState;

  /**
   * Puts the cars where they begin, and holds their speeds.
   *
   * @throws RangeError with a sentence if there is no such model or car, nobody knows how many cars there are, or an option is out of
   * its range.
   */
  constructor(options: VehicleSceneOptions) {
    takesScene(arguments);
    const { model = "st", car = "bmw_320i", start, dt = stepSeconds, kp = 400, kv = 40 } = options;
    if (!(typeof dt === "number" && dt > 0 && dt < Infinity)) {
      throw new RangeError(`dt of a scene is a time above 0, in seconds, not ${kind.shown(dt)}.`);
    }
    for (const [name, x] of Object.entries({ kp, kv })) {
      if (!(typeof x === "number" && x >= 0 && x < Infinity)) {
        throw new RangeError(`${name} of a scene is a gain of at least 0, not ${kind.shown(x)}.`);
      }
    }
    this.#model = new VehicleModel(model, { car, limits: "smooth", switchSpeed: 3, switchWidth: 0.5 });
    [this.dt, this.#gains] = [dt, { kp, kv }];
    const first = this.#model.start(start);
    const { speed, steering } = this.#model.read(first);
    this.#state = { car: first, rate: zeros([speed.size]), target: steering.named(null), speed: speed.named(null) };
    this.car = new VehicleEntity(
      this.#model,
      () => this.#state,
      (changed) => this.#state = { ...this.#state, ...changed },
    );
  }

  /** One step of dt seconds, under the commands that were given last. */
  step(): void {
    const { car, rate, target, speed } = this.#state;
    const { dt } = this;
    const { kp, kv } = this.#gains;
    const now = this.#model.read(car);
    const angle = now.steering.named(null);
    // Spring and damper are those at the end of the step: no gain is too stiff for it.
    const asked = rate.add(target.sub(angle).mul(dt * kp)).div(1 + dt * kv + dt * dt * kp);
    const pushing = speed.sub(now.speed.named(null)).mul(speedGain);
    const next = this.#model.step(car, stack([asked, pushing], -1).named("env", null), dt, {
      substeps: Math.max(1, Math.ceil(substeps[this.#model.name] * dt / stepSeconds - 1e-9)),
    });
    this.#state = { ...this.#state, car: next, rate: asked };
  }

  /** What has changed so far, as a tree of tensors. */
  getState(): VehicleSceneState {
    return this.#state;
  }

  /** Goes on from a state that {@linkcode VehicleScene.getState} gave. */
  reset({ car, rate, target, speed }: VehicleSceneState): void {
    // What becomes of the caller's object later is no business of the scene.
    this.#state = { car, rate, target, speed };
  }
}

takeOnly(VehicleScene, {
  step: {},
  getState: {},
  reset: {
    state: kind.having("a state, as getState() gives it,", {
      car: kind.tensor,
      rate: kind.tensor,
      target: kind.tensor,
      speed: kind.tensor,
    }),
  },
});

/** The car of each environment of a {@linkcode VehicleScene}. */
export class VehicleEntity {
  readonly #model: VehicleModel;
  readonly #state: () => VehicleSceneState;
  readonly #change: (changed: Partial<VehicleSceneState>) => void;

  /** Those of a scene make it. */
  constructor(
    model: VehicleModel,
    state: () => VehicleSceneState,
    change: (changed: Partial<VehicleSceneState>) => void,
  ) {
    [this.#model, this.#state, this.#change] = [model, state, change];
  }

  /**
   * Where the steering joint is to go, rad, float32 [env] or [env, 1]: its position control holds to it from the next step on, as
   * fast as the joint can turn.
   *
   * @throws RangeError with a sentence for targets of another shape.
   */
  controlDofsPosition(target: Tensor): void {
    this.#change({ target: this.#each(target, "controlDofsPosition", "the target of the steering joint", "radians") });
  }

  /**
   * The speed that is to be held, m/s, float32 [env] or [env, 1].
   *
   * @throws RangeError with a sentence for speeds of another shape.
   */
  controlDofsVelocity(speed: Tensor): void {
    this.#change({ speed: this.#each(speed, "controlDofsVelocity", "the speed to be held", "metres a second") });
  }

  /** x and y, m, heading and steering angle, rad: float32 [env, 4]. It carries its gradient to the commands. */
  getQpos(): Tensor {
    const { x, y, heading, steering } = this.#model.read(this.#state().car);
    return columns(x, y, heading, steering);
  }

  /** How fast each of qpos changes: float32 [env, 4], m/s and rad/s. */
  getDofsVelocity(): Tensor {
    const { car, rate } = this.#state();
    const asked = stack([rate, rate.mul(0)], -1);
    const [x, y, steering, , heading] = this.#model.derivative(car, asked).named(null, null).unbind(1);
    return columns(x!, y!, heading!, steering!);
  }

  #each(x: Tensor, call: string, what: string, unit: string): Tensor {
    const envs = this.#state().rate.size;
    const free = x.named(...x.shape.map(() => null));
    if (x.dtype === "float32" && (same(x.shape, [envs]) || same(x.shape, [envs, 1]))) return free.reshape(envs);
    if (x.dtype === "float32" && x.rank === 0) return full([envs], 0).add(free);
    throw new RangeError(
      `${call}() takes ${what} of each car, float32 [env] or [env, 1], here [${envs}], in ${unit}, not ${describe(x)}.`,
    );
  }
}

takeOnly(VehicleEntity, {
  controlDofsPosition: { target: kind.tensor },
  controlDofsVelocity: { speed: kind.tensor },
  getQpos: {},
  getDofsVelocity: {},
});

const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

function columns(...parts: readonly Tensor[]): Tensor {
  return stack(parts.map((x) => x.named(null)), -1).named("env", null);
}
