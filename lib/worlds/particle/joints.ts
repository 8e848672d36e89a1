/** Joints: points of bodies that are pulled together. They turn freely about each other. */

import type { Tensor } from "../../tensor/tensor.ts";
import { attraction, type ContactLaw } from "./contact.ts";
import { type Effect, Frames } from "./frames.ts";
import type { Motion } from "./motion.ts";
import { matrix } from "./pairs.ts";

/** The centre of a body, held at a point of another. */
export interface Joint {
  /** Index of the body whose centre is held. */
  readonly held: number;
  /** Index of the body that holds it. */
  readonly at: number;
  /** The point, in the holding body's own axes, metres. */
  readonly anchor: readonly [x: number, y: number];
}

/**
 * All joints of a world at once. They are stiff and their gaps are micrometres, so that the rounding of positions shows:
 * sums are taken in the axes of the world, as VMAS takes them.
 */
export class Joints {
  readonly #frames: Frames;
  /** [2 * body, (held or holding) * 2 * joint]: both bodies of a joint. */
  readonly #both: Tensor;
  /** [1, (cosine or sine), 2, joint]: what the anchors become when they turn. */
  readonly #anchors: Tensor;

  /** `joints` has at least one; its indices are below `bodies`. */
  constructor(readonly bodies: number, readonly joints: readonly Joint[], readonly law: ContactLaw) {
    const count = joints.length;
    this.#frames = new Frames(bodies, joints.map(({ held, at }) => [held, at]));
    const both = joints.flatMap(({ held, at }, joint) =>
      [held, at].flatMap((body, which) =>
        [0, 1].map((xy) => [2 * body + xy, (2 * which + xy) * count + joint, 1] as const)
      )
    );
    this.#both = matrix(2 * bodies, 4 * count, both);
    const turned = joints.flatMap(({ anchor: [x, y] }, joint) =>
      [x, y, -y, x].map((value, row) => [row, joint, value] as const)
    );
    this.#anchors = matrix(4, count, turned).reshape(1, 2, 2, count);
  }

  /** What the joints do to the bodies, some of which have to turn. */
  pull(motion: Motion): Effect {
    const axes = this.#frames.axes(motion);
    if (!axes) throw new TypeError("Joints: the motion has no angles, which say where the anchors are.");
    const arms = axes.mul(this.#anchors).sum(1);
    const both = motion.position.reshape(-1, 2 * this.bodies).matmul(this.#both).reshape(-1, 2, 2, this.joints.length);
    const gap = both.select(1, 0).sub(both.select(1, 1).add(arms));
    return this.#frames.gatherInWorld(attraction(gap, this.law), arms);
  }
}
