/** What a machine is, as far as it decides which kernels a graph becomes: prices in units of an addition, and limits. */

import type { Extent } from "./draft.ts";

/** A machine that kernels run on. */
export interface Target {
  /** The price of a kernel. */
  readonly launch: number;
  /** The price of moving one element through memory. */
  readonly traffic: number;
  /** The most operations that are computed again in each kernel that needs them. */
  readonly mostRepeated: number;
  /** The most values in memory that one kernel reads and writes. */
  readonly mostBindings: number;
  /** The most reductions in one kernel. */
  readonly mostItems: number;
  /** The most expressions in one kernel. */
  readonly mostExprs: number;
  /** The most pieces that one kernel joins. */
  readonly mostPieces: number;
  /** Reductions of up to so many values are written out. */
  readonly mostUnrolled: number;
  /** Whether long sums and deep products are split, so that more than a few threads have something to do. */
  readonly isParallel: boolean;
  /** How deep scans may be nested. */
  readonly mostNested: number;
  /** Whether a scan of one element-wise kernel is a loop inside of that kernel. */
  readonly loopsInside: boolean;
  /** Whether indices outside of their axes end a run: then they are looked at where they are used. */
  readonly refusesOutside: boolean;
  /** How often an element of each factor of a matrix product is asked for. */
  readonly timesInProduct: (extent: Extent) => readonly [number, number];
  /** Whether a matrix product is made as a sum of products. */
  readonly isThin: (extent: Extent) => boolean;
}

/** The names of the operations that cost as much as a dozen additions or more. */
export const costly: ReadonlySet<string> = new Set([
  "exp",
  "exp2",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "tanh",
  "erf",
  "sigmoid",
  "softplus",
  "pow",
  "randomBits",
]);
