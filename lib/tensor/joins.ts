/** Functions of several tensors that PyTorch has as functions: sums over named axes, grids, and joining along the first axes. */

import { signature } from "../graph/arguments.ts";
import * as sums from "../graph/einsum.ts";
import { PlumblineError } from "../graph/error.ts";
import * as ops from "../graph/ops.ts";
import { atCaller } from "../graph/site.ts";
import { describe } from "../graph/types.ts";
import { concat } from "./functions.ts";
import * as kind from "./kinds.ts";
import { Tensor } from "./tensor.ts";

const takesEinsum = signature("einsum()", { equation: kind.text, "..tensors": kind.tensor });

/**
 * Sums of products whose axes have letters (torch.einsum): those that the result lacks are summed over. `...` stands for axes
 * without letters, the same ones everywhere; without `->` the result has the letters that occur once. Sizes of a letter are
 * equal. Pairs are joined from the left, as matrix products where a letter is summed over. Axis names are dropped.
 *
 * @throws PlumblineError G301 for letters that do not fit the tensors.
 *
 * @example
 * ```ts
 * import { einsum, tensor } from "@plumbline/plumbline";
 *
 * const a = tensor([[1, 2], [3, 4]]), b = tensor([[1, 0], [1, 1]]);
 * console.log(await einsum("ij,jk->ik", a, b).toList()); // [[3, 2], [7, 4]]
 * console.log(await einsum("ii", a).item()); // 5
 * ```
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  takesEinsum(arguments);
  return atCaller(() => new Tensor(sums.einsum(equation, tensors.map((x) => x.node))));
}

/** How {@linkcode meshgrid} puts its axes. */
export interface MeshgridOptions {
  /** "ij" (unless told otherwise): axis i is that of tensor i; "xy": the first two are exchanged, as of pictures. */
  indexing?: "ij" | "xy";
}

const takesMeshgrid = signature("meshgrid()", {
  tensors: kind.tensors,
  options: kind.options<MeshgridOptions>({ indexing: kind.oneOf("ij", "xy") }),
}, ([first]) => first instanceof Tensor ? "write meshgrid([a, b]), not meshgrid(a, b)." : undefined);

/**
 * Coordinates of a grid (torch.meshgrid): of vectors `[n]`, `[m]` .. a tensor `[n, m, ..]` each, that repeats the vector along
 * the other axes.
 *
 * @throws PlumblineError G301 for tensors that are no vectors.
 */
export function meshgrid(tensors: readonly Tensor[], options: MeshgridOptions = {}): Tensor[] {
  takesMeshgrid(arguments);
  const strange = tensors.find((x) => x.rank !== 1);
  if (strange) {
    throw new PlumblineError({
      code: "G301",
      message: `meshgrid() takes vectors, not ${describe(strange.node)}.`,
      made: [strange.node],
    });
  }
  const shape = tensors.map((x) => x.size);
  return atCaller(() =>
    tensors.map((x, i) => {
      const aligned = ops.reshape(x.node, shape.map((n, k) => k === i ? n : 1));
      const grid = new Tensor(ops.expand(aligned, shape));
      return options.indexing === "xy" && shape.length > 1 ? grid.transpose(0, 1) : grid;
    })
  );
}

const takesVstack = signature("vstack()", { tensors: kind.tensors });
const takesHstack = signature("hstack()", { tensors: kind.tensors });

/** Rows under each other (torch.vstack): along the first axis; a vector is one row. */
export function vstack(tensors: readonly Tensor[]): Tensor {
  takesVstack(arguments);
  return concat(tensors.map((x) => x.rank < 2 ? x.reshape(1, x.size) : x), 0);
}

/** Side by side (torch.hstack): along the second axis, of vectors along the first. */
export function hstack(tensors: readonly Tensor[]): Tensor {
  takesHstack(arguments);
  const all = tensors.map((x) => x.rank === 0 ? x.reshape(1) : x);
  return concat(all, (all[0]?.rank ?? 1) > 1 ? 1 : 0);
}
