/**
 * A batch as rows: what a frame has lies side by side, so that a minibatch is taken out by one operation. Where networks
 * remember, a row is a sequence of frames and what was remembered before the first of them.
 */

import { type Shape, sizeOf } from "../graph/types.ts";
import { concat } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";

/** The layout of rows: which fields a frame has, in what order and shape. */
export class RowLayout<Field extends string> {
  readonly #fields: readonly (readonly [name: Field, shape: Shape])[];

  /**
   * The shapes of the fields of one frame, the frames of a row, and the shapes of what was remembered before a row in one
   * environment.
   */
  constructor(
    shapes: Readonly<Record<Field, Shape>>,
    readonly frames: number = 1,
    readonly memories: readonly Shape[] = [],
  ) {
    this.#fields = Object.entries(shapes) as [Field, Shape][];
  }

  /** Fields `[time, env, ..]` and memories `[sequence, env, ..]` to `[sequence * env, column]`. */
  pack(batch: Readonly<Record<Field, Tensor>>, memories: readonly Tensor[] = []): Tensor {
    const fields = this.#fields.map(([name]) => this.#rowsOf(batch[name]));
    return concat([...fields, ...memories.map((x) => x.reshape(x.shape[0]! * x.shape[1]!, -1))], 1);
  }

  /** Rows to fields `[frame * row, ..]`, the first frames of all rows before the second ones, and memories `[row, ..]`. */
  unpack(rows: Tensor): [fields: Record<Field, Tensor>, memories: Tensor[]] {
    const sizes = [...this.#fields.map(([, shape]) => this.frames * sizeOf(shape)), ...this.memories.map(sizeOf)];
    const parts = rows.split(sizes, 1);
    const fields = this.#fields.map(([name, shape], i) => [name, this.#framesOf(parts[i]!, shape)] as const);
    const memories = this.memories.map((shape, i) => parts[fields.length + i]!.reshape(-1, ...shape));
    return [Object.fromEntries(fields) as Record<Field, Tensor>, memories];
  }

  #rowsOf(x: Tensor): Tensor {
    const [time, env] = x.shape as [number, number];
    const sequences = time / this.frames;
    if (this.frames === 1) return x.reshape(time * env, -1);
    return x.reshape(sequences, this.frames, env, -1).permute(0, 2, 1, 3).reshape(sequences * env, -1);
  }

  #framesOf(part: Tensor, shape: Shape): Tensor {
    if (this.frames === 1) return part.reshape(-1, ...shape);
    return part.reshape(part.shape[0]!, this.frames, -1).permute(1, 0, 2).reshape(-1, ...shape);
  }
}

/** What one pass over a batch goes over. */
export interface Minibatches {
  readonly [key: string]: Tensor;
  /** int32 [minibatch, row]: rows of the batch. */
  readonly index: Tensor;
  /** float32 [minibatch, row]: 0 for padding. */
  readonly weight: Tensor;
}

/** `rows` rows in random order, [minibatch, row]; the last minibatch is padded with row 0 at weight 0. */
export function shuffled(rows: number, minibatchSize: number, order: HostRandom): Minibatches {
  const size = Math.min(minibatchSize, rows);
  const shape = [Math.ceil(rows / size), size] as const;
  const index = new Int32Array(shape[0] * size);
  index.set(order.permutation(rows));
  const weight = new Float32Array(index.length).fill(1, 0, rows);
  return { index: fromData(index, "int32", shape), weight: fromData(weight, "float32", shape) };
}
