/** The arena: ranges for values that live only inside a run, shared by values that never live at the same time. */

import type { Allocation } from "./place.ts";

/** Alignment of a binding's offset in bytes. */
const alignment = 256;

/** `bytes`, up to the next multiple of the alignment; at least one. */
export function aligned(bytes: number): number {
  return Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
}

/**
 * Gives every allocation its place, the largest first, each at the lowest offset that is free while it lives. Returns the
 * sizes of the buffers that this takes, each at most `mostBytes`.
 */
export function planArena(allocations: readonly Allocation[], mostBytes: number): number[] {
  const chunks: { bytes: number; placed: Allocation[] }[] = [];
  const largestFirst = [...allocations].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const x of largestFirst) {
    const size = aligned(x.bytes);
    let chunk = 0;
    let offset = 0;
    for (;; chunk++) {
      chunks[chunk] ??= { bytes: 0, placed: [] };
      offset = lowestFree(x, size, chunks[chunk]!.placed);
      if (offset + size <= mostBytes || chunks[chunk]!.placed.length === 0) break;
    }
    x.chunk = chunk;
    x.offset = offset;
    chunks[chunk]!.placed.push(x);
    chunks[chunk]!.bytes = Math.max(chunks[chunk]!.bytes, offset + size);
  }
  return chunks.map((x) => x.bytes);
}

function lowestFree(x: Allocation, size: number, placed: readonly Allocation[]): number {
  const others = placed.filter((y) => y.first <= x.last && x.first <= y.last).sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const y of others) {
    if (offset + size <= y.offset) break;
    offset = Math.max(offset, y.offset + aligned(y.bytes));
  }
  return offset;
}
