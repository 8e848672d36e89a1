/**
 * What an engine holds for its programs, without the programs. A program knows its graph, a graph the lines that made it, and these
 * whatever called them. So what an engine refers to would never be forgotten; what it does not refer to is given back when nobody
 * else does, as when a cell of a notebook compiles again.
 */

import type { TypedArray } from "../graph/types.ts";

const forgotten = new FinalizationRegistry<Lease>((lease) => lease.end());

/** What is held for a program. It refers to no program, and neither may what gives it back. */
export class Lease {
  #isOver = false;
  /** By outputs: arrays for the next run to write to, which inputs that they replace have left behind. */
  readonly spares: Map<number, TypedArray> = new Map();

  /** It is among `all` until it ends; `bytes` are those of its models. */
  constructor(readonly all: Set<Lease>, readonly bytes: number, readonly giveBack: () => void) {
    all.add(this);
  }

  /** Whether all has been given back. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes of the arrays that are kept. */
  get spareBytes(): number {
    return [...this.spares.values()].reduce((sum, x) => sum + x.byteLength, 0);
  }

  /** Ends it when nothing refers to `holder` any more. */
  endWith(holder: object): void {
    forgotten.register(holder, this, this);
  }

  /** Gives all back, once. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    forgotten.unregister(this);
    this.all.delete(this);
    this.spares.clear();
    this.giveBack();
  }
}
