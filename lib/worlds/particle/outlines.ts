/**
 * Discs at outlines: at lines, and at the sides of boxes, from without and within. In the axes of the outline and by its
 * symmetry there is one corner to look at, and a line is a box without width.
 */

import { tensor } from "../../tensor/creation.ts";
import { concat, where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Body, circumscribedRadius, type Fixture, halfExtent, isSolid, type Shape } from "./body.ts";
import { type ContactLaw, repulsion } from "./contact.ts";
import { BodyFrames, type Effect, FixtureFrames, type Frames, type View } from "./frames.ts";
import type { Motion } from "./motion.ts";
import { constant, type Pair, squaredLength } from "./pairs.ts";

/** Half of the thickness that VMAS gives to lines, in metres. */
export const lineThickness = 4 / 600;

/** How discs lie to outlines, along the axes of the outlines. */
export interface Approach {
  readonly view: View;
  /** From the nearest point of the outline to the centre of the disc: [env, 2, pair]. */
  readonly gap: Tensor;
  /** Whether the centre of the disc is within a box: bool [env, 1, pair]; `null` where all outlines are lines. */
  readonly within: Tensor | null;
}

/** Pairs of a disc and an outline. */
export class Outlines {
  readonly #frames: Frames;
  /** [2, pair]. */
  readonly #half: Tensor;
  readonly #opposite: Tensor;
  readonly #lines: boolean;
  /** The distance of the disc's centre from the outline at which they touch: a number or [pair]. */
  readonly reach: Tensor | number;
  /** Square of the distance of the centres beyond which VMAS does not look for a contact: a number or [pair]. */
  readonly #near: Tensor | number;
  /** True where the outline is full inside: bool [pair]; `null` if none is. */
  readonly #solid: Tensor | null;

  /** `shapes` are those of the pairs of `frames`: a disc and what sees it. There is at least one. */
  private constructor(frames: Frames, shapes: readonly (readonly [Shape, Shape])[]) {
    this.#frames = frames;
    const count = shapes.length;
    const halves = shapes.map(([, shape]) => {
      if (shape.kind === "sphere") throw new TypeError("Outlines: a sphere has no sides.");
      return halfExtent(shape);
    });
    this.#half = tensor([0, 1].map((xy) => halves.map((half) => half[xy]!)));
    this.#opposite = tensor([0, 1].map((xy) => halves.map((half) => -half[xy]!)));
    this.#lines = shapes.every(([, { kind }]) => kind === "line");
    const reach = shapes.map(([disc]) => circumscribedRadius(disc) + lineThickness);
    this.reach = constant(reach, count);
    const near = shapes.map(([disc, outline]) => (circumscribedRadius(disc) + circumscribedRadius(outline)) ** 2);
    this.#near = constant(near, count);
    const solid = shapes.map(([, outline]) => isSolid(outline));
    this.#solid = solid.includes(true) ? tensor(solid) : null;
  }

  /** Pairs of indices of `bodies`, the disc first; at least one. */
  static ofBodies(bodies: readonly Body[], list: readonly Pair[]): Outlines {
    const shapes = list.map(([a, b]) => [bodies[a]!.shape, bodies[b]!.shape] as const);
    return new Outlines(new BodyFrames(bodies.length, list), shapes);
  }

  /** Pairs of an index of `bodies` and one of `fixtures`; at least one. */
  static ofFixtures(bodies: readonly Body[], fixtures: readonly Fixture[], list: readonly Pair[]): Outlines {
    const shapes = list.map(([a, b]) => [bodies[a]!.shape, fixtures[b]!.shape] as const);
    return new Outlines(new FixtureFrames(bodies.length, fixtures, list), shapes);
  }

  /** How the discs lie to the outlines now. */
  approach(motion: Motion): Approach {
    const view = this.#frames.look(motion);
    // A line has no inside: its nearest point is the nearest within its extent.
    if (this.#lines) {
      const nearest = view.place.maximum(this.#opposite).minimum(this.#half);
      return { view, gap: view.place.sub(nearest), within: null };
    }
    const beyond = view.place.abs().sub(this.#half);
    // Within the box the nearer side counts: those across x if both are equally near, as in VMAS.
    const [x, y] = beyond.minimum(0).split([1, 1], 1) as [Tensor, Tensor];
    const acrossX = x.greaterEqual(y);
    const inside = concat([where(acrossX, x, 0), where(acrossX, 0, y)], 1);
    const corner = beyond.maximum(0).add(inside);
    const within = beyond.max(1, true).less(0);
    return { view, gap: corner.mul(where(view.place.less(0), -1, 1)), within };
  }

  /** The contacts. Each is felt within the sum of the circumscribed radii only, which cuts off the tips of lines and corners. */
  contacts(motion: Motion, law: ContactLaw): Effect {
    const { view, gap, within } = this.approach(motion);
    const felt = squaredLength(view.place).lessEqual(this.#near);
    const inside = this.#solid && within && within.and(this.#solid);
    return view.gather(repulsion(gap, this.reach, law, { inside, felt }));
  }

  /** Whether discs touch outlines, by the `gap` of an approach: bool [env, 1, pair]. */
  touches(gap: Tensor): Tensor {
    const touching = typeof this.reach === "number" ? this.reach ** 2 : this.reach.square();
    return squaredLength(gap).less(touching);
  }
}

/** The pairs of a disc and an outline, in this order, among `pairs`. */
export function outlinePairs(bodies: readonly Body[], pairs: readonly Pair[]): Pair[] {
  const isSphere = (i: number): boolean => bodies[i]!.shape.kind === "sphere";
  return pairs
    .filter(([a, b]) => isSphere(a) !== isSphere(b))
    .map(([a, b]): Pair => isSphere(a) ? [a, b] : [b, a]);
}
