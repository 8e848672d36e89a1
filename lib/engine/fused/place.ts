/** Where the values of a program live: inputs, outputs, and ranges of an arena that values share in turn. */

import type { Node } from "../../graph/node.ts";
import type { Ix } from "./ix.ts";
import type { Part } from "./draft.ts";

/** A range of the arena, alive from its first to its last use, both counted in kernels. */
export interface Allocation {
  readonly kind: "arena";
  readonly id: number;
  readonly bytes: number;
  first: number;
  last: number;
  /** Which buffer of the arena, and where in it; filled in by the plan. */
  chunk: number;
  offset: number;
}

/** Memory that a kernel reads or writes. */
export type Memory = Allocation | { readonly kind: "input" | "output"; readonly index: number; readonly bytes: number };

/** A name for memory that no other memory of the program has. */
export function memoryName(memory: Memory): string {
  return memory.kind === "arena" ? `t${memory.id}` : `${memory.kind === "input" ? "in" : "out"}${memory.index}`;
}

/** Where a value is: element j is element `base` + j of the memory. `base` may depend on the steps of scans. */
export interface Place {
  readonly memory: Memory;
  readonly base: Ix;
}

/** Where the nodes are that are in memory. */
export type PlaceOf = (node: Node) => Place;

/** Where the results go: some members are only needed inside, some go to several places. */
export type Stores = readonly { readonly part: Part; readonly place: Place }[];

/** A loop of instructions: a scan. */
export interface Loop<K> {
  readonly kind: "loop";
  readonly length: number;
  readonly reverse: boolean;
  readonly body: readonly (K | Loop<K>)[];
}
