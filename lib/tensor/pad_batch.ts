/** Batches of many lengths brought to a few: a compiled function is traced once for each length. */

import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { hasLearner } from "../graph/node.ts";
import { allocate, describe, type TypedArray } from "../graph/types.ts";
import { shown } from "../graph/kinds.ts";
import * as kind from "./kinds.ts";
import { fromData, type Tensor } from "./tensor.ts";
import { leaves, mapTree, type Tree } from "./tree.ts";

/** A batch that was filled up. */
export interface PaddedBatch<T extends Tree> {
  /** Each tensor with rows of 0 (false) after its own. */
  readonly batch: T;
  /** bool [padded length]: true for the rows that were there. */
  readonly mask: Tensor;
}

/** Settings of {@linkcode padBatch}. */
export interface PadBatchOptions {
  /** The lengths to choose from; powers of two, if none are given. */
  lengths?: readonly number[];
}

/** The shortest of the lengths that holds `rows`. */
function lengthFor(rows: number, lengths: readonly number[] | undefined): number {
  if (lengths === undefined) return 2 ** Math.ceil(Math.log2(Math.max(1, rows)));
  if (!Array.isArray(lengths) || !lengths.every((x) => Number.isInteger(x) && x >= 1)) {
    throw new RangeError(`padBatch() takes lengths of at least 1, not ${shown(lengths)}.`);
  }
  const length = Math.min(...lengths.filter((x) => x >= rows));
  if (Number.isFinite(length)) return length;
  throw new PlumblineError({
    code: "G304",
    message: `padBatch() was given ${rows} rows, more than the longest of its lengths (${lengths.join(", ")}) holds.`,
    help: "give it a longer one, or split the batch.",
  });
}

/** `x` with rows of 0 up to `length`. What is known on the host stays there: no program is made for each length. */
function padded(x: Tensor, length: number): Tensor {
  const { node } = x;
  const rows = node.shape[0]!;
  const host = node.value?.host;
  if (rows === length) return x;
  if (!host || hasLearner(node)) return x.pad(0, 0, length - rows);
  const numbers = allocate(node.dtype, host.length / Math.max(1, rows) * length);
  numbers.set(host as TypedArray & ArrayLike<number>);
  return fromData(numbers, node.dtype, [length, ...node.shape.slice(1)], node.axes);
}

const takesBatch = signature("padBatch()", {
  batch: kind.tree,
  options: kind.options<PadBatchOptions>({ lengths: kind.anything }),
});

/**
 * Fills the tensors of a batch up along their first axis, to the next power of two or the next of `lengths`. A compiled function
 * that is called with batches of any length is then traced a few times; it must leave out the rows that the mask does not have.
 *
 * @example
 * ```ts
 * import { compile, HostRandom, padBatch, type Tensor, tensor } from "@plumbline/plumbline";
 *
 * const meanOf = compile(({ x }: { x: Tensor }, mask: Tensor) => {
 *   const rows = x.square().sum(1);
 *   return rows.where(mask, 0).sum().div(mask.sum());
 * });
 * for (let length = 1; length <= 100; length++) {
 *   const x = tensor(new HostRandom(length).uniform(3 * length), { shape: [length, 3] });
 *   const { batch, mask } = padBatch({ x });
 *   await meanOf(batch, mask);
 * }
 * console.log(meanOf.traces.length); // 8
 * ```
 *
 * @throws PlumblineError G304 if the tensors differ in their first axis, or have more rows than the longest length; RangeError
 * for lengths that are no whole numbers of at least 1.
 */
export function padBatch<T extends Tree>(batch: T, options: PadBatchOptions = {}): PaddedBatch<T> {
  takesBatch(arguments);
  const tensors = leaves(batch);
  const [first] = tensors;
  const rows = first?.node.shape[0];
  const other = tensors.find((x) => x.node.shape[0] !== rows || rows === undefined);
  if (rows === undefined || other) {
    throw new PlumblineError({
      code: "G304",
      message: first && other
        ? `padBatch() needs tensors with as many rows each: one is ${describe(first.node)}, another ${
          describe(other.node)
        }.`
        : "padBatch() was given no tensors.",
      ...other && { sites: [other.node.site] },
    });
  }
  const length = lengthFor(rows, options.lengths);
  const mask = new Uint8Array(length).fill(1, 0, rows);
  return { batch: mapTree(batch, (x) => padded(x, length)), mask: fromData(mask, "bool", [length]) };
}
