/**
 * Random starts: points in a rectangle, each at least some distance from all before it. VMAS draws a point again and again
 * until it is free; a graph cannot wait, so each point is the first free one of a fixed number of random candidates. Where
 * it is crowded, gaps are few and small; there a point without a free candidate takes the first free one of a fine grid that
 * lies at random. Up to a crowding of {@linkcode mostCrowded} that leaves no point without a place in 10^5 starts.
 */

import { tensor } from "../../tensor/creation.ts";
import { concat, where } from "../../tensor/functions.ts";
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

/** The same along a line (Renyi 1958). */
const jammingOnLine = 0.7476;
/** Up to here points find their places; near 1, drawing again and again does not come to an end either. */
export const mostCrowded = 0.8;

/**
 * How full the points, as discs with `distance` as diameter, make the rectangle, of what placing them at random one after
 * another can fill: 1 and there is no gap left. In a rectangle narrower than the distance, how full they make its length.
 */
export function crowding({ points, distance, extent: [x, y] }: SpawnOptions): number {
  const plane = points * Math.PI * distance ** 2 / 4 / ((2 * x + distance) * (2 * y + distance)) / jamming;
  const along = Math.sqrt(Math.max(0, distance ** 2 - (2 * Math.min(x, y)) ** 2));
  const line = points * along / (2 * Math.max(x, y) + along) / jammingOnLine;
  return Math.max(plane, line);
}

/** Up to here a point has a free candidate. */
const roomy = 0.3;

/** Families of candidates for a point. */
function familiesFor(crowded: number): number {
  return Math.min(4, Math.ceil(crowded / 0.15));
}

/** The points of the grid along x and along y: four times as many for gaps that are half as wide; `null` where none is needed. */
function gridFor({ extent: [x, y] }: SpawnOptions, crowded: number): readonly [number, number] | null {
  if (crowded <= roomy) return null;
  const side = 4 + Math.max(0, Math.ceil((crowded - 0.5) / 0.13));
  const longer = Math.min(side, Math.max(-side, Math.round(Math.log2(x / y) / 2)));
  return [2 ** (side + longer), 2 ** (side - longer)];
}

/** Evenly spaced numbers in [0, 1), neighbours far from each other in the list; a power of 2 of them. */
function scattered(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i * 13 % count / count);
}

/** The room on a grid that lies at random over the rectangle. Tensors have `env` last. */
class Grid {
  readonly #x: Tensor;
  readonly #y: Tensor;
  /** [x, y, env]: the square of the distance to the nearest point placed so far, as far as it matters. */
  #room: Tensor | number;

  /** `x` [x, 1, env] and `y` [1, y, env] are where it lies; `enough` is the squared distance that is free. */
  constructor(x: Tensor, y: Tensor, enough: number) {
    [this.#x, this.#y, this.#room] = [x, y, enough];
  }

  /** Takes a point, [2, 1, 1, env], into account. */
  place(point: Tensor): void {
    const [x, y] = point.squeeze(1).split([1, 1], 0) as [Tensor, Tensor];
    this.#room = this.#x.sub(x).square().add(this.#y.sub(y).square()).minimum(this.#room);
  }

  /** The first free point of the grid, [2, 1, 1, env], or the one with the most room. */
  first(): Tensor {
    const [columns, rows, envs] = (this.#room as Tensor).shape as [number, number, number];
    const index = (this.#room as Tensor).reshape(1, columns * rows, envs).argmax(1, true).cast("float32");
    const column = index.div(rows).floor();
    const row = index.sub(column.mul(rows));
    const x = this.#x.reshape(1, columns, envs).takeAlongAxis(column.cast("int32"), 1);
    const y = this.#y.reshape(1, rows, envs).takeAlongAxis(row.cast("int32"), 1);
    return concat([x, y], 0).unsqueeze(1);
  }
}

/** Places points at random. */
export class Spawner {
  /** Uniform random numbers in [0, 1) that one environment needs. */
  readonly noiseSize: number;
  readonly #families: number;
  /** Of the grid's points, along x and along y, in shares of the rectangle's sides; `null` without a grid. */
  readonly #grid: readonly [Tensor, Tensor] | null;
  readonly #powers: Tensor;
  readonly #size: Tensor;

  /** Prepares the constants. */
  constructor(readonly options: SpawnOptions) {
    const crowded = crowding(options);
    this.#families = familiesFor(crowded);
    const grid = gridFor(options, crowded);
    this.#grid = grid &&
      [tensor(scattered(grid[0]), { shape: [grid[0], 1, 1] }), tensor(scattered(grid[1]), { shape: [1, grid[1], 1] })];
    this.noiseSize = options.points * 2 * this.#families * 3 + (grid ? 2 : 0);
    const powers = Array.from({ length: family }, (_, k) => [1, k, k * k].map((x) => x / levels));
    this.#powers = tensor(powers);
    this.#size = tensor(Float32Array.from(options.extent, (x) => 2 * x), { shape: [2, 1, 1, 1] });
  }

  /** The points, [env, point, 2], from `noise`: uniform numbers in [0, 1), [env, noiseSize]. */
  place(noise: Tensor): Tensor {
    const { points, distance } = this.options;
    const tight = (count: number): boolean => crowding({ ...this.options, points: count }) > roomy;
    const grid = this.#gridAt(noise);
    let candidates = this.#candidates(noise);
    const placed = [candidates.slice(1, 0, 1).slice(2, 0, 1)];
    // The square of the distance to the nearest point placed so far, as far as it matters.
    let room: Tensor | number = distance ** 2;
    while (placed.length < points) {
      candidates = candidates.slice(1, 1);
      grid?.place(placed.at(-1)!);
      const [x, y] = candidates.sub(placed.at(-1)!).square().split([1, 1], 0);
      const space = x!.add(y!).minimum(room);
      const choices = candidates.slice(1, 0, 1);
      const spaces = space.slice(1, 0, 1);
      const first = choices.takeAlongAxis(spaces.argmax(2, true).expand(2, 1, 1, -1), 2);
      const helps = grid && tight(placed.length + 1);
      placed.push(helps ? where(spaces.max(2, true).less(distance ** 2), grid.first(), first) : first);
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
    const drawn = this.#grid ? noise.slice(1, 2) : noise;
    const whole = drawn.mul(levels).floor().transpose().reshape(-1, 3, envs);
    const sums = this.#powers.matmul(whole);
    const unit = sums.sub(sums.floor()).reshape(2, this.options.points, this.#families * family, envs);
    return unit.mul(this.#size).sub(this.#size.mul(0.5));
  }

  /** The empty grid, its place drawn with the first two numbers. */
  #gridAt(noise: Tensor): Grid | null {
    if (!this.#grid) return null;
    const [x, y] = this.#grid.map((shares, axis) => {
      const at = noise.slice(1, axis, axis + 1).transpose().unsqueeze(0).add(shares);
      return at.sub(at.floor()).mul(2).sub(1).mul(this.options.extent[axis]!);
    }) as [Tensor, Tensor];
    return new Grid(x, y, this.options.distance ** 2);
  }
}
