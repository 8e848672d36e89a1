/** Copies from the GPU to host memory: all that are asked for at once share one copy command and one wait. */

import { allocate, type DType, type TypedArray } from "../../graph/types.ts";
import type { Gpu } from "./gpu.ts";
import { Pool, type Slab } from "./pool.ts";

interface Request {
  readonly source: GPUBuffer;
  readonly dtype: DType;
  readonly size: number;
  readonly resolve: (numbers: TypedArray) => void;
  readonly reject: (error: unknown) => void;
}

/** GPUBufferUsage and GPUMapMode are globals of browsers only: these are their numbers. */
const mapReadAndCopyTo = 0x1 | 0x8;
const mapForReading = 0x1;

/** The numbers that kernels have written to a buffer, as an array of their own. */
export function copyOf(mapped: ArrayBuffer, dtype: DType, offset: number, size: number): TypedArray {
  const numbers = allocate(dtype, size);
  if (dtype === "float32") numbers.set(new Float32Array(mapped, offset, size));
  else if (dtype === "int32") numbers.set(new Int32Array(mapped, offset, size));
  else numbers.set(new Uint32Array(mapped, offset, size));
  return numbers;
}

/** Reads buffers. */
export class Reader {
  #waiting: Request[] = [];
  readonly #staging: Pool;

  constructor(readonly gpu: Gpu) {
    this.#staging = new Pool(gpu, mapReadAndCopyTo);
  }

  /** The first `size` elements of `source`, as they are after all that has been submitted. */
  read(source: GPUBuffer, dtype: DType, size: number): Promise<TypedArray> {
    if (size === 0) return Promise.resolve(allocate(dtype, 0));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ source, dtype, size, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
    });
  }

  /** Submits what is waiting now: the buffers asked for may be written to after this. */
  flush(): void {
    const requests = this.#waiting;
    if (requests.length === 0) return;
    this.#waiting = [];
    this.#copy(requests).catch((error) => requests.forEach((x) => x.reject(error)));
  }

  async #copy(requests: readonly Request[]): Promise<void> {
    this.gpu.check();
    const most = this.gpu.device.limits.maxBufferSize;
    const batches: Request[][] = [];
    let bytes = Infinity;
    for (const request of requests) {
      if (bytes + 4 * request.size > most) {
        batches.push([]);
        bytes = 0;
      }
      batches.at(-1)!.push(request);
      bytes += 4 * request.size;
    }
    await Promise.all(batches.map((batch) => this.#copyTogether(batch)));
  }

  /** Submits before it first waits. */
  async #copyTogether(requests: readonly Request[]): Promise<void> {
    const { device } = this.gpu;
    const bytes = requests.reduce((n, x) => n + 4 * x.size, 0);
    const slab = this.#staging.take(Math.min(device.limits.maxBufferSize, 2 ** Math.ceil(Math.log2(bytes))));
    const encoder = device.createCommandEncoder();
    let offset = 0;
    for (const { source, size } of requests) {
      encoder.copyBufferToBuffer(source, 0, slab.buffer, offset, 4 * size);
      offset += 4 * size;
    }
    device.queue.submit([encoder.finish()]);
    const settled = this.gpu.settle();
    try {
      await Promise.all([settled, slab.buffer.mapAsync(mapForReading, 0, bytes)]);
    } catch (error) {
      this.gpu.check();
      throw new Error(`Numbers could not be read from the GPU: ${(error as Error).message}`);
    }
    this.#deliver(requests, slab, bytes);
    this.#staging.give(slab);
  }

  #deliver(requests: readonly Request[], slab: Slab, bytes: number): void {
    const mapped = slab.buffer.getMappedRange(0, bytes);
    let offset = 0;
    for (const { dtype, size, resolve } of requests) {
      resolve(copyOf(mapped, dtype, offset, size));
      offset += 4 * size;
    }
    slab.buffer.unmap();
  }

  /** Gives back the buffers for copies. */
  clear(): void {
    this.#staging.clear();
  }
}
