/** A batch as rows: what a frame has lies side by side, so that a minibatch is taken out by one operation. */

import { type Shape, sizeOf } from "../graph/types.ts";
import { tensor } from "../tensor/creation.ts";
import { concat } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The layout of rows: which fields a frame has, in what order and shape. */
export class RowLayout<Field extends string> {
  readonly #fields: readonly (readonly [name: Field, shape: Shape])[];

  /** The shapes of the fields of one frame. */
  constructor(shapes: Readonly<Record<Field, Shape>>) {
    this.#fields = Object.entries(shapes) as [Field, Shape][];
  }

  /** Fields `[time, env, ..]` to `[time * env, column]`. */
  pack(batch: Readonly<Record<Field, Tensor>>): Tensor {
    const rowsOf = (x: Tensor): Tensor => x.reshape(x.shape[0]! * x.shape[1]!, -1);
    return concat(this.#fields.map(([name]) => rowsOf(batch[name])), 1);
  }

  /** Rows to fields `[row, ..]`. */
  unpack(rows: Tensor): Record<Field, Tensor> {
    const parts = rows.split(this.#fields.map(([, shape]) => sizeOf(shape)), 1);
    const shaped = this.#fields.map(([name, shape], i) => [name, parts[i]!.reshape(-1, ...shape)] as const);
    return Object.fromEntries(shaped) as Record<Field, Tensor>;
  }
}

/** `frames` rows in random order, [minibatch, row]; the last minibatch is padded with row 0 at weight 0. */
export function shuffled(frames: number, minibatchSize: number, order: HostRandom): { index: Tensor; weight: Tensor } {
  const size = Math.min(minibatchSize, frames);
  const shape = [Math.ceil(frames / size), size] as const;
  const index = new Int32Array(shape[0] * size);
  index.set(order.permutation(frames));
  const weight = new Float32Array(index.length).fill(1, 0, frames);
  return { index: tensor(index).reshape(...shape), weight: tensor(weight).reshape(...shape) };
}
