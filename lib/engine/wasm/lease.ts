/**
 * The memory of programs, as an engine holds it: without the programs. A program knows its graph, a graph the lines that made it,
 * and these whatever called them. So what an engine refers to would never be forgotten; what it does not refer to is given back
 * when nobody else does, as when a cell of a notebook compiles again.
 */

import type { Heap } from "./heap.ts";

const forgotten = new FinalizationRegistry<Lease>((lease) => lease.end());

/** A range of memory that a program holds. It refers to no program. */
export class Lease {
  #isOver = false;

  /** The range that begins at `start`; it is among `all` until it ends. */
  constructor(readonly heap: Heap, readonly start: number, readonly all: Set<Lease>) {
    all.add(this);
  }

  /** Whether the range has been given back. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Gives the range back when nothing refers to `holder` any more. */
  endWith(holder: object): void {
    forgotten.register(holder, this, this);
  }

  /** Gives the range back, once. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    forgotten.unregister(this);
    this.all.delete(this);
    this.heap.free(this.start);
  }
}
