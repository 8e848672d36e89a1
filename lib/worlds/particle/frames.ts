/**
 * Pairs of bodies as the second one of each pair sees the first: along its own axes, which turn with it. Turning is linear
 * in the cosine and the sine of its angle, so that one product with a constant matrix gives the two parts of the view, and
 * the transposed one takes forces back.
 */

import { concat } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Motion } from "./motion.ts";
import { matrix, type Pair, Pairs } from "./pairs.ts";

/** What acts on every body: newtons, [env, body, 2], and newton metres, [env, body]; no torque if not given. */
export type Effect = { force: Tensor; torque?: Tensor };

/** A fixed list of pairs among the bodies of a world. */
export class Frames {
  readonly #pairs: Pairs;
  /** [2 * body, (cosine or sine) * 2 * pair]. */
  readonly #views: Tensor;
  /** [body, pair]: 1 where the body is the second one. */
  readonly #second: Tensor;
  /** [2 * pair, body]: minus the cross product, for the second one. */
  readonly #lever: Tensor;

  /** `list` has at least one pair of indices below `bodies`. */
  constructor(readonly bodies: number, readonly list: readonly Pair[]) {
    const count = list.length;
    this.#pairs = new Pairs(bodies, list);
    const views = list.flatMap(([a, b], pair) =>
      [[a, 1] as const, [b, -1] as const].flatMap(([body, sign]): [number, number, number][] => [
        [2 * body, pair, sign],
        [2 * body + 1, count + pair, sign],
        [2 * body + 1, 2 * count + pair, sign],
        [2 * body, 3 * count + pair, -sign],
      ])
    );
    this.#views = matrix(2 * bodies, 4 * count, views);
    this.#second = matrix(bodies, count, list.map(([, b], pair) => [b, pair, 1]));
    const lever = list.flatMap(([, b], pair): [number, number, number][] => [[pair, b, -1], [count + pair, b, 1]]);
    this.#lever = matrix(2 * count, bodies, lever);
  }

  /** The axes of the second bodies: their cosines and sines, [env, 2, 1, pair]; `null` where nothing turns. */
  axes({ angle }: Motion): Tensor | null {
    if (!angle) return null;
    const angles = angle.matmul(this.#second).reshape(-1, 1, 1, this.list.length);
    return concat([angles.cos(), angles.sin()], 1);
  }

  /** Where the first body is for the second, [env, 2, pair]. */
  view({ position }: Motion, axes: Tensor | null): Tensor {
    if (!axes) return this.#pairs.difference(position);
    const parts = position.reshape(-1, 2 * this.bodies).matmul(this.#views).reshape(-1, 2, 2, this.list.length);
    return parts.mul(axes).sum(1);
  }

  /**
   * Forces on the first bodies, and the reverse on the second, [env, 2, pair] in the axes of the second, as they act on all
   * bodies. They act along lines through the centres of the first ones, which lie at `view`.
   */
  gather(forces: Tensor, view: Tensor, axes: Tensor | null): Effect {
    if (!axes) return { force: this.#pairs.gather(forces) };
    const parts = forces.unsqueeze(1).mul(axes).reshape(-1, 4 * this.list.length);
    return {
      force: parts.matmul(this.#views.transpose()).reshape(-1, this.bodies, 2),
      torque: this.#torque(view, forces),
    };
  }

  /** The same in the axes of the world: forces and the `arms` at which they act, from the centres of the second bodies. */
  gatherInWorld(forces: Tensor, arms: Tensor): Effect {
    return { force: this.#pairs.gather(forces), torque: this.#torque(arms, forces) };
  }

  #torque(arms: Tensor, forces: Tensor): Tensor {
    return arms.mul(forces.flip(1)).reshape(-1, 2 * this.list.length).matmul(this.#lever);
  }
}
