/** Kernels as data: what a dispatch computes, and the printable program made of them. */

import type { Loop, Memory } from "../fused/place.ts";

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

/** One instruction of a program. */
export type Instruction = Dispatch | Loop<Dispatch>;

/** The instructions, one a line, loops indented. */
export function listing(instructions: readonly Instruction[], indent = ""): string[] {
  return instructions.flatMap((x) =>
    x.kind === "dispatch"
      ? [indent + x.label]
      : [`${indent}loop ${x.length}${x.reverse ? " reverse" : ""}`, ...listing(x.body, indent + "  ")]
  );
}
