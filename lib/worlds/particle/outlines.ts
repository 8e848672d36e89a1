/**
 * Discs at outlines: at lines, and at the sides of hollow boxes, from without and within. In the axes of the outline and by
 * its symmetry there is one corner to look at, and a line is a box without width.
 */

import { tensor } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Body, circumscribedRadius, collidingPairs, halfExtent } from "./body.ts";
import { type ContactLaw, repulsion } from "./contact.ts";
import { type Effect, Frames } from "./frames.ts";
import type { Motion } from "./motion.ts";
import { constant, type Pair, squaredLength } from "./pairs.ts";

/** Half of the thickness that VMAS gives to lines, in metres. */
export const lineThickness = 4 / 600;

/** How a disc lies to an outline, in the outline's axes. */
export interface Approach {
  readonly axes: Tensor | null;
  /** The centre of the disc: [env, 2, pair]. */
  readonly view: Tensor;
  /** From the nearest point of the outline to the centre of the disc: [env, 2, pair]. */
  readonly gap: Tensor;
}

/** Pairs of a disc and an outline, in this order. */
export class Outlines {
  readonly #frames: Frames;
  /** [2, pair]. */
  readonly #half: Tensor;
  /** The distance of the disc's centre from the outline at which they touch: a number or [pair]. */
  readonly reach: Tensor | number;
  /** Square of the distance of the centres beyond which VMAS does not look for a contact: a number or [pair]. */
  readonly #near: Tensor | number;

  /** `list` has at least one pair of indices of `bodies`. */
  constructor(bodies: readonly Body[], readonly list: readonly Pair[]) {
    this.#frames = new Frames(bodies.length, list);
    const count = list.length;
    const halves = list.map(([, b]) => {
      const { shape } = bodies[b]!;
      if (shape.kind === "sphere") throw new TypeError(`Outlines: body ${b} is a sphere and has no sides.`);
      return halfExtent(shape);
    });
    this.#half = tensor(Float32Array.from([0, 1].flatMap((xy) => halves.map((half) => half[xy]!))), {
      shape: [2, count],
    });
    const radius = (i: number): number => circumscribedRadius(bodies[i]!.shape);
    this.reach = constant(list.map(([a]) => radius(a) + lineThickness), count);
    this.#near = constant(list.map(([a, b]) => (radius(a) + radius(b)) ** 2), count);
  }

  /** How the discs lie to the outlines now. */
  approach(motion: Motion): Approach {
    const axes = this.#frames.axes(motion);
    const view = this.#frames.view(motion, axes);
    const beyond = view.abs().sub(this.#half);
    const inside = beyond.minimum(0);
    // Within the box the nearer side counts: those across x if both are equally near, as in VMAS.
    const acrossX = inside.slice(1, 0, 1).greaterEqual(inside.slice(1, 1, 2));
    const counts = acrossX.notEqual(tensor([[[false], [true]]]));
    const corner = beyond.maximum(0).add(where(counts, inside, 0));
    return { axes, view, gap: corner.mul(where(view.less(0), -1, 1)) };
  }

  /** The contacts. Each is felt within the sum of the circumscribed radii only, which cuts off the tips of lines and corners. */
  contacts(motion: Motion, law: ContactLaw): Effect {
    const { axes, view, gap } = this.approach(motion);
    const near = squaredLength(view).lessEqual(this.#near);
    return this.#frames.gather(where(near, repulsion(gap, this.reach, law), 0), view, axes);
  }

  /** Whether discs touch outlines, by the `gap` of an approach: bool [env, 1, pair]. */
  touches(gap: Tensor): Tensor {
    const touching = typeof this.reach === "number" ? this.reach ** 2 : this.reach.square();
    return squaredLength(gap).less(touching);
  }
}

/** The pairs of a disc and an outline, in this order, that may touch. */
export function outlinePairs(bodies: readonly Body[]): Pair[] {
  const isSphere = (i: number): boolean => bodies[i]!.shape.kind === "sphere";
  return collidingPairs(bodies)
    .filter(([a, b]) => isSphere(a) !== isSphere(b))
    .map(([a, b]): Pair => isSphere(a) ? [a, b] : [b, a]);
}
