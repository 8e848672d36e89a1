/** A batch as rows: what a frame has lies side by side, so that a minibatch is taken out by one operation. */

import { type Shape, sizeOf } from "../graph/types.ts";
import { concat } from "../tensor/functions.ts";
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
