/** Lidar: distances along rays from each sphere of a list to the others, all rays of all spheres at once. */

import { tensor } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { matrix } from "./pairs.ts";

/** How a lidar looks around. */
export interface LidarOptions {
  /** Spheres, at least 2; each senses all others. */
  readonly bodies: number;
  /** Their radius in metres. */
  readonly radius: number;
  /** Rays of each, evenly spaced from the x axis counter-clockwise. */
  readonly rays: number;
  /** Metres beyond which nothing is seen. */
  readonly range: number;
}

/** Below this a ray grazes: the square of half a chord is kept from 0, where the root has no derivative. */
const grazing = 1e-12;
/** Stands for the distance to what a ray misses. */
const missed = 1e6;

/** Rays cast from the centres of spheres. */
export class Lidar {
  /** From positions to the vectors from each sensor to each of the others. */
  readonly #sights: Tensor;
  readonly #along: Tensor;
  readonly #across: Tensor;

  /** Prepares the rays. */
  constructor(readonly options: LidarOptions) {
    const { bodies, rays } = options;
    const indices = Array.from({ length: bodies }, (_, i) => i);
    const sights = indices.flatMap((sensor) => indices.filter((x) => x !== sensor).map((target) => [sensor, target]));
    const entries = sights.flatMap(([sensor, target], i) =>
      [0, 1].flatMap((xy) => [[2 * target! + xy, 2 * i + xy, 1], [2 * sensor! + xy, 2 * i + xy, -1]] as const)
    );
    this.#sights = matrix(2 * bodies, 2 * sights.length, entries);
    // Rounded as VMAS's: its upward ray leans left by 4e-8, which decides whether it looks at a disc that is exactly beside.
    const directions = Array.from({ length: rays }, (_, i) => Math.fround(2 * Math.PI * i / rays));
    const cos = directions.map(Math.cos);
    const sin = directions.map(Math.sin);
    this.#along = tensor(Float32Array.from([...cos, ...sin]), { shape: [2, rays] });
    this.#across = tensor(Float32Array.from([...sin.map((x) => -x), ...cos]), { shape: [2, rays] });
  }

  /**
   * How near the first obstacle is on every ray, [env, body, ray] of positions [env, body, 2]: range less distance, 0 where
   * nothing is in range. More than the range where the sensor's centre is inside of another sphere, as in VMAS.
   */
  nearness(position: Tensor): Tensor {
    const { bodies, radius, rays, range } = this.options;
    const sight = position.reshape(-1, 2 * bodies).matmul(this.#sights).reshape(-1, 2);
    const along = sight.matmul(this.#along);
    const halfChord = sight.matmul(this.#across).square().neg().add(radius ** 2);
    const hits = halfChord.minimum(along).greater(0);
    const entry = where(hits, along, missed).sub(halfChord.maximum(grazing).sqrt());
    const nearest = entry.reshape(-1, bodies, bodies - 1, rays).min(2);
    return nearest.neg().add(range).relu();
  }
}
