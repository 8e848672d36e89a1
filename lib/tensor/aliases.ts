/**
 * PyTorch's other names for what a tensor has, where they mean exactly the same: in one table those that are a method under
 * another name, below it those that are a method with other arguments. Tensor has them from here.
 */

import { PlumblineError } from "../graph/error.ts";
import { describe } from "../graph/types.ts";
import { type Axis, resolveAxis } from "./axis.ts";
import type { Tensor } from "./tensor.ts";

/** By the name of PyTorch the method that it is. */
export const aliases = {
  absolute: "abs",
  amax: "max",
  amin: "min",
  arccos: "acos",
  arcsin: "asin",
  arctan: "atan",
  arctan2: "atan2",
  bitwiseAnd: "bitAnd",
  bitwiseOr: "bitOr",
  bitwiseXor: "bitXor",
  broadcastTo: "expand",
  clip: "clamp",
  divide: "div",
  eq: "equal",
  fix: "trunc",
  ge: "greaterEqual",
  ger: "outer",
  gt: "greater",
  isfinite: "isFinite",
  isnan: "isNaN",
  le: "lessEqual",
  logicalAnd: "and",
  logicalNot: "not",
  logicalOr: "or",
  logsumexp: "logSumExp",
  lt: "less",
  multiply: "mul",
  ne: "notEqual",
  negative: "neg",
  splitWithSizes: "split",
  subtract: "sub",
  swapaxes: "transpose",
  swapdims: "transpose",
  takeAlongDim: "takeAlongAxis",
  to: "cast",
  trueDivide: "div",
  var: "variance",
  view: "reshape",
} as const;

/** What {@linkcode Tensor} has by other names of PyTorch. */
export abstract class Aliases {
  /** {@linkcode Tensor.abs} */
  declare absolute: Tensor["abs"];
  /** {@linkcode Tensor.max} */
  declare amax: Tensor["max"];
  /** {@linkcode Tensor.min} */
  declare amin: Tensor["min"];
  /** {@linkcode Tensor.acos} */
  declare arccos: Tensor["acos"];
  /** {@linkcode Tensor.asin} */
  declare arcsin: Tensor["asin"];
  /** {@linkcode Tensor.atan} */
  declare arctan: Tensor["atan"];
  /** {@linkcode Tensor.atan2} */
  declare arctan2: Tensor["atan2"];
  /** {@linkcode Tensor.bitAnd} */
  declare bitwiseAnd: Tensor["bitAnd"];
  /** {@linkcode Tensor.bitOr} */
  declare bitwiseOr: Tensor["bitOr"];
  /** {@linkcode Tensor.bitXor} */
  declare bitwiseXor: Tensor["bitXor"];
  /** {@linkcode Tensor.expand} */
  declare broadcastTo: Tensor["expand"];
  /** {@linkcode Tensor.clamp} */
  declare clip: Tensor["clamp"];
  /** {@linkcode Tensor.div} */
  declare divide: Tensor["div"];
  /** {@linkcode Tensor.equal} */
  declare eq: Tensor["equal"];
  /** {@linkcode Tensor.trunc} */
  declare fix: Tensor["trunc"];
  /** {@linkcode Tensor.greaterEqual} */
  declare ge: Tensor["greaterEqual"];
  /** {@linkcode Tensor.outer} */
  declare ger: Tensor["outer"];
  /** {@linkcode Tensor.greater} */
  declare gt: Tensor["greater"];
  /** {@linkcode Tensor.isFinite} */
  declare isfinite: Tensor["isFinite"];
  /** {@linkcode Tensor.isNaN} */
  declare isnan: Tensor["isNaN"];
  /** {@linkcode Tensor.lessEqual} */
  declare le: Tensor["lessEqual"];
  /** {@linkcode Tensor.and} */
  declare logicalAnd: Tensor["and"];
  /** {@linkcode Tensor.not} */
  declare logicalNot: Tensor["not"];
  /** {@linkcode Tensor.or} */
  declare logicalOr: Tensor["or"];
  /** {@linkcode Tensor.logSumExp} */
  declare logsumexp: Tensor["logSumExp"];
  /** {@linkcode Tensor.less} */
  declare lt: Tensor["less"];
  /** {@linkcode Tensor.mul} */
  declare multiply: Tensor["mul"];
  /** {@linkcode Tensor.notEqual} */
  declare ne: Tensor["notEqual"];
  /** {@linkcode Tensor.neg} */
  declare negative: Tensor["neg"];
  /** {@linkcode Tensor.split} */
  declare splitWithSizes: Tensor["split"];
  /** {@linkcode Tensor.sub} */
  declare subtract: Tensor["sub"];
  /** {@linkcode Tensor.transpose} */
  declare swapaxes: Tensor["transpose"];
  /** {@linkcode Tensor.transpose} */
  declare swapdims: Tensor["transpose"];
  /** {@linkcode Tensor.takeAlongAxis} */
  declare takeAlongDim: Tensor["takeAlongAxis"];
  /** {@linkcode Tensor.cast} */
  declare to: Tensor["cast"];
  /** {@linkcode Tensor.div} */
  declare trueDivide: Tensor["div"];
  /** {@linkcode Tensor.variance} */
  declare var: Tensor["variance"];
  /** {@linkcode Tensor.reshape} */
  declare view: Tensor["reshape"];

  /** A matrix transposed; of a scalar or vector itself. Of more axes there is {@linkcode Tensor.mT}, or `permute()`. */
  get T(): Tensor {
    return transposed(self(this), "T");
  }

  /** The last two axes exchanged. */
  get mT(): Tensor {
    return self(this).transpose();
  }

  /** As {@linkcode Aliases.T}: numbers are real. */
  get H(): Tensor {
    return transposed(self(this), "H");
  }

  /** As {@linkcode Aliases.mT}: numbers are real. */
  get mH(): Tensor {
    return self(this).transpose();
  }

  /** The number of axes: `rank`. */
  get ndim(): number {
    return self(this).rank;
  }

  /** A matrix transposed; of a scalar or vector itself. */
  t(): Tensor {
    return transposed(self(this), "t()");
  }

  /** The last two axes exchanged: numbers are real. */
  adjoint(): Tensor {
    return self(this).transpose();
  }

  /** The number of axes: `rank`. */
  dim(): number {
    return self(this).rank;
  }

  /** The number of axes: `rank`. */
  ndimension(): number {
    return self(this).rank;
  }

  /** The number of elements: `size`. */
  numel(): number {
    return self(this).size;
  }

  /** Itself: a tensor does not change. */
  clone(): Tensor {
    return current(self(this));
  }

  /** Itself: every tensor is whole. */
  contiguous(): Tensor {
    return current(self(this));
  }

  /** Itself. */
  positive(): Tensor {
    return current(self(this));
  }

  /** As float32. */
  float(): Tensor {
    return self(this).cast("float32");
  }

  /** As int32. */
  int(): Tensor {
    return self(this).cast("int32");
  }

  /** As bool: true where it is not 0. */
  bool(): Tensor {
    return self(this).cast("bool");
  }

  /** In the shape of `other`, of as many elements. */
  viewAs(other: Tensor): Tensor {
    return self(this).reshape(...other.shape);
  }

  /** In the shape of `other`, of as many elements. */
  reshapeAs(other: Tensor): Tensor {
    return self(this).reshape(...other.shape);
  }

  /** Axes of size 1 repeated to the shape of `other`. */
  expandAs(other: Tensor): Tensor {
    return self(this).expand(...other.shape);
  }

  /** The product of two matrices. Throws G301 for other ranks. */
  mm(other: Tensor): Tensor {
    return product(self(this), other, "mm()", 2, 2);
  }

  /** The products of two batches of matrices, `[b, m, k]` and `[b, k, n]`. Throws G301 for other ranks. */
  bmm(other: Tensor): Tensor {
    return product(self(this), other, "bmm()", 3, 3);
  }

  /** The product of a matrix and a vector. Throws G301 for other ranks. */
  mv(other: Tensor): Tensor {
    return product(self(this), other, "mv()", 2, 1);
  }

  /** The sum of the products of two vectors. Throws G301 for other ranks. */
  dot(other: Tensor): Tensor {
    return product(self(this), other, "dot()", 1, 1);
  }

  /** `length` entries along `axis` from `start` (from the end if negative). */
  narrow(axis: Axis, start: number, length: number): Tensor {
    const size = self(this).shape[resolveAxis(self(this).node, axis)]!;
    const from = start < 0 ? start + size : start;
    if (from >= 0 && length >= 0 && from + length <= size) return self(this).slice(axis, from, from + length);
    throw new PlumblineError({
      code: "G304",
      message: `narrow(${axis}, ${start}, ${length}) is outside of ${
        describe(self(this).node)
      }, whose axis ${axis} has size ${size}.`,
    });
  }

  /** The entries along `axis` that `index` (int32 [k], from 0) names: `take(index, axis)`. */
  indexSelect(axis: Axis, index: Tensor): Tensor {
    return self(this).take(index, axis);
  }

  /** The order reversed along the second axis. */
  fliplr(): Tensor {
    return self(this).flip(1);
  }

  /** The order reversed along the first axis. */
  flipud(): Tensor {
    return self(this).flip(0);
  }
}

/** What has these names is a tensor. */
const self = (x: Aliases): Tensor => x as unknown as Tensor;

/** The value that `x` has now, which a variable may not have later. */
const current = (x: Tensor): Tensor => x.named(...x.axes);

function transposed(x: Tensor, what: string): Tensor {
  if (x.rank === 2) return x.transpose();
  if (x.rank < 2) return current(x);
  throw new PlumblineError({
    code: "G301",
    message: `${what} transposes matrices, and ${describe(x.node)} has ${x.rank} axes.`,
    made: [x.node],
    help: "transpose() exchanges the last two axes, permute() orders all of them.",
  });
}

function product(a: Tensor, b: Tensor, what: string, left: number, right: number): Tensor {
  if (a.rank === left && b.rank === right) return a.matmul(b);
  throw new PlumblineError({
    code: "G301",
    message: `${what} takes tensors of ${left} and ${right} axes, not ${describe(a.node)} and ${describe(b.node)}.`,
    made: [a.node, b.node],
    help: "matmul() takes vectors, matrices and batches of them.",
  });
}
