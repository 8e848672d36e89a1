/**
 * Bodies as others see them: along the other one's own axes. Turning is linear in the cosine and the sine of an angle, so
 * that one product with a constant matrix gives the two parts of the view, and the transposed one takes forces back.
 */

import { tensor } from "../../tensor/creation.ts";
import { concat } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Fixture } from "./body.ts";
import type { Motion } from "./motion.ts";
import { matrix, type Pair, Pairs } from "./pairs.ts";

/** What acts on every body: newtons, [env, body, 2], and newton metres, [env, body]; no torque if not given. */
export type Effect = { force: Tensor; torque?: Tensor };

/** Bodies as others see them now. */
export interface View {
  /** Where the seen ones are, along the axes of those that see them: [env, 2, pair]. */
  readonly place: Tensor;
  /**
   * Forces on those that are seen, and the reverse on those that see, along the axes of these, [env, 2, pair], as they act
   * on all bodies. They act along lines through the centres of the seen ones.
   */
  gather(forces: Tensor): Effect;
}

/** A fixed list of pairs of which the second sees the first. */
export interface Frames {
  /** How the first ones lie now. */
  look(motion: Motion): View;
}

/** Pairs of bodies that move. */
export class BodyFrames implements Frames {
  readonly #pairs: Pairs;
  /** [2 * body, (cosine or sine) * 2 * pair]. */
  readonly #views: Tensor;
  /** [body, 2 * pair]: 1 where the body is the second one; twice, so that axes multiply without being broadcast. */
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
    const seconds = list.flatMap(([, b], pair): [number, number, number][] => [[b, pair, 1], [b, count + pair, 1]]);
    this.#second = matrix(bodies, 2 * count, seconds);
    const lever = list.flatMap(([, b], pair): [number, number, number][] => [[pair, b, -1], [count + pair, b, 1]]);
    this.#lever = matrix(2 * count, bodies, lever);
  }

  /** Where nothing turns, the axes are those of the world. */
  look({ position, angle }: Motion): View {
    const pairs = this.#pairs;
    if (!angle) return { place: pairs.difference(position), gather: (forces) => ({ force: pairs.gather(forces) }) };
    const count = this.list.length;
    const angles = angle.matmul(this.#second).reshape(-1, 1, 2, count);
    const axes = concat([angles.cos(), angles.sin()], 1);
    const parts = position.reshape(-1, 2 * this.bodies).matmul(this.#views).reshape(-1, 2, 2, count);
    const place = parts.mul(axes).sum(1);
    const gather = (forces: Tensor): Effect => {
      const turned = forces.unsqueeze(1).mul(axes).reshape(-1, 4 * count);
      return {
        force: turned.matmul(this.#views.transpose()).reshape(-1, this.bodies, 2),
        torque: place.mul(forces.flip(1)).reshape(-1, 2 * count).matmul(this.#lever),
      };
    };
    return { place, gather };
  }
}

/** Bodies as fixtures see them, whose axes never turn: every pair is a body and a fixture. */
export class FixtureFrames implements Frames {
  readonly #views: Tensor;
  readonly #origins: Tensor;

  /** `list` has at least one pair: an index below `bodies` and one of `fixtures`. */
  constructor(readonly bodies: number, fixtures: readonly Fixture[], readonly list: readonly Pair[]) {
    const count = list.length;
    const origins = new Float32Array(2 * count);
    const views = list.flatMap(([body, fixture], pair): [number, number, number][] => {
      const { at: [x, y], angle } = fixtures[fixture]!;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      origins[pair] = cos * x + sin * y;
      origins[count + pair] = cos * y - sin * x;
      return [
        [2 * body, pair, cos],
        [2 * body + 1, pair, sin],
        [2 * body, count + pair, -sin],
        [2 * body + 1, count + pair, cos],
      ];
    });
    this.#views = matrix(2 * bodies, 2 * count, views);
    this.#origins = tensor(origins, { shape: [1, 2 * count] });
  }

  /** Only what is seen feels forces: fixtures stay. */
  look({ position }: Motion): View {
    const flat = position.reshape(-1, 2 * this.bodies).matmul(this.#views).sub(this.#origins);
    const gather = (forces: Tensor): Effect => {
      const all = forces.reshape(-1, 2 * this.list.length).matmul(this.#views.transpose());
      return { force: all.reshape(-1, this.bodies, 2) };
    };
    return { place: flat.reshape(-1, 2, this.list.length), gather };
  }
}
