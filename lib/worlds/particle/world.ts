/**
 * Bodies in the plane that are pushed, slow down and bump into each other: the physics of VMAS 1.5.2, each environment of
 * the batch by itself. Semi-implicit Euler in substeps; drag once a step, before the first acceleration.
 */

import { tensor } from "../../tensor/creation.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Body, collidingPairs } from "./body.ts";
import { type ContactLaw, repulsion } from "./contact.ts";
import { Pairs } from "./pairs.ts";

/** Where bodies are and how they move, each [env, body, 2]: metres and metres a second. */
export type Motion = { position: Tensor; velocity: Tensor };

/** A source of forces: newtons on every body, [env, body, 2], from how the bodies are now. */
export type Interaction = (motion: Motion) => Tensor;

/** The constants of a world. */
export interface WorldOptions {
  /** Seconds a step; 0.1 if not given. */
  readonly dt?: number;
  /** Parts of a step in which forces are computed anew; 1 if not given. */
  readonly substeps?: number;
  /** The share of the velocity that is lost in a step; 0.25 if not given. */
  readonly drag?: number;
  /** 100 N/m over 1 mm if not given. */
  readonly contact?: ContactLaw;
  /** Positions are held within [-x, x] and [-y, y]; without bounds if not given. */
  readonly bounds?: readonly [x: number, y: number] | null;
}

/** A number if all are equal, else a constant of `shape`: fewer numbers to broadcast. */
function constant(values: readonly number[], ...shape: number[]): Tensor | number {
  const [first] = values;
  return values.every((x) => x === first) ? first! : tensor(Float32Array.from(values), { shape });
}

/** The contacts of every pair of spheres that may touch, as one interaction; `null` where there is none. */
function sphereContacts(bodies: readonly Body[], law: ContactLaw): Interaction | null {
  const list = collidingPairs(bodies);
  if (list.length === 0) return null;
  const pairs = new Pairs(bodies.length, list);
  const reach = constant(list.map(([a, b]) => bodies[a]!.shape.radius + bodies[b]!.shape.radius), list.length);
  return ({ position }) => pairs.gather(repulsion(pairs.difference(position), reach, law));
}

/** A world of fixed bodies. It holds constants only: what changes is the {@linkcode Motion} that it is given. */
export class ParticleWorld {
  readonly #dt: number;
  readonly #substeps: number;
  readonly #keep: number;
  readonly #bound: Tensor | number | null;
  readonly #unbound: Tensor | number;
  /** Seconds a substep, over the mass: the velocity that a newton gives. */
  readonly #gain: Tensor | number;
  readonly #interactions: readonly Interaction[];

  /** `bodies` in the order of the body axis. */
  constructor(readonly bodies: readonly Body[], options: WorldOptions = {}) {
    const { dt = 0.1, substeps = 1, drag = 0.25, contact = { stiffness: 100, margin: 1e-3 }, bounds = null } = options;
    this.#dt = dt / substeps;
    this.#substeps = substeps;
    this.#keep = 1 - drag;
    this.#bound = bounds && constant(bounds, 2);
    this.#unbound = bounds ? constant(bounds.map((x) => -x), 2) : 0;
    const gains = bodies.map(({ mass = 1, movable = true }) => movable ? this.#dt / mass : 0);
    this.#gain = constant(gains, bodies.length, 1);
    this.#interactions = [sphereContacts(bodies, contact)].filter((x) => x !== null);
  }

  /** One step under `force`, in newtons on every body, [env, body, 2], held for the step. */
  step(motion: Motion, force: Tensor): Motion {
    let { position, velocity } = motion;
    velocity = velocity.mul(this.#keep);
    for (let substep = 0; substep < this.#substeps; substep++) {
      const forces = this.#interactions.reduce((sum, f) => sum.add(f({ position, velocity })), force);
      velocity = velocity.add(forces.mul(this.#gain));
      position = this.#held(position.add(velocity.mul(this.#dt)));
    }
    return { position, velocity };
  }

  #held(position: Tensor): Tensor {
    return this.#bound === null ? position : position.maximum(this.#unbound).minimum(this.#bound);
  }
}
