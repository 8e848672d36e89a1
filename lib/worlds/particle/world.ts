/**
 * Bodies in the plane that are pushed, slow down, turn and bump into each other: the physics of VMAS 1.5.2, each environment
 * of the batch by itself. Semi-implicit Euler in substeps; drag once a step, before the first acceleration.
 */

import type { Tensor } from "../../tensor/tensor.ts";
import { type Body, circumscribedRadius, collidingPairs, type Fixture, momentOfInertia } from "./body.ts";
import { type ContactLaw, repulsion } from "./contact.ts";
import type { Effect } from "./frames.ts";
import { type Joint, Joints } from "./joints.ts";
import type { Motion } from "./motion.ts";
import { outlinePairs, Outlines } from "./outlines.ts";
import { constant, length, type Pair, Pairs } from "./pairs.ts";

/** A source of forces and torques on every body, from how the bodies are now. */
export type Interaction = (motion: Motion) => Effect;

/** The constants of a world. */
export interface WorldOptions {
  /** Seconds a step; 0.1 if not given. */
  readonly dt?: number;
  /** Parts of a step in which forces are computed anew; 1 if not given. */
  readonly substeps?: number;
  /** The share of the velocity and of the spin that is lost in a step; 0.25 if not given. */
  readonly drag?: number;
  /** 100 N/m over 1 mm if not given. */
  readonly contact?: ContactLaw;
  /** What discs bump into and what never moves; none if not given. */
  readonly fixtures?: readonly Fixture[];
  /** None if not given. */
  readonly joints?: readonly Joint[];
  /** Newtons for each metre that a joint is open; 130 if not given. It sets in over the margin of contacts. */
  readonly jointStiffness?: number;
  /** Positions are held within [-x, x] and [-y, y]; without bounds if not given. */
  readonly bounds?: readonly [x: number, y: number] | null;
}

/** The contacts of every pair of spheres that may touch, as one interaction; `null` where there is none. */
function sphereContacts(bodies: readonly Body[], law: ContactLaw): Interaction | null {
  const list = collidingPairs(bodies).filter((pair) => pair.every((i) => bodies[i]!.shape.kind === "sphere"));
  if (list.length === 0) return null;
  const pairs = new Pairs(bodies.length, list);
  const radius = (i: number): number => circumscribedRadius(bodies[i]!.shape);
  const reach = constant(list.map(([a, b]) => radius(a) + radius(b)), list.length);
  return ({ position }) => ({ force: pairs.gather(repulsion(pairs.difference(position), reach, law)) });
}

/** The contacts of every disc with every outline, as one interaction; `null` where there is none. */
function outlineContacts(bodies: readonly Body[], law: ContactLaw): Interaction | null {
  const list = outlinePairs(bodies);
  if (list.length === 0) return null;
  const outlines = Outlines.ofBodies(bodies, list);
  return (motion) => outlines.contacts(motion, law);
}

/** The contacts of every disc with every fixture, as one interaction; `null` where there is none. */
function fixtureContacts(bodies: readonly Body[], fixtures: readonly Fixture[], law: ContactLaw): Interaction | null {
  const discs = bodies.flatMap(({ shape, collides = true }, i) => shape.kind === "sphere" && collides ? [i] : []);
  const list = discs.flatMap((disc) => fixtures.map((_, i): Pair => [disc, i]));
  if (list.length === 0) return null;
  const outlines = Outlines.ofFixtures(bodies, fixtures, list);
  return (motion) => outlines.contacts(motion, law);
}

/** The joints as one interaction; `null` where there is none. */
function jointForces(bodies: readonly Body[], list: readonly Joint[], law: ContactLaw): Interaction | null {
  if (list.length === 0) return null;
  const joints = new Joints(bodies.length, list, law);
  return (motion) => joints.pull(motion);
}

/** Metres a second that nothing reaches; finite, so that the derivative is. */
const unlimited = 1e9;

/** A world of fixed bodies. It holds constants only: what changes is the {@linkcode Motion} that it is given. */
export class ParticleWorld {
  readonly #dt: number;
  readonly #substeps: number;
  readonly #keep: number;
  readonly #bound: Tensor | number | null;
  readonly #unbound: Tensor | number;
  /** Seconds a substep, over the mass: the velocity that a newton gives. */
  readonly #gain: Tensor | number;
  /** Seconds a substep, over the moment of inertia: the spin that a newton metre gives. */
  readonly #spinGain: Tensor | number;
  /** [body, 1], or a number; `null` where no body has a limit. */
  readonly #maxSpeed: Tensor | number | null;
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
    const spinGains = bodies.map((body) => body.rotatable ? this.#dt / momentOfInertia(body) : 0);
    this.#spinGain = constant(spinGains, bodies.length);
    const limits = bodies.map(({ maxSpeed }) => maxSpeed ?? unlimited);
    this.#maxSpeed = limits.some((x) => x < unlimited) ? constant(limits, bodies.length, 1) : null;
    const { joints = [], jointStiffness = 130, fixtures = [] } = options;
    this.#interactions = [
      jointForces(bodies, joints, { ...contact, stiffness: jointStiffness }),
      sphereContacts(bodies, contact),
      outlineContacts(bodies, contact),
      fixtureContacts(bodies, fixtures, contact),
    ].filter((x) => x !== null);
  }

  /**
   * One step under `force`, in newtons on every body, [env, body, 2], held for the step. What else there is in `motion`
   * stays as it is.
   */
  step<M extends Motion>(motion: M, force: Tensor): M {
    let { position, velocity, angle, spin } = motion as Motion;
    velocity = velocity.mul(this.#keep);
    spin = spin?.mul(this.#keep);
    for (let substep = 0; substep < this.#substeps; substep++) {
      const effects = this.#interactions.map((effect) => effect({ position, velocity, angle, spin }));
      const forces = effects.reduce((sum, effect) => sum.add(effect.force), force);
      velocity = this.#limited(velocity.add(forces.mul(this.#gain)));
      position = this.#held(position.add(velocity.mul(this.#dt)));
      if (!angle || !spin) continue;
      for (const { torque } of effects) if (torque) spin = spin.add(torque.mul(this.#spinGain));
      angle = angle.add(spin.mul(this.#dt));
    }
    return { ...motion, position, velocity, ...(angle && spin ? { angle, spin } : {}) };
  }

  #limited(velocity: Tensor): Tensor {
    return this.#maxSpeed === null
      ? velocity
      : velocity.mul(length(velocity).reciprocal().mul(this.#maxSpeed).minimum(1));
  }

  #held(position: Tensor): Tensor {
    return this.#bound === null ? position : position.maximum(this.#unbound).minimum(this.#bound);
  }
}
