/**
 * Bodies in the plane that are pushed, slow down, turn and bump into each other: the physics of VMAS 1.5.2, each environment
 * of the batch by itself. Semi-implicit Euler in substeps; drag once a step, before the first acceleration.
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { tensor } from "../../tensor/creation.ts";
import { scan } from "../../tensor/scan.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Body, circumscribedRadius, collidingPairs, type Fixture, momentOfInertia } from "./body.ts";
import { type ContactLaw, repulsion } from "./contact.ts";
import type { Effect } from "./frames.ts";
import { type Joint, Joints } from "./joints.ts";
import type { Motion } from "./motion.ts";
import { outlinePairs, Outlines } from "./outlines.ts";
import { Limits } from "./limits.ts";
import { constant, fusedSquaredLength, type Pair, Pairs } from "./pairs.ts";
import * as kind from "../kinds.ts";
import { sidePairs, Sides } from "./sides.ts";

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
  /** Metres a second squared, on every body that moves; none if not given. */
  readonly gravity?: readonly [x: number, y: number];
  /** 100 N/m over 1 mm if not given. */
  readonly contact?: ContactLaw;
  /** What discs bump into and what never moves; none if not given. */
  readonly fixtures?: readonly Fixture[];
  /** None if not given. */
  readonly joints?: readonly Joint[];
  /** Newtons for each metre that a joint is open; 130 if not given. It sets in over the margin of contacts. */
  readonly jointStiffness?: number;
  /** Newton metres, for a small angle in radians, of joints that hold an angle; 1 if not given. */
  readonly jointTorque?: number;
  /** Positions are held within [-x, x] and [-y, y]; without bounds if not given. */
  readonly bounds?: readonly [x: number, y: number] | null;
}

/**
 * The most substeps that a step is written out for; more become a loop. Written out, each is text to be compiled, 40 s of
 * buzz_wire's 15 on a software GPU instead of 3; in a loop, each is computed once more for a derivative.
 */
const mostWritten = 8;

/** Each number for x and for y: what has both multiplies faster than what is broadcast along the last axis. */
function twice(values: readonly number[]): number[] {
  return values.flatMap((x) => [x, x]);
}

/** The pairs of bodies that may touch: what is joined does not. */
function touchingPairs(bodies: readonly Body[], joints: readonly Joint[]): Pair[] {
  const joined = joints.map(({ held, at }) => `${Math.min(held, at)} ${Math.max(held, at)}`);
  return collidingPairs(bodies).filter(([a, b]) => !joined.includes(`${a} ${b}`));
}

/** The contacts of every pair of spheres among `touching`, as one interaction; `null` where there is none. */
function sphereContacts(bodies: readonly Body[], touching: readonly Pair[], law: ContactLaw): Interaction | null {
  const list = touching.filter((pair) => pair.every((i) => bodies[i]!.shape.kind === "sphere"));
  if (list.length === 0) return null;
  const pairs = new Pairs(bodies.length, list);
  const radius = (i: number): number => circumscribedRadius(bodies[i]!.shape);
  const reach = constant(list.map(([a, b]) => radius(a) + radius(b)), list.length);
  return ({ position }) => {
    const difference = pairs.difference(position);
    const squared = fusedSquaredLength(difference);
    return { force: pairs.gather(repulsion(difference, reach, law, { squared })) };
  };
}

/** The contacts of every disc with every outline among `touching`, as one interaction; `null` where there is none. */
function outlineContacts(bodies: readonly Body[], touching: readonly Pair[], law: ContactLaw): Interaction | null {
  const list = outlinePairs(bodies, touching);
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

/** The contacts of outlines with outlines among `touching`, one interaction for each kind of pair. */
function sideContacts(bodies: readonly Body[], touching: readonly Pair[], law: ContactLaw): Interaction[] {
  return sidePairs(bodies, touching).map((list) => {
    const sides = new Sides(bodies, list);
    return (motion) => sides.contacts(motion, law);
  });
}

/** The joints as one interaction; `null` where there is none. */
function jointForces(
  bodies: readonly Body[],
  list: readonly Joint[],
  law: ContactLaw,
  turning: number,
): Interaction | null {
  if (list.length === 0) return null;
  const joints = new Joints(bodies.length, list, law, turning);
  return (motion) => joints.pull(motion);
}

const optionalNumber = kind.optional(kind.orNull(kind.finite));
const body: kind.Kind = kind.options<Body>({
  shape: kind.having('a shape, such as { kind: "sphere", radius: 0.1 },', { kind: kind.text }),
  mass: kind.finite,
  movable: kind.boolean,
  rotatable: kind.boolean,
  maxSpeed: optionalNumber,
  speedRange: optionalNumber,
  maxForce: optionalNumber,
  forceRange: optionalNumber,
  maxTorque: optionalNumber,
  drag: kind.finite,
  collides: kind.boolean,
});
const pair = kind.kindOf("two numbers, [x, y],", (x) => Array.isArray(x) && x.length === 2 && x.every(Number.isFinite));
const things = kind.listOf(kind.having("an object", {}), "a list");
const takesWorld = signature("new ParticleWorld()", {
  bodies: kind.listOf(
    { ...body, accepts: (x) => x !== undefined && body.accepts(x) && "shape" in (x as object) },
    "a list of bodies",
  ),
  options: kind.options<WorldOptions>({
    dt: kind.finite,
    substeps: kind.count(1),
    drag: kind.finite,
    gravity: pair,
    contact: kind.having("a law of contact", { stiffness: kind.finite, margin: kind.finite }),
    fixtures: things,
    joints: things,
    jointStiffness: kind.finite,
    jointTorque: kind.finite,
    bounds: kind.orNull(pair),
  }),
});

/**
 * A world of given bodies. It holds constants only: what changes is the {@linkcode Motion} that it is given.
 *
 * @example
 * ```ts
 * import { ParticleWorld, tensor, zeros } from "@plumbline/plumbline";
 *
 * const world = new ParticleWorld([
 *   { shape: { kind: "sphere", radius: 0.1 } },
 *   { shape: { kind: "box", length: 0.4, width: 0.2 }, mass: 3, rotatable: true },
 * ]);
 * const motion = {
 *   position: tensor([[[-0.29, 0.05], [0, 0]]]),
 *   velocity: zeros([1, 2, 2]),
 *   angle: zeros([1, 2]),
 *   spin: zeros([1, 2]),
 * };
 * const { velocity } = world.step(motion, zeros([1, 2, 2]));
 * console.log((await velocity.data())[0]! < 0); // true: the disc is pushed off the box
 * ```
 */
export class ParticleWorld {
  readonly #dt: number;
  readonly #substeps: number;
  /**
   * What is left of the velocity, [body, 2], and of the spin, [body], after a step's drag; or numbers. Bodies that do not
   * move, or turn, lose all of what they were given.
   */
  readonly #keep: Tensor | number;
  readonly #keepSpin: Tensor | number;
  readonly #bound: Tensor | number | null;
  readonly #unbound: Tensor | number;
  /** Seconds a substep, over the mass: the velocity that a newton gives, [body, 2]; or a number. */
  readonly #gain: Tensor | number;
  /** Seconds a substep, over the moment of inertia: the spin that a newton metre gives. */
  readonly #spinGain: Tensor | number;
  /** The weights of bodies that move, [body, 2]; `null` without gravity. */
  readonly #weight: Tensor | null;
  readonly #speedLimits: Limits;
  readonly #forceLimits: Limits;
  readonly #torqueLimits: Limits;
  readonly #interactions: readonly Interaction[];

  /** `bodies` in the order of the body axis. */
  constructor(readonly bodies: readonly Body[], options: WorldOptions = {}) {
    takesWorld(arguments);
    const { dt = 0.1, substeps = 1, drag = 0.25, contact = { stiffness: 100, margin: 1e-3 }, bounds = null } = options;
    this.#dt = dt / substeps;
    this.#substeps = substeps;
    const kept = bodies.map((body) => 1 - (body.drag ?? drag));
    this.#keep = constant(twice(kept.map((x, i) => bodies[i]!.movable ?? true ? x : 0)), bodies.length, 2);
    this.#keepSpin = constant(kept.map((x, i) => bodies[i]!.rotatable ? x : 0), bodies.length);
    this.#bound = bounds && constant(bounds, 2);
    this.#unbound = bounds ? constant(bounds.map((x) => -x), 2) : 0;
    const gains = bodies.map(({ mass = 1, movable = true }) => movable ? this.#dt / mass : 0);
    this.#gain = constant(twice(gains), bodies.length, 2);
    const spinGains = bodies.map((body) => body.rotatable ? this.#dt / momentOfInertia(body) : 0);
    this.#spinGain = constant(spinGains, bodies.length);
    const { gravity = [0, 0], joints = [], jointStiffness = 130, jointTorque = 1, fixtures = [] } = options;
    const weighs = gravity.some((x) => x !== 0);
    this.#weight = weighs ? tensor(bodies.map(({ mass = 1 }) => gravity.map((x) => mass * x))) : null;
    const limits = (norm: keyof Body, range?: keyof Body): Limits =>
      new Limits(
        bodies.map((body) => body[norm] as number | undefined),
        bodies.map((body) => range && body[range] as number | undefined),
      );
    this.#speedLimits = limits("maxSpeed", "speedRange");
    this.#forceLimits = limits("maxForce", "forceRange");
    this.#torqueLimits = limits("maxTorque");
    const touching = touchingPairs(bodies, joints);
    this.#interactions = [
      jointForces(bodies, joints, { ...contact, stiffness: jointStiffness }, jointTorque),
      sphereContacts(bodies, touching, contact),
      ...sideContacts(bodies, touching, contact),
      outlineContacts(bodies, touching, contact),
      fixtureContacts(bodies, fixtures, contact),
    ].filter((x) => x !== null);
  }

  /**
   * One step under `force`, in newtons on every body, [env, body, 2], and `torque`, in newton metres, [env, body], held for
   * the step. What else there is in `motion` stays as it is.
   */
  step<M extends Motion>(motion: M, force: Tensor, torque: Tensor | null = null): M {
    const { position, velocity, angle, spin } = motion as Motion;
    const slowed = velocity.mul(this.#keep);
    const start: Motion = angle && spin
      ? { position, velocity: slowed, angle, spin: spin.mul(this.#keepSpin) }
      : { position, velocity: slowed };
    const pushed = this.#forceLimits.hold(force);
    const constantForce = this.#weight ? pushed.add(this.#weight) : pushed;
    const twist = torque && this.#torqueLimits.hold(torque.unsqueeze(2)).squeeze(2);
    const next = (now: Motion): Motion => this.#substep(now, constantForce, twist);
    if (this.#substeps > mostWritten) {
      const [end] = scan((now: Motion) => [next(now), []], start, [], { length: this.#substeps });
      return { ...motion, ...end };
    }
    let now = start;
    for (let substep = 0; substep < this.#substeps; substep++) now = next(now);
    return { ...motion, ...now };
  }

  #substep(motion: Motion, force: Tensor, torque: Tensor | null): Motion {
    const effects = this.#interactions.map((effect) => effect(motion));
    const forces = effects.reduce((sum, effect) => sum.add(effect.force), force);
    const velocity = this.#speedLimits.hold(motion.velocity.add(forces.mul(this.#gain)));
    const position = this.#held(motion.position.add(velocity.mul(this.#dt)));
    if (!motion.angle || !motion.spin) return { position, velocity };
    const torques = [torque, ...effects.map((effect) => effect.torque ?? null)].filter((x) => x !== null);
    const spin = torques.reduce((sum, each) => sum.add(each.mul(this.#spinGain)), motion.spin);
    return { position, velocity, angle: motion.angle.add(spin.mul(this.#dt)), spin };
  }

  #held(position: Tensor): Tensor {
    return this.#bound === null ? position : position.clamp(this.#unbound, this.#bound);
  }
}

takeOnly(ParticleWorld, {
  step: {
    motion: kind.having("a motion", { position: kind.tensor, velocity: kind.tensor }),
    force: kind.tensor,
    torque: kind.optional(kind.orNull(kind.tensor)),
  },
});
