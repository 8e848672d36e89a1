/**
 * Lines and boxes at each other, by their sides: where two sides are nearest, one of the four ends is. As in VMAS, sides that
 * cross do not repel, and solid boxes push outward from within.
 */

import { tensor } from "../../tensor/creation.ts";
import { concat, where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Body, circumscribedRadius, halfExtent, isSolid, type Outline } from "./body.ts";
import { type ContactLaw, repulsion } from "./contact.ts";
import type { Effect } from "./frames.ts";
import type { Motion } from "./motion.ts";
import { lineThickness } from "./outlines.ts";
import { matrix, type Pair, Pairs, squaredLength } from "./pairs.ts";

type Point = readonly [x: number, y: number];
type Entry = readonly [row: number, column: number, value: number];

/** Square metres: nearer than this, two points have no direction between them. */
const coincident = 1e-16;

/** The two ends of every side, along the axes of the outline. */
function sidesOf(shape: Outline): (readonly [Point, Point])[] {
  const [x, y] = halfExtent(shape);
  if (shape.kind === "line") return [[[x, 0], [-x, 0]]];
  return [[[x, y], [x, -y]], [[-x, y], [-x, -y]], [[x, y], [-x, y]], [[x, -y], [-x, -y]]];
}

/** Pairs of outlines with as many sides each. */
export class Sides {
  readonly #pairs: Pairs;
  /** Pairs of sides of one pair of outlines. */
  readonly #combinations: number;
  /** From positions, and from cosines and sines, to the four ends of each pair of sides: [2 * body, 4 * 2 * side pair]. */
  readonly #centres: Tensor;
  readonly #corners: Tensor;
  /** 1 over the squared length of the side that an end is held against: [4, 1, side pair]. */
  readonly #scale: Tensor;
  /** [2 * body, 2 * pair] each: the centres of the first ones and of the second ones. */
  readonly #first: Tensor;
  readonly #second: Tensor;
  /** [2 * pair, body]: cross products on the first, and the reverse ones on the second. */
  readonly #lever: Tensor;
  /** 1 where the first, the second is solid: [pair] each. */
  readonly #solid: readonly [Tensor, Tensor];
  /** Square of the distance of the centres beyond which VMAS does not look for a contact: [pair]. */
  readonly #near: Tensor;

  /** `list` has at least one pair; the first ones have as many sides as each other, and so have the second ones. */
  constructor(readonly bodies: readonly Body[], readonly list: readonly Pair[]) {
    const outline = (body: number): Outline => bodies[body]!.shape as Outline;
    const combined = list.map(([a, b]) =>
      sidesOf(outline(a)).flatMap((one) => sidesOf(outline(b)).map((other) => [one, other] as const))
    );
    const count = list.length;
    this.#combinations = combined[0]!.length;
    this.#pairs = new Pairs(bodies.length, list);
    const width = this.#combinations * count;
    const centres: Entry[] = [];
    const corners: Entry[] = [];
    const scale = new Float32Array(4 * width);
    combined.forEach((sides, pair) =>
      sides.forEach((two, k) => {
        const column = k * count + pair;
        const ends = two.flatMap((side, which) => side.map((point) => [list[pair]![which]!, point] as const));
        ends.forEach(([body, [x, y]], i) => {
          const [across, up] = [2 * i * width + column, (2 * i + 1) * width + column];
          centres.push([2 * body, across, 1], [2 * body + 1, up, 1]);
          const [cos, sin] = [body, bodies.length + body];
          corners.push([cos, across, x], [sin, across, -y], [sin, up, x], [cos, up, y]);
          const [[fromX, fromY], [toX, toY]] = two[i < 2 ? 1 : 0]!;
          scale[i * width + column] = 1 / ((toX - fromX) ** 2 + (toY - fromY) ** 2);
        });
      })
    );
    this.#centres = matrix(2 * bodies.length, 8 * width, centres);
    this.#corners = matrix(2 * bodies.length, 8 * width, corners);
    this.#scale = tensor(scale, { shape: [4, 1, width] });
    const select = (which: 0 | 1): Tensor =>
      matrix(
        2 * bodies.length,
        2 * count,
        list.flatMap((pair, i) => [0, 1].map((xy): Entry => [2 * pair[which] + xy, xy * count + i, 1])),
      );
    this.#first = select(0);
    this.#second = select(1);
    this.#lever = matrix(
      2 * count,
      bodies.length,
      list.flatMap(([a, b], i): Entry[] => [[i, a, 1], [count + i, b, -1]]),
    );
    const solid = (which: 0 | 1): Tensor => tensor(list.map((pair) => isSolid(outline(pair[which])) ? 1 : 0));
    this.#solid = [solid(0), solid(1)];
    const radius = (body: number): number => circumscribedRadius(bodies[body]!.shape);
    this.#near = tensor(list.map(([a, b]) => (radius(a) + radius(b)) ** 2));
  }

  /** The contacts, each felt within the sum of the circumscribed radii only. */
  contacts(motion: Motion, law: ContactLaw): Effect {
    const count = this.list.length;
    const flat = motion.position.reshape(-1, 2 * this.bodies.length);
    const [first, second] = [this.#first, this.#second].map((x) => flat.matmul(x).reshape(-1, 2, count)) as [
      Tensor,
      Tensor,
    ];
    const [one, other, crossing] = this.#nearest(flat, motion.angle);
    const apart = one.sub(other);
    const squared = squaredLength(apart);
    const direction = apart.div(where(squared.less(coincident), 1, squared).sqrt());
    const depth = (from: Tensor, centre: Tensor, solid: Tensor): Tensor =>
      direction.mul(centre.sub(from)).sum(1, true).mul(solid);
    const inFirst = depth(one, first, this.#solid[0]);
    const inSecond = depth(other, second, this.#solid[1]).neg();
    const difference = apart.add(direction.mul(inFirst.add(inSecond)));
    const reach = inFirst.abs().add(inSecond.abs()).add(lineThickness);
    const felt = squaredLength(first.sub(second)).lessEqual(this.#near).and(crossing.not());
    const forces = repulsion(difference, reach, law, { felt });
    const torques = concat([cross(one.sub(first), forces), cross(other.sub(second), forces)], 2);
    return { force: this.#pairs.gather(forces), torque: torques.flatten(1, 2).matmul(this.#lever) };
  }

  /** The nearest points of the first and of the second ones, [env, 2, pair] each, and whether sides cross, [env, 1, pair]. */
  #nearest(flat: Tensor, angle: Tensor | undefined): [Tensor, Tensor, Tensor] {
    const [count, sides] = [this.list.length, this.#combinations];
    const turned = angle
      ? concat([angle.cos(), angle.sin()], 1)
      : tensor([this.bodies.flatMap(() => [1, 0]).sort().reverse()]);
    const ends = flat.matmul(this.#centres).add(turned.matmul(this.#corners)).reshape(-1, 4, 2, sides * count);
    const [a1, a2, b1, b2] = ends.split([1, 1, 1, 1], 1) as [Tensor, Tensor, Tensor, Tensor];
    const [alongA, alongB] = [a2.sub(a1), b2.sub(b1)];
    const start = concat([b1, b1, a1, a1], 1);
    const along = concat([alongB, alongB, alongA, alongA], 1);
    const part = ends.sub(start).mul(along).sum(2, true).mul(this.#scale).maximum(0).minimum(1);
    const foot = start.add(along.mul(part));
    const distance = ends.sub(foot).square().sum(2).reshape(-1, 4 * sides, count);
    const index = distance.argmin(1, true).unsqueeze(1).expand(-1, 2, -1, -1);
    const pick = (front: Tensor, back: Tensor): Tensor => {
      const all = concat([front.slice(1, 0, 2), back.slice(1, 2, 4)], 1).permute(0, 2, 1, 3);
      return all.reshape(-1, 2, 4 * sides, count).takeAlongAxis(index, 2).squeeze(2);
    };
    const crossing = crosses(a1.squeeze(1), alongA.squeeze(1), b1.squeeze(1), alongB.squeeze(1));
    const any = crossing.cast("float32").reshape(-1, sides, count).max(1, true).greater(0);
    return [pick(ends, foot), pick(foot, ends), any];
  }
}

/** The cross products of vectors, [env, 1, n] of [env, 2, n]. */
function cross(a: Tensor, b: Tensor): Tensor {
  const [up, down] = a.mul(b.flip(1)).split([1, 1], 1) as [Tensor, Tensor];
  return up.sub(down);
}

/** Whether the segments p + t r and q + u s, t and u from 0 to 1, meet in one point. */
function crosses(p: Tensor, r: Tensor, q: Tensor, s: Tensor): Tensor {
  const area = cross(r, s);
  const parallel = area.equal(0);
  const divisor = where(parallel, 1, area);
  const inside = [s, r].map((x) => {
    const part = cross(q.sub(p), x).div(divisor);
    return part.greaterEqual(0).and(part.lessEqual(1));
  });
  return inside[0]!.and(inside[1]!).and(parallel.not());
}

/** The pairs of outlines that may touch, those with as many sides together; boxes come before lines. */
export function sidePairs(bodies: readonly Body[], pairs: readonly Pair[]): Pair[][] {
  const sides = (i: number): number => {
    const { shape } = bodies[i]!;
    return shape.kind === "sphere" ? 0 : shape.kind === "line" ? 1 : 4;
  };
  const groups = new Map<string, Pair[]>();
  for (const [a, b] of pairs) {
    if (sides(a) * sides(b) === 0) continue;
    const pair: Pair = sides(a) < sides(b) ? [b, a] : [a, b];
    const key = `${sides(pair[0])} ${sides(pair[1])}`;
    groups.set(key, [...groups.get(key) ?? [], pair]);
  }
  return [...groups.values()];
}
