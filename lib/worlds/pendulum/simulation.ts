/** One pendulum in plain JavaScript; see constants.ts for whose it is. Loaded by workers: it imports nothing that is large. */

import type { RandomStream } from "../../graph/random_stream.ts";
import type { Simulation, StepOutcome } from "../host/world.ts";
import type { Entity } from "../scene.ts";
import { maxSpeed, maxTorque, pull, push, rodLength, speedCost, stepSeconds, torqueCost } from "./constants.ts";

/** What is placed, in this order. */
export type PendulumEntities = readonly [hinge: Entity, goal: Entity, rod: Entity, end: Entity];

const turn = 2 * Math.PI;

/** An angle in [-pi, pi). */
function wrapped(angle: number): number {
  return angle - turn * Math.floor((angle + Math.PI) / turn);
}

class PendulumSimulation implements Simulation {
  /** From upright, counter-clockwise; radians, not wrapped. */
  #angle = 0;
  /** Radians a second. */
  #speed = 0;
  // What it gives is read before the next step: one of each will do.
  readonly #seen = new Float32Array(3);
  readonly #places = new Float64Array(12);
  readonly #outcome = { reward: 0, terminated: false };

  /** The angle uniform in [-pi, pi), the speed in [-1, 1). */
  reset(random: RandomStream): void {
    this.#angle = Math.PI * (2 * random.next() - 1);
    this.#speed = 2 * random.next() - 1;
  }

  observe(): Float32Array {
    this.#seen[0] = Math.cos(this.#angle);
    this.#seen[1] = Math.sin(this.#angle);
    this.#seen[2] = this.#speed;
    return this.#seen;
  }

  step(action: Float32Array): StepOutcome {
    const torque = maxTorque * Math.max(-1, Math.min(1, action[0]!));
    const speed = this.#speed + pull * Math.sin(this.#angle) + push * torque;
    this.#outcome.reward = -(wrapped(this.#angle) ** 2 + speedCost * this.#speed ** 2 + torqueCost * torque ** 2);
    this.#speed = Math.max(-maxSpeed, Math.min(maxSpeed, speed));
    this.#angle += stepSeconds * this.#speed;
    return this.#outcome;
  }

  state(): number[] {
    return [this.#angle, this.#speed];
  }

  restore([angle, speed]: Float64Array): void {
    this.#angle = angle!;
    this.#speed = speed!;
  }

  /** The hinge, the place to reach, the rod by its middle, and its end. */
  place(): Float64Array {
    const [x, y] = [-rodLength * Math.sin(this.#angle), rodLength * Math.cos(this.#angle)];
    this.#places.set([0, 0, 0, 0, rodLength, 0, x / 2, y / 2, this.#angle + Math.PI / 2, x, y, 0]);
    return this.#places;
  }
}

/** A pendulum, upright and still until it is reset. */
export default function pendulum(): Simulation {
  return new PendulumSimulation();
}
