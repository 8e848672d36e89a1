/** What random graphs are built with: the nodes so far, leaves with random numbers, and how much of what is wanted. */

import { type Node, placeholder } from "../../lib/graph/node.ts";
import { binary, fullLike, iota, sub } from "../../lib/graph/ops.ts";
import type { OpName } from "../../lib/graph/primitives.ts";
import { aval, type DType, type Shape, sizeOf } from "../../lib/graph/types.ts";
import type { Random } from "../random.ts";

/** A node of the graph being built. */
export interface Entry {
  readonly node: Node;
  /** No larger in absolute value than this, for float32. */
  readonly bound: number;
  /** The same number in float32 and float64. */
  readonly exact: boolean;
}

/** How random graphs differ from each other. */
export interface Variety {
  /** Primitives that are left out. */
  readonly excluded: readonly OpName[];
  /** The sizes of axes. */
  readonly sizes: readonly number[];
  /** The most elements of a value that is built upon. */
  readonly most: number;
  /** Whether the bodies of loops are random too, rows are normalized, indices count from the end, and some nodes are no outputs. */
  readonly isVaried: boolean;
  /**
   * Whether numbers are NaN, infinite, tiny, huge. Then only what float32 rounds once is applied, and nothing is bounded: an
   * engine agrees with the oracle that rounds to float32.
   */
  readonly isSpecial: boolean;
}

/** Small values, of graphs that all engines compile quickly. */
export const plain: Variety = { excluded: [], sizes: [1, 2, 3, 4, 5], most: 2000, isVaried: false, isSpecial: false };

/** What adds a node to a graph. */
export type Recipe = (b: Builder) => Entry;

const specialFloats = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  -2.5,
  2 ** -149,
  -(2 ** -126),
  3e38,
  -3e38,
  2 ** 31,
]
  .concat([-(2 ** 31), 2 ** 32, 2 ** 24 + 2, -7, 12]).map(Math.fround);
const specialIntegers = [-(2 ** 31), 2 ** 31 - 1, -(2 ** 31) + 1, -1, 0, 1, 2, 31, 32, -33, 2 ** 24 + 1, -7, 5];

/** A graph being built. */
export class Builder {
  readonly pool: Entry[] = [];
  readonly inputs: Node[] = [];
  readonly feeds: number[][] = [];
  /** How many loops it is inside of. */
  depth = 0;

  constructor(readonly random: Random, readonly variety: Variety) {}

  /** The body of a loop, whose leaves are those of the graph around it. */
  inside(pool: readonly Entry[]): Builder {
    const inner = new Builder(this.random, this.variety);
    Object.assign(inner, { inputs: this.inputs, feeds: this.feeds, depth: this.depth + 1 });
    inner.pool.push(...pool);
    return inner;
  }

  shape(minRank = 0): number[] {
    const rank = Math.max(minRank, this.random.pick([0, 1, 1, 2, 2, 3, 3, 4]));
    const shape = Array.from({ length: rank }, () => this.random.pick(this.variety.sizes));
    while (sizeOf(shape) > this.variety.most / 2) shape[shape.indexOf(Math.max(...shape))] = 2;
    return shape;
  }

  leaf(dtype: DType, shape: Shape, low = -16, high = 16): Entry {
    // Multiples of 1/8: exact, and with ties.
    const integers = this.random.integers(sizeOf(shape), low, high);
    return this.given(dtype, shape, dtype === "float32" ? integers.map((n) => n / 8) : integers, [low, high]);
  }

  /** Places along an axis of `size`. */
  places(shape: Shape, size: number): Node {
    if (!this.variety.isVaried) return this.leaf("int32", shape, 0, size - 1).node;
    if (this.random.chance(0.5)) return this.leaf("int32", shape, -size, size - 1).node;
    // Computed, and held to the axis.
    const { node } = this.leaf("int32", shape, -2 * size, 2 * size);
    const [least, most] = [-size, size - 1].map((n) => fullLike(node, n));
    const turned = this.random.chance(0.5) ? sub(iota(shape, shape.length - 1), node) : node;
    return binary("maximum", binary("minimum", turned, most!), least!);
  }

  given(dtype: DType, shape: Shape, numbers: number[], [low, high]: readonly [number, number]): Entry {
    const node = placeholder(aval(dtype, shape));
    this.inputs.push(node);
    this.feeds.push(numbers);
    return { node, bound: Math.max(Math.abs(low), Math.abs(high)) / 8, exact: true };
  }

  fresh(dtype: DType, shape: Shape = this.shape()): Entry {
    if (dtype === "bool") return this.leaf(dtype, shape, 0, 1);
    if (this.variety.isSpecial && this.random.chance(0.7)) return this.special(dtype, shape);
    return dtype === "uint32" ? this.leaf(dtype, shape, 0, 0xffffffff) : this.leaf(dtype, shape);
  }

  special(dtype: DType, shape: Shape): Entry {
    const of = dtype === "float32" ? specialFloats : specialIntegers;
    const numbers = Array.from({ length: sizeOf(shape) }, () => this.random.pick(of));
    return this.given(dtype, shape, dtype === "uint32" ? numbers.map((n) => n >>> 0) : numbers, [0, Infinity]);
  }

  /** A node of the pool that fits, or a new leaf. */
  any(dtype: DType, minRank = 0, exact = false): Entry {
    const fits = this.pool.filter((e) =>
      e.node.dtype === dtype && e.node.shape.length >= minRank && (e.exact || !exact) &&
      sizeOf(e.node.shape) <= this.variety.most / 5
    );
    return fits.length > 0 && this.random.chance(0.85)
      ? this.random.pick(fits)
      : this.fresh(dtype, this.shape(minRank));
  }

  /** Something that broadcasts with `x`: the same shape, axes of size 1, fewer axes. */
  beside(x: Entry, exact = false): Entry {
    const { dtype, shape } = x.node;
    const same = this.pool.filter((e) =>
      e.node.dtype === dtype && `${e.node.shape}` === `${shape}` && (e.exact || !exact)
    );
    if (same.length > 0 && this.random.chance(0.5)) return this.random.pick(same);
    const ones = shape.map((n) => this.random.chance(0.3) ? 1 : n);
    return this.fresh(dtype, ones.slice(this.random.chance(0.3) ? this.random.integer(0, shape.length) : 0));
  }

  /** What can be summed: of special float32, those whose sums are the same in any order. */
  summable(dtype: DType, minRank: number): Entry {
    if (!this.variety.isSpecial || dtype !== "float32") return this.any(dtype, minRank);
    return this.few(this.shape(minRank));
  }

  /** Small multiples of 1/8, and now and then an infinity or NaN. */
  few(shape: Shape): Entry {
    const one = (): number =>
      this.random.chance(0.03)
        ? this.random.pick([NaN, Infinity, Infinity, -Infinity, -Infinity])
        : this.random.integer(1, 16) / 8;
    return this.given("float32", shape, Array.from({ length: sizeOf(shape) }, one), [0, Infinity]);
  }

  axes(x: Entry): number[] {
    const axes = x.node.shape.map((_, i) => i).filter(() => this.random.chance(0.6));
    return axes.length > 0 ? axes : [this.random.integer(0, x.node.shape.length - 1)];
  }

  axis(x: Entry): number {
    return this.random.integer(0, x.node.shape.length - 1);
  }
}

/** An entry whose numbers are the same in float32 and float64. */
export const exactly = (node: Node, bound = 1): Entry => ({ node, bound, exact: true });
/** An entry that float32 rounds. */
export const roughly = (node: Node, bound: number): Entry => ({ node, bound, exact: false });
