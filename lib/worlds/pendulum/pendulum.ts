/** The pendulum as functions of tensors: it has gradients, and a whole rollout of it is one program. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { full, zeros } from "../../tensor/creation.ts";
import { concat, stack } from "../../tensor/functions.ts";
import { uniform } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ActionKind, Environment, Transition } from "../environment.ts";
import { ends } from "../episode.ts";
import * as kind from "../kinds.ts";
import { type Checks, whole, withDefaults } from "../options.ts";
import type { Scene } from "../scene.ts";
import * as law from "./constants.ts";
import { entities } from "./scene.ts";

/** Options of {@linkcode Pendulum}. */
export interface PendulumOptions {
  /** Steps of an episode: 1 or more. Default 200. */
  maxSteps?: number;
}

const defaults: Required<PendulumOptions> = { maxSteps: law.defaultMaxSteps };

const checks: Checks<PendulumOptions> = { maxSteps: whole(1, Infinity) };

/** What changes in `pendulum`. */
export type PendulumState = {
  /** From upright, counter-clockwise, float32 [env], radians in [-pi, pi). */
  angle: Tensor;
  /** float32 [env], radians a second. */
  speed: Tensor;
  /** Steps since the start of the episode, int32 [env]. */
  steps: Tensor;
};

const takesWorld = signature("new Pendulum()", { options: kind.worldOptions });

/**
 * A rod that hangs by one end is to be swung up and held upright by a motor that is too weak to lift it: the dynamics, rewards
 * and starts of Gymnasium's Pendulum-v1 (Towers et al. 2024). Holding it from the start on is worth 0, hanging still about
 * -1900, random actions about -1200.
 *
 * @example
 * ```ts
 * import { Pendulum, randomKey, zeros } from "@plumbline/plumbline";
 *
 * const world = new Pendulum();
 * const { state, reward } = world.step(world.reset(randomKey(0), 4), zeros([4, 1, 1]));
 * console.log(world.observe(state).shape, reward.shape); // [ 4, 1, 3 ] [ 4, 1 ]
 * ```
 */
export class Pendulum implements Environment<PendulumState> {
  readonly name = "pendulum";
  readonly agents = 1;
  readonly observationSize = 3;
  readonly actionKind: ActionKind = "continuous";
  readonly actionSize = 1;
  readonly maxSteps: number;
  readonly scene: Scene<PendulumState> = { entities, place };

  /**
   * Prepares nothing yet.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range.
   */
  constructor(options: PendulumOptions = {}) {
    takesWorld(arguments);
    this.maxSteps = withDefaults("pendulum", defaults, checks, options).maxSteps;
  }

  /** New episodes: the angle uniform in [-pi, pi), the speed in [-1, 1). */
  reset(key: Tensor, envs: number): PendulumState {
    const drawn = uniform(key, [2, envs], -1, 1);
    return {
      angle: drawn.select(0, 0).mul(Math.PI).named("env"),
      speed: drawn.select(0, 1).named("env"),
      steps: zeros([envs], { dtype: "int32" }).named("env"),
    };
  }

  /** The cosine and the sine of the angle, and the speed. */
  observe({ angle, speed }: PendulumState): Tensor {
    return stack([angle.cos(), angle.sin(), speed], -1).unsqueeze(1).named("env", "agent", "feature");
  }

  /** One step of 0.05 s; `action` times 2 is the torque in newton metres, clamped to [-1, 1] before. Never terminates. */
  step({ angle, speed, steps }: PendulumState, action: Tensor): Transition<PendulumState> {
    const torque = action.reshape(angle.size).clamp(-1, 1).mul(law.maxTorque).named("env");
    const cost = angle.square().add(speed.square().mul(law.speedCost)).add(torque.square().mul(law.torqueCost));
    const faster = speed.add(angle.sin().mul(law.pull)).add(torque.mul(law.push));
    const next = faster.clamp(-law.maxSpeed, law.maxSpeed);
    const state: PendulumState = {
      angle: wrapped(angle.add(next.mul(law.stepSeconds))),
      speed: next,
      steps: steps.add(1),
    };
    return {
      state,
      reward: cost.neg().unsqueeze(1).named("env", "agent"),
      ...ends(full([state.steps.size], 0, { dtype: "bool" }), state.steps, this.maxSteps),
    };
  }
}

takeOnly(Pendulum, kind.worldMethods("angle", "speed", "steps"));

/** Angles in [-pi, pi), from at most a turn outside of it; the gradient goes through. */
function wrapped(angle: Tensor): Tensor {
  const turns = angle.add(Math.PI).mul(1 / (2 * Math.PI)).floor();
  return angle.sub(turns.mul(2 * Math.PI));
}

/** The entities of the scene in a state. */
function place({ angle }: PendulumState): { position: Tensor; angle: Tensor } {
  const still = zeros([angle.size]);
  const end = stack([angle.sin().neg(), angle.cos()], -1).mul(law.rodLength);
  const goal = stack([still, still.add(law.rodLength)], -1);
  const places = [zeros([angle.size, 2]), goal, end.mul(0.5), end].map((x) => x.named("env", null).unsqueeze(1));
  const angles = [still, still, angle.add(Math.PI / 2), still].map((x) => x.named("env").unsqueeze(1));
  return { position: concat(places, 1), angle: concat(angles, 1) };
}
