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
  #running = 0;
  /** By outputs: arrays for the next run to write to, which inputs that they replace have left behind. */
  readonly spares: Map<number, TypedArray> = new Map();

  /** It is among `all` until it ends; `bytes` are those of its models. */
  constructor(readonly all: Set<Lease>, readonly bytes: number, readonly giveBack: () => void) {
    all.add(this);
  }

  /** Whether no run may begin any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A run begins: what it needs stays until it is {@linkcode finish}ed, though it ends meanwhile. */
  begin(): void {
    if (this.#isOver) throw new Error("This program has been given back.");
    this.#running++;
  }

  /** A run is over. */
  finish(): void {
    this.#running--;
    this.#release();
  }

  /** Bytes of the arrays that are kept. */
  get spareBytes(): number {
    return [...this.spares.values()].reduce((sum, x) => sum + x.byteLength, 0);
  }

  /** Ends it when nothing refers to `holder` any more. */
  endWith(holder: object): void {
    forgotten.register(holder, this, this);
  }

  /** Gives all back, once: now, or after the run that is under way. */
  end(): void {
    this.#isOver = true;
    forgotten.unregister(this);
    this.#release();
  }

  #release(): void {
    if (!this.#isOver || this.#running > 0 || !this.all.delete(this)) return;
    this.spares.clear();
    this.giveBack();
  }
}
