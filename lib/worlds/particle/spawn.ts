/**
 * Random starts: points in a rectangle, each at least some distance from all before it. VMAS draws a point again and again
 * until it is free; a graph cannot wait, so each point is the first free one of a fixed number of candidates. There are so
 * many that one is free but for about one time in 10^8; else the candidate with the most room is taken.
 */

import { tensor } from "../../tensor/creation.ts";
import { concat } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What is to be placed where. */
export interface SpawnOptions {
  /** Points in one environment. */
  readonly points: number;
  /** Metres between any two. */
  readonly distance: number;
  /** They lie within [-x, x] and [-y, y]. */
  readonly extent: readonly [x: number, y: number];
}

/** Candidates that come of three random numbers a coordinate. */
const family = 16;
/** With `family` candidates, sums of products with whole numbers up to its square stay exact in 24 bits. */
const levels = 2 ** 16;
/** Random sequential placement of discs does not get denser than this (Feder 1980). */
const jamming = 0.547;

/**
 * The share of the plane that the points would cover as discs with `distance` as diameter. Near 0.547 and above, placing
 * them at random one after another does not come to an end.
 */
export function crowding({ points, distance, extent: [x, y] }: SpawnOptions): number {
  return points * Math.PI * distance ** 2 / 4 / ((2 * x + distance) * (2 * y + distance)) / jamming;
}

/** How many families of candidates make it improbable that the last point finds none that is free. */
function familiesFor({ points, distance, extent: [x, y] }: SpawnOptions): number {
  const blocked = 1 - Math.exp(-(points - 1) * Math.PI * distance ** 2 / (4 * x * y));
  return Math.min(16, Math.max(1, Math.ceil(Math.log(1e-8) / Math.log(blocked) / family)));
}

/** Places points at random. */
export class Spawner {
  /** Uniform random numbers in [0, 1) that one environment needs. */
  readonly noiseSize: number;
  readonly #families: number;
  readonly #powers: Tensor;
  readonly #size: Tensor;

  /** Prepares the constants. */
  constructor(readonly options: SpawnOptions) {
    this.#families = familiesFor(options);
    this.noiseSize = options.points * 2 * this.#families * 3;
    const powers = Array.from({ length: family }, (_, k) => [1, k, k * k].map((x) => x / levels));
    this.#powers = tensor(powers);
    this.#size = tensor(Float32Array.from(options.extent, (x) => 2 * x), { shape: [2, 1, 1, 1] });
  }

  /** The points, [env, point, 2], from `noise`: uniform numbers in [0, 1), [env, noiseSize]. */
  place(noise: Tensor): Tensor {
    const { points, distance } = this.options;
    let candidates = this.#candidates(noise);
    const placed = [candidates.slice(1, 0, 1).slice(2, 0, 1)];
    // The square of the distance to the nearest point placed so far, as far as it matters.
    let room: Tensor | number = distance ** 2;
    while (placed.length < points) {
      candidates = candidates.slice(1, 1);
      const [x, y] = candidates.sub(placed.at(-1)!).square().split([1, 1], 0);
      const space = x!.add(y!).minimum(room);
      const choices = candidates.slice(1, 0, 1);
      const first = space.slice(1, 0, 1).argmax(2, true);
      placed.push(choices.takeAlongAxis(first.expand(2, 1, 1, -1), 2));
      room = space.slice(1, 1);
    }
    return concat(placed, 1).squeeze(2).permute(2, 1, 0);
  }

  /**
   * Candidates [2, point, candidate, env]: with `env` last, operations on few candidates of many environments run along
   * memory. Those of a family are p + k s + k^2 t modulo the rectangle, k = 0, 1 ..., for random p, s and t: each is
   * uniform and any three are independent (Joffe 1974), for a fifth of the random numbers. In whole multiples of 2^-16 they
   * are exact, so both engines agree.
   */
  #candidates(noise: Tensor): Tensor {
    const envs = noise.shape[0]!;
    const whole = noise.mul(levels).floor().transpose().reshape(-1, 3, envs);
    const sums = this.#powers.matmul(whole);
    const unit = sums.sub(sums.floor()).reshape(2, this.options.points, this.#families * family, envs);
    return unit.mul(this.#size).sub(this.#size.mul(0.5));
  }
}
