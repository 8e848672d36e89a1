/** Joints: points of bodies that are pulled together, and bodies that are held at an angle to each other. */

import { tensor } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { attraction, type ContactLaw } from "./contact.ts";
import type { Effect } from "./frames.ts";
import type { Motion } from "./motion.ts";
import { matrix, Pairs } from "./pairs.ts";
import { turn } from "./turn.ts";

/** A point of a body, held at a point of another. */
export interface Joint {
  /** Index of the body whose centre is held. */
  readonly held: number;
  /** Index of the body that holds it. */
  readonly at: number;
  /** The point, in the holding body's own axes, metres. */
  readonly anchor: readonly [x: number, y: number];
  /** The point that is held, in the held body's own axes, metres; its centre if not given. */
  readonly heldAnchor?: readonly [x: number, y: number];
  /** The angle of the holding body less that of the held one which is held, radians; they turn freely if not given. */
  readonly rotation?: number;
}

type Entry = readonly [row: number, column: number, value: number];

/** Radians: a smaller difference of angles has no direction. */
const aligned = 1e-9;

/** Points of bodies, one a joint, as arms from the centres: [env, 2 * joint]. */
class Anchors {
  /** The bodies whose points they are: a matrix that takes their angles out of all. */
  readonly #bodies: Tensor;
  /** [2 * (bodies that have any), 2 * joint]: what the points become when they turn. */
  readonly #points: Tensor;
  /** [2 * joint, body]: cross products. */
  readonly #lever: Tensor;

  constructor(bodies: number, owners: readonly number[], points: readonly (readonly [number, number])[]) {
    const [count, few] = [owners.length, [...new Set(owners)]];
    this.#bodies = matrix(bodies, few.length, few.map((body, i) => [body, i, 1]));
    const turned = owners.flatMap((body, i): Entry[] => {
      const [cos, sin] = [few.indexOf(body), few.length + few.indexOf(body)];
      const [x, y] = points[i]!;
      return [[cos, i, x], [sin, i, -y], [sin, count + i, x], [cos, count + i, y]];
    });
    this.#points = matrix(2 * few.length, 2 * count, turned);
    this.#lever = matrix(
      2 * count,
      bodies,
      owners.flatMap((body, i): Entry[] => [[i, body, 1], [count + i, body, -1]]),
    );
  }

  arms(angle: Tensor): Tensor {
    return turn(angle.matmul(this.#bodies)).flatten(1, 2).matmul(this.#points);
  }

  /** The torque on every body, [env, body], of forces [env, 2, joint] at the ends of the arms. */
  torque(arms: Tensor, forces: Tensor): Tensor {
    return arms.mul(forces.flip(1).flatten(1, 2)).matmul(this.#lever);
  }
}

/**
 * All joints of a world at once. They are stiff and their gaps are micrometres, so that the rounding of positions shows:
 * sums are taken in the axes of the world and in the order in which VMAS takes them.
 */
export class Joints {
  readonly #pairs: Pairs;
  readonly #anchors: Anchors;
  /** `null` where every joint holds a centre. */
  readonly #heldAnchors: Anchors | null;
  /** [2 * body, 2 * joint]: the bodies that are held, and those that hold. */
  readonly #held: Tensor;
  readonly #holding: Tensor;
  /** [body, joint that holds an angle]: 1 for the holding body, -1 for the held one; and the angles. `null` without any. */
  readonly #rotations: { readonly difference: Tensor; readonly angles: Tensor } | null;

  /**
   * `joints` has at least one; its indices are below `bodies`. `turning` is in newton metres, for a small angle in radians.
   */
  constructor(
    readonly bodies: number,
    readonly joints: readonly Joint[],
    readonly law: ContactLaw,
    readonly turning: number,
  ) {
    const [held, at] = [joints.map((x) => x.held), joints.map((x) => x.at)];
    const count = joints.length;
    this.#pairs = new Pairs(bodies, joints.map((x) => [x.held, x.at]));
    this.#anchors = new Anchors(bodies, at, joints.map(({ anchor }) => anchor));
    const offCentre = joints.some(({ heldAnchor = [0, 0] }) => heldAnchor.some((x) => x !== 0));
    this.#heldAnchors = offCentre
      ? new Anchors(bodies, held, joints.map(({ heldAnchor = [0, 0] }) => heldAnchor))
      : null;
    const select = (of: readonly number[]): Tensor =>
      matrix(
        2 * bodies,
        2 * count,
        of.flatMap((body, i) => [0, 1].map((xy): Entry => [2 * body + xy, xy * count + i, 1])),
      );
    this.#held = select(held);
    this.#holding = select(at);
    const fixed = joints.filter(({ rotation }) => rotation !== undefined);
    this.#rotations = fixed.length === 0 ? null : {
      difference: matrix(bodies, fixed.length, fixed.flatMap((x, i): Entry[] => [[x.at, i, 1], [x.held, i, -1]])),
      angles: tensor([fixed.map(({ rotation }) => rotation!)]),
    };
  }

  /** What the joints do to the bodies, some of which have to turn. */
  pull({ position, angle }: Motion): Effect {
    if (!angle) throw new TypeError("Joints: the motion has no angles, which say where the anchors are.");
    const arms = this.#anchors.arms(angle);
    const heldArms = this.#heldAnchors?.arms(angle);
    const flat = position.reshape(-1, 2 * this.bodies);
    const centres = flat.matmul(this.#held);
    const points = heldArms ? centres.add(heldArms) : centres;
    const gap = points.sub(flat.matmul(this.#holding).add(arms));
    const forces = attraction(gap.reshape(-1, 2, this.joints.length), this.law);
    const torques = [
      this.#anchors.torque(arms, forces.neg()),
      heldArms && this.#heldAnchors!.torque(heldArms, forces),
      this.#turnBack(angle),
    ].filter((x) => !!x);
    return { force: this.#pairs.gather(forces), torque: torques.reduce((sum, x) => sum.add(x)) };
  }

  /** The torques that hold angles: `turning * (exp(|d|) - 1)` against a difference d. */
  #turnBack(angle: Tensor): Tensor | null {
    if (!this.#rotations) return null;
    const { difference, angles } = this.#rotations;
    const off = angle.matmul(difference).sub(angles);
    const size = off.abs();
    const torque = where(size.less(aligned), 0, size.exp().sub(1).mul(where(off.less(0), this.turning, -this.turning)));
    return torque.matmul(difference.transpose());
  }
}
