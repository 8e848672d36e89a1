/** How many threads this process computes with: as many as there are cores, unless it is told that others want some too. */

import { availableParallelism } from "node:os";

/** The cores that this process may use. */
export const cores: number = availableParallelism();

let asked: number | null = null;

/** The most threads for what is opened from now on; null: one a core. */
export function useThreads(threads: number | null): void {
  asked = threads;
}

/** How many threads there are for what is opened now. */
export function threadsInUse(): number {
  return asked ?? cores;
}
