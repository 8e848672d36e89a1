/**
 * Pairs of points, all at once. What leads from the points of an environment to their pairs and back is linear and never
 * changes, so it is a product with a constant incidence matrix: one operation however many pairs there are.
 *
 * Points are [env, point, 2]; what belongs to pairs is [env, 2, pair]: a row of x and a row of y.
 */

import { tensor } from "../../tensor/creation.ts";
import { stopGradient } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Indices of the two points of a pair. */
export type Pair = readonly [number, number];

/** A constant matrix from its entries that are not 0. */
export function matrix(rows: number, columns: number, entries: Iterable<readonly [number, number, number]>): Tensor {
  const data = new Float32Array(rows * columns);
  for (const [row, column, value] of entries) data[row * columns + column]! += value;
  return tensor(data, { shape: [rows, columns] });
}

/** A fixed list of pairs among a fixed number of points. */
export class Pairs {
  readonly #incidence: Tensor;

  /** `pairs` are indices below `points`; there is at least one. */
  constructor(readonly points: number, readonly list: readonly Pair[]) {
    const count = list.length;
    const entries = list.flatMap(([a, b], pair) =>
      [0, 1].flatMap((xy): [number, number, number][] => [
        [2 * a + xy, xy * count + pair, 1],
        [2 * b + xy, xy * count + pair, -1],
      ])
    );
    this.#incidence = matrix(2 * points, 2 * count, entries);
  }

  /** The first point less the second: [env, 2, pair] of [env, point, 2]. */
  difference(points: Tensor): Tensor {
    const flat = points.reshape(-1, 2 * this.points);
    return flat.matmul(this.#incidence).reshape(-1, 2, this.list.length);
  }

  /** Adds what acts on the first point of each pair, and on the second reversed: [env, point, 2] of [env, 2, pair]. */
  gather(actions: Tensor): Tensor {
    const flat = actions.reshape(-1, 2 * this.list.length);
    return flat.matmul(this.#incidence.transpose()).reshape(-1, this.points, 2);
  }
}

/** A number if all are equal, else a constant of `shape`: fewer numbers to broadcast. */
export function constant(values: readonly number[], ...shape: number[]): Tensor | number {
  const [first] = values;
  return values.every((x) => x === first) ? first! : tensor(Float32Array.from(values), { shape });
}

/** |v|^2 of the vectors of pairs: [env, 1, pair] of [env, 2, pair]. */
export function squaredLength(vectors: Tensor): Tensor {
  return vectors.square().sum(1, true);
}

/** Multiplies a float32 so that what is subtracted from it leaves the upper half of the digits (Veltkamp 1968). */
const splitter = 2 ** 12 + 1;

/**
 * {@linkcode squaredLength} as a fused multiply-add gives it, y^2 + x^2 of the rounded x^2, rounded once: PyTorch's, to the bit.
 * Neither engine promises one, so the two rounding errors are computed and added at the end (Dekker 1971, "A floating-point
 * technique for extending the available precision"). It takes ten times the operations.
 */
export function fusedSquaredLength(vectors: Tensor): Tensor {
  const [x, y] = vectors.split([1, 1], 1) as [Tensor, Tensor];
  const [a, b] = [x.square(), y.square()];
  const sum = a.add(b);
  return sum.add(stopGradient(roundingOfSum(a, b, sum).add(roundingOfSquare(y, b)), "a rounding error"));
}

/** a + b less `sum`, which is that rounded (Knuth's two-sum). */
function roundingOfSum(a: Tensor, b: Tensor, sum: Tensor): Tensor {
  const ofB = sum.sub(a);
  return a.sub(sum.sub(ofB)).add(b.sub(ofB));
}

/** y^2 less `square`, which is that rounded. */
function roundingOfSquare(y: Tensor, square: Tensor): Tensor {
  const wide = y.mul(splitter);
  const upper = wide.sub(wide.sub(y));
  return upper.square().sub(square).add(y.sub(upper).mul(y.add(upper)));
}

/** Keeps the derivative of a length finite at 0; it is squared metres, below what float32 tells from 0 in a sum. */
const tiny = 1e-20;

/** |v| along the last axis, which stays with size 1; its derivative at 0 is 0. */
export function length(v: Tensor): Tensor {
  return v.square().sum(-1, true).maximum(tiny).sqrt();
}
