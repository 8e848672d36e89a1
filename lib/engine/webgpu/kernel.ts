/** Kernels as data: what a dispatch computes, where its values live, and the printable program made of them. */

import type { Ix } from "./ix.ts";

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

/** Memory that a kernel can bind. */
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

/** One binding of a dispatch. */
export interface Binding {
  readonly memory: Memory;
  /** Whether the kernel writes to it. */
  readonly written: boolean;
}

/** A kernel, ready to be compiled. */
export interface Dispatch {
  readonly kind: "dispatch";
  readonly wgsl: string;
  readonly bindings: readonly Binding[];
  /** How many scans it is inside of: that many step numbers are bound. */
  readonly depth: number;
  /** Workgroups. */
  readonly grid: readonly [number, number];
  /** One line for the listing. */
  readonly label: string;
}

/** A loop of instructions: a scan. */
export interface Loop {
  readonly kind: "loop";
  readonly length: number;
  readonly reverse: boolean;
  readonly body: readonly Instruction[];
}

/** One instruction of a program. */
export type Instruction = Dispatch | Loop;

/** The instructions, one a line, loops indented. */
export function listing(instructions: readonly Instruction[], indent = ""): string[] {
  return instructions.flatMap((x) =>
    x.kind === "dispatch"
      ? [indent + x.label]
      : [`${indent}loop ${x.length}${x.reverse ? " reverse" : ""}`, ...listing(x.body, indent + "  ")]
  );
}
