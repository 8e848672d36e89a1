/**
 * Random numbers from explicit keys: a key and a shape give the same bits on every engine and in every run (Threefry,
 * Salmon et al. 2011). A key is used once; `splitKey` makes new ones. A Generator does the splitting.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import { unitInterval } from "../graph/composite.ts";
import { float32Below } from "../graph/float32.ts";
import * as ops from "../graph/ops.ts";
import { keyOfSeed } from "../graph/threefry.ts";
import { type Shape, sizeOf } from "../graph/types.ts";
import * as kind from "./kinds.ts";
import { fromData, Tensor } from "./tensor.ts";
import { concat } from "./functions.ts";
import { type Stateful, Variable } from "./variable.ts";

const takesSeed = signature("randomKey()", { seed: kind.number });

/** A key, uint32 [2], from a seed: an integer in [0, 2^53). */
export function randomKey(seed: number): Tensor {
  takesSeed(arguments);
  return fromData(Uint32Array.from(keyOfSeed(seed)), "uint32", [2]);
}

const { key, shape, finite, optional } = kind;
const takesBits = signature("randomBits()", { key, shape });

/** Random bits, uint32. */
export function randomBits(key: Tensor, shape: Shape): Tensor {
  takesBits(arguments);
  return new Tensor(ops.randomBits(key.node, shape));
}

const takesSplit = signature("splitKey()", { key, count: optional(kind.count(1)) });

/** `count` new keys; the old one is not used again. */
export function splitKey(key: Tensor, count = 2): Tensor[] {
  takesSplit(arguments);
  const bits = randomBits(key, [count, 2]);
  return Array.from({ length: count }, (_, i) => bits.select(0, i));
}

/** Whether the largest number of the unit interval, brought to [low, high), is rounded to `high`: in one step or in two. */
function reaches(low: number, high: number): boolean {
  const { fround } = Math;
  const scaled = fround(high - low) * (1 - 2 ** -24);
  return low < high && Math.max(fround(scaled + fround(low)), fround(fround(scaled) + fround(low))) >= high;
}

const range = { low: optional(finite), high: optional(finite) };
const takesUniform = signature("uniform()", { key, shape, ...range });

/** Uniform in [low, high). */
export function uniform(key: Tensor, shape: Shape, low = 0, high = 1): Tensor {
  takesUniform(arguments);
  const unit = new Tensor(unitInterval(ops.randomBits(key.node, shape)));
  if (low === 0 && high === 1) return unit;
  const moved = unit.mul(high - low).add(low);
  return reaches(low, high) ? moved.minimum(float32Below(high)) : moved;
}

const takesNormal = signature("normal()", { key, shape });

/** Standard normal numbers (Box and Muller 1958). */
export function normal(key: Tensor, shape: Shape): Tensor {
  takesNormal(arguments);
  const size = sizeOf(shape);
  const half = Math.ceil(size / 2);
  const unit = uniform(key, [2, half]);
  const radius = unit.select(0, 0).neg().add(1).log().mul(-2).sqrt();
  const angle = unit.select(0, 1).mul(2 * Math.PI);
  const pair = concat([radius.mul(angle.cos()), radius.mul(angle.sin())]);
  return (2 * half === size ? pair : pair.slice(0, 0, size)).reshape(...shape);
}

const probability = kind.either(
  kind.share,
  kind.tensor,
);
const takesBernoulli = signature("bernoulli()", { key, shape, probability });

/** True with probability `probability`, in [0, 1]: one for all, or a tensor of them that is broadcast to the shape. */
export function bernoulli(key: Tensor, shape: Shape, probability: number | Tensor): Tensor {
  takesBernoulli(arguments);
  return uniform(key, shape).less(probability);
}

const takesInt = signature("randomInt()", { key, shape, low: kind.number, high: kind.number });

/**
 * int32, uniform in [low, high).
 *
 * @throws RangeError unless these are whole numbers with 1 to 2^24 numbers in [low, high): that many a draw tells apart.
 */
export function randomInt(key: Tensor, shape: Shape, low: number, high: number): Tensor {
  takesInt(arguments);
  if (!Number.isInteger(low) || !Number.isInteger(high) || high <= low || high - low > 2 ** 24) {
    throw new RangeError(`randomInt() draws from 1 to 2^24 whole numbers; [${low}, ${high}) is no such range.`);
  }
  const scaled = uniform(key, shape).mul(high - low).floor().cast("int32");
  return scaled.minimum(high - low - 1).add(low);
}

const takesGenerator = signature("new Generator()", { seed: kind.number });

/** A key that is split at every use: the random state of a program, to be named as state when it is compiled. */
export class Generator implements Stateful {
  /** The key that the next use is made from. */
  readonly key: Variable;

  /** Starts from a seed: an integer in [0, 2^53). */
  constructor(seed: number) {
    takesGenerator(arguments);
    this.key = new Variable(randomKey(seed), "generator.key");
  }

  /** A new key; the generator moves on. */
  next(): Tensor {
    const [state, key] = splitKey(this.key, 2);
    this.key.assign(state!);
    return key!;
  }

  /** Uniform in [low, high). */
  uniform(shape: Shape, low = 0, high = 1): Tensor {
    return uniform(this.next(), shape, low, high);
  }

  /** Standard normal numbers. */
  normal(shape: Shape): Tensor {
    return normal(this.next(), shape);
  }

  /** The key. */
  variables(): Variable[] {
    return [this.key];
  }
}

takeOnly(Generator, { uniform: { shape, ...range }, normal: { shape } });
