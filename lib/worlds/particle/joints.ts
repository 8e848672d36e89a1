/** Joints: points of bodies that are pulled together. They turn freely about each other. */

import type { Tensor } from "../../tensor/tensor.ts";
import { attraction, type ContactLaw } from "./contact.ts";
import type { Effect } from "./frames.ts";
import type { Motion } from "./motion.ts";
import { matrix, Pairs } from "./pairs.ts";
import { turn } from "./turn.ts";

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
 * sums are taken in the axes of the world and in the order in which VMAS takes them.
 */
export class Joints {
  readonly #pairs: Pairs;
  /** The bodies that hold others, and a matrix that takes their angles out of all. */
  readonly #holders: Tensor;
  /** [2 * holder, 2 * joint]: what the anchors become when they turn. */
  readonly #anchors: Tensor;
  /** [2 * body, 2 * joint]: the bodies that are held, and those that hold. */
  readonly #held: Tensor;
  readonly #holding: Tensor;
  /** [2 * joint, body]: minus the cross product, for the holding body. */
  readonly #lever: Tensor;

  /** `joints` has at least one; its indices are below `bodies`. */
  constructor(readonly bodies: number, readonly joints: readonly Joint[], readonly law: ContactLaw) {
    const count = joints.length;
    const holders = [...new Set(joints.map(({ at }) => at))];
    this.#pairs = new Pairs(bodies, joints.map(({ held, at }) => [held, at]));
    this.#holders = matrix(bodies, holders.length, holders.map((body, i) => [body, i, 1]));
    const anchors = joints.flatMap(({ at, anchor: [x, y] }, joint): [number, number, number][] => {
      const [cos, sin] = [holders.indexOf(at), holders.length + holders.indexOf(at)];
      return [[cos, joint, x], [sin, joint, -y], [sin, count + joint, x], [cos, count + joint, y]];
    });
    this.#anchors = matrix(2 * holders.length, 2 * count, anchors);
    const select = (body: (joint: Joint) => number): Tensor =>
      matrix(
        2 * bodies,
        2 * count,
        joints.flatMap((joint, i) => [0, 1].map((xy) => [2 * body(joint) + xy, xy * count + i, 1] as const)),
      );
    this.#held = select(({ held }) => held);
    this.#holding = select(({ at }) => at);
    const lever = joints.flatMap(({ at }, joint): [number, number, number][] => [
      [joint, at, -1],
      [count + joint, at, 1],
    ]);
    this.#lever = matrix(2 * count, bodies, lever);
  }

  /** What the joints do to the bodies, some of which have to turn. */
  pull({ position, angle }: Motion): Effect {
    if (!angle) throw new TypeError("Joints: the motion has no angles, which say where the anchors are.");
    const arms = turn(angle.matmul(this.#holders)).flatten(1, 2).matmul(this.#anchors);
    const flat = position.reshape(-1, 2 * this.bodies);
    const gap = flat.matmul(this.#held).sub(flat.matmul(this.#holding).add(arms));
    const forces = attraction(gap.reshape(-1, 2, this.joints.length), this.law);
    const turned = forces.flip(1).reshape(-1, 2 * this.joints.length);
    return { force: this.#pairs.gather(forces), torque: arms.mul(turned).matmul(this.#lever) };
  }
}
