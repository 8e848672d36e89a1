/** The memory of values that live only inside a run: one for the engine, since runs follow each other on the device. */

import type { Gpu } from "./gpu.ts";

/** GPUBufferUsage.STORAGE: a global of browsers only. */
const storage = 0x80;

/** Buffers that grow to what the largest program needs. */
export class Arena {
  readonly #buffers: GPUBuffer[] = [];
  /** Changes whenever a buffer is replaced: bind groups of older versions are void. */
  version = 0;

  constructor(readonly gpu: Gpu) {}

  /** Bytes of all buffers. */
  get bytes(): number {
    return this.#buffers.reduce((n, x) => n + x.size, 0);
  }

  /** Whether {@linkcode reserve} would leave all buffers as they are. */
  has(sizes: readonly number[]): boolean {
    return sizes.every((size, i) => (this.#buffers[i]?.size ?? 0) >= size);
  }

  /** Makes every buffer at least as large as `sizes` say. */
  reserve(sizes: readonly number[]): void {
    sizes.forEach((size, i) => {
      const old = this.#buffers[i];
      if (old && old.size >= size) return;
      this.gpu.guard();
      old?.destroy();
      this.#buffers[i] = this.gpu.device.createBuffer({ size, usage: storage });
      this.version++;
    });
  }

  /** Buffer number `i`. */
  buffer(i: number): GPUBuffer {
    return this.#buffers[i]!;
  }

  /** Destroys all buffers. */
  clear(): void {
    this.#buffers.splice(0).forEach((x) => x.destroy());
    this.version++;
  }
}
