/** GPU buffers that are used again: outputs of one run become outputs of a later one. */

import type { Gpu } from "./gpu.ts";
import { aligned } from "../fused/plan.ts";

/** A GPU buffer of the pool. */
export interface Slab {
  readonly id: number;
  readonly bytes: number;
  readonly buffer: GPUBuffer;
}

/** Free buffers are kept up to this many bytes. */
const mostSpare = 256 * 2 ** 20;

/** Buffers by size. */
export class Pool {
  readonly #spare = new Map<number, Slab[]>();
  #spareBytes = 0;
  #made = 0;

  constructor(readonly gpu: Gpu, readonly usage: number) {}

  /** Bytes of the buffers that nobody uses. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Slab {
    const size = aligned(bytes);
    const spare = this.#spare.get(size)?.pop();
    if (spare) {
      this.#spareBytes -= size;
      return spare;
    }
    this.gpu.guard();
    return { id: this.#made++, bytes: size, buffer: this.gpu.device.createBuffer({ size, usage: this.usage }) };
  }

  /** Takes a buffer back. What was submitted before may still use it. */
  give(slab: Slab): void {
    const alike = this.#spare.get(slab.bytes) ?? [];
    // The least recently used size is the first of the map: it goes when there is too much.
    this.#spare.delete(slab.bytes);
    this.#spare.set(slab.bytes, alike);
    alike.push(slab);
    this.#spareBytes += slab.bytes;
    for (const slabs of this.#spare.values()) {
      while (this.#spareBytes > mostSpare && slabs.length > 0) this.#destroy(slabs.shift()!);
    }
  }

  #destroy(slab: Slab): void {
    slab.buffer.destroy();
    this.#spareBytes -= slab.bytes;
  }

  /** Destroys all spare buffers. */
  clear(): void {
    for (const slabs of this.#spare.values()) slabs.splice(0).forEach((slab) => this.#destroy(slab));
    this.#spare.clear();
  }
}
