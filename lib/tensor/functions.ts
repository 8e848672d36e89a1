/** Operations on several tensors, and every element-wise primitive as a function. */

import { PlumblineError } from "../graph/error.ts";
import * as ops from "../graph/ops.ts";
import { type BinaryName, namesOfKind, type primitives, type UnaryName } from "../graph/primitives.ts";
import type { Axis } from "./axis.ts";
import { resolveAxis } from "./axis.ts";
import { likeNode, Tensor, type TensorLike } from "./tensor.ts";

type Functions =
  & { readonly [K in keyof Pick<typeof primitives, UnaryName>]: (x: Tensor) => Tensor }
  & { readonly [K in keyof Pick<typeof primitives, BinaryName>]: (a: Tensor, b: TensorLike) => Tensor };

function elementwise(): Functions {
  const unary = namesOfKind("unary").filter((name) => name !== "cast" && name !== "stopGradient");
  const binary = namesOfKind("binary", "compare");
  return Object.fromEntries([
    ...unary.map((name) => [name, (x: Tensor) => new Tensor(ops.unary(name as UnaryName, x.node))]),
    ...binary.map((name) => [
      name,
      (a: Tensor, b: TensorLike) => new Tensor(ops.binary(name as BinaryName, a.node, likeNode(a.node, b))),
    ]),
  ]) as Functions;
}

/**
 * The element-wise primitives as functions.
 *
 * @example
 * ```ts
 * import { F, tensor } from "../../mod.ts";
 *
 * console.log(await F.maximum(F.exp(tensor([0, 1])), 2).toList()); // [2, 2.718...]
 * ```
 */
export const F: Functions = elementwise();

/** `a` where `condition` is true, else `b`; all are broadcast. Gradients flow to the chosen side only. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  const beside = a instanceof Tensor ? a.node : b instanceof Tensor ? b.node : ops.full("float32", [], 0);
  return new Tensor(ops.where(condition.node, likeNode(beside, a), likeNode(beside, b)));
}

function some(tensors: readonly Tensor[], what: string): Tensor {
  const [first] = tensors;
  if (!first) throw new PlumblineError({ code: "G301", message: `${what} was given no tensors.` });
  return first;
}

/** One after another along `axis`. */
export function concat(tensors: readonly Tensor[], axis: Axis = 0): Tensor {
  const at = resolveAxis(some(tensors, "concat()").node, axis);
  return new Tensor(ops.concat(tensors.map((x) => x.node), at));
}

/** One after another along a new axis at `position`, with a name if one is given. */
export function stack(tensors: readonly Tensor[], position = 0, name: string | null = null): Tensor {
  const first = some(tensors, "stack()");
  const at = position < 0 ? position + first.rank + 1 : position;
  return concat(tensors.map((x) => x.unsqueeze(at, name)), at);
}

/** Matrix product; see `Tensor.matmul`. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return a.matmul(b);
}

/** The same value, through which no gradient flows; `why` is for the reader and the audit. */
export function stopGradient(x: Tensor, why: string): Tensor {
  return x.detach(why);
}

/**
 * `classes` numbers for every index (int32), 1 at the index and 0 elsewhere, along a new last axis.
 */
export function oneHot(index: Tensor, classes: number): Tensor {
  const wide = index.unsqueeze(-1);
  const numbers = new Tensor(ops.iota([...index.shape, classes], index.rank));
  return numbers.equal(wide).cast("float32");
}
