/** Operations on several tensors, and every operation that is a method as a function. */

import { isFromList, signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { fromStart, liesWithin } from "../graph/indices.ts";
import * as ops from "../graph/ops.ts";
import { atCaller } from "../graph/site.ts";
import { describe } from "../graph/types.ts";
import { refuseNames } from "../forensics/pytorch/refuse.ts";
import { Aliases } from "./aliases.ts";
import type { Axis } from "./axis.ts";
import { resolveAxis } from "./axis.ts";
import * as kind from "./kinds.ts";
import { likeNode, Tensor, type TensorLike } from "./tensor.ts";

/** The methods of a tensor that are operations: what is left without facts, values, gradients and conversions. */
export type Operations = Omit<
  Tensor,
  | "node"
  | "dtype"
  | "shape"
  | "axes"
  | "rank"
  | "size"
  | "T"
  | "mT"
  | "H"
  | "mH"
  | "ndim"
  | "dim"
  | "ndimension"
  | "numel"
  | "data"
  | "item"
  | "toList"
  | "backward"
  | "toString"
  | "toJSON"
  | "valueOf"
  | typeof Symbol.toPrimitive
  | typeof Symbol.iterator
>;

const others: Readonly<Record<Exclude<keyof Tensor, keyof Operations>, true>> = {
  node: true,
  dtype: true,
  shape: true,
  axes: true,
  rank: true,
  size: true,
  T: true,
  mT: true,
  H: true,
  mH: true,
  ndim: true,
  dim: true,
  ndimension: true,
  numel: true,
  data: true,
  item: true,
  toList: true,
  backward: true,
  toString: true,
  toJSON: true,
  valueOf: true,
  [Symbol.toPrimitive]: true,
  [Symbol.iterator]: true,
};

/** The functions of {@linkcode F}: a method of Tensor each, which takes the tensor first. */
export type Functions = {
  readonly [K in keyof Operations]: (x: Tensor, ...args: Parameters<Tensor[K]>) => ReturnType<Tensor[K]>;
};

function functions(): Functions {
  const names = [Tensor, Aliases].flatMap((of) => Object.getOwnPropertyNames(of.prototype)).filter((name) =>
    !(name in others) && name !== "constructor"
  );
  const rows = names.map((name) => {
    const check = signature(`F.${name}()`, { x: kind.tensor, "..others": kind.anything });
    // The function has the operation's name, which messages read from the stack.
    const row = {
      [name](x: Tensor, ...args: never[]): Tensor | Tensor[] {
        check(arguments);
        const others = isFromList(arguments) ? [] : args;
        return (x[name as keyof Operations] as (...args: never[]) => Tensor | Tensor[])(...others);
      },
    };
    return [name, row[name]];
  });
  const found = Object.fromEntries(rows);
  refuseNames(found, "F", "nn.functional", "torch", "Tensor", "linalg", "special", "fft", "autograd / func");
  return found;
}

/**
 * The operations that are methods of a tensor, as functions.
 *
 * @example
 * ```ts
 * import { F, tensor } from "@plumbline/plumbline";
 *
 * console.log(await F.maximum(F.exp(tensor([0, 1])), 2).toList()); // [2, 2.718...]
 * console.log(await F.softmax(tensor([0, 0]), 0).toList()); // [0.5, 0.5]
 * ```
 */
export const F: Functions = functions();

const takesWhere = signature("where()", { condition: kind.tensor, a: kind.tensorLike, b: kind.tensorLike });

/** `a` where `condition` is true, else `b`; all are broadcast. Gradients flow to the chosen side only. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  takesWhere(arguments);
  const beside = a instanceof Tensor ? a.node : b instanceof Tensor ? b.node : ops.full("float32", [], 0);
  return new Tensor(ops.where(condition.node, likeNode(beside, a), likeNode(beside, b)));
}

/** The first of some tensors; there must be one. */
function firstOf(tensors: readonly Tensor[], what: string): Tensor {
  const [first] = tensors;
  if (!first) throw new PlumblineError({ code: "G301", message: `${what}() was given no tensors.` });
  return first;
}

/** What was meant by `concat(a, b)`. */
const inOneList = (name: string) => ([first]: readonly unknown[]): string | undefined =>
  first instanceof Tensor ? `write ${name}([a, b]), not ${name}(a, b).` : undefined;

const takesConcat = signature(
  "concat()",
  { tensors: kind.tensors, axis: kind.optional(kind.axis) },
  inOneList("concat"),
);

/** One after another along `axis`. */
export function concat(tensors: readonly Tensor[], axis: Axis = 0): Tensor {
  takesConcat(arguments);
  const at = resolveAxis(firstOf(tensors, "concat").node, axis, "stack() puts tensors along a new axis.");
  return new Tensor(ops.concat(tensors.map((x) => x.node), at));
}

const takesCat = signature("cat()", { tensors: kind.tensors, axis: kind.optional(kind.axis) }, inOneList("cat"));

/** {@linkcode concat}, by its name in PyTorch. */
export function cat(tensors: readonly Tensor[], axis: Axis = 0): Tensor {
  takesCat(arguments);
  return concat(tensors, axis);
}

const takesStack = signature("stack()", {
  tensors: kind.tensors,
  position: kind.optional(kind.whole),
  name: kind.optional(kind.axisName),
}, inOneList("stack"));

/** One after another along a new axis at `position`, with a name if one is given. */
export function stack(tensors: readonly Tensor[], position = 0, name: string | null = null): Tensor {
  takesStack(arguments);
  const first = firstOf(tensors, "stack");
  const at = position < 0 ? position + first.rank + 1 : position;
  return concat(tensors.map((x) => x.unsqueeze(at, name)), at);
}

const takesMatmul = signature("matmul()", { a: kind.tensor, b: kind.tensor });

/** Matrix product; see `Tensor.matmul`. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  takesMatmul(arguments);
  return a.matmul(b);
}

const takesStop = signature("stopGradient()", { x: kind.tensor, why: kind.optional(kind.orNull(kind.text)) });

/** The same value, through which no gradient flows; `why` is for the reader and the audit. */
export function stopGradient(x: Tensor, why: string): Tensor {
  takesStop(arguments);
  return x.detach(why);
}

const takesOneHot = signature("oneHot()", { index: kind.tensor, classes: kind.count(1) });

/**
 * `classes` numbers for every index (int32, from 0), 1 at the index and 0 elsewhere, along a new last axis. An index outside of
 * [0, classes) is an error (G308), told when the values are computed.
 *
 * @throws PlumblineError G301 if `index` is not int32.
 */
export function oneHot(index: Tensor, classes: number): Tensor {
  takesOneHot(arguments);
  if (index.dtype !== "int32") {
    throw new PlumblineError({
      code: "G301",
      message: `oneHot() needs int32 indices, not ${describe(index.node)}.`,
      help: 'cast them: index.cast("int32").',
    });
  }
  return atCaller(() => {
    const wide = index.unsqueeze(-1);
    const numbers = new Tensor(ops.iota([...index.shape, classes], index.rank));
    const hot = numbers.equal(wide).cast("float32");
    if (liesWithin(index.node, classes)) return hot;
    // A look-up whose result is 1 refuses what lies outside.
    const found = ops.take(ops.full("float32", [classes], 1), fromStart(ops.reshape(index.node, [index.size])), 0);
    return hot.mul(new Tensor(ops.reshape(found, wide.shape)));
  });
}
