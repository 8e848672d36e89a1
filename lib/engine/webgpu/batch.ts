/**
 * Runs for a program that does not come back to the event loop: they are recorded one after the other, submitted together, and waited
 * for by polling. What Dawn's objects hold is given back at turns of the event loop only, so next to none are made: one batch takes
 * its buffers in the order of the one before. All that is computed goes to host memory, where JavaScript's collector looks after it:
 * it would be another turn before a weak reference told that a buffer belongs to nobody.
 */

import type { DeviceBuffer, Storage } from "../../graph/storage.ts";
import type { DType, TypedArray } from "../../graph/types.ts";
import { aligned } from "../fused/plan.ts";
import type { Gpu } from "./gpu.ts";
import type { DeviceMemory } from "./memory.ts";
import { pollNow } from "./pacing.ts";
import type { Pipelines } from "./pipelines.ts";
import { Pool, type Slab } from "./pool.ts";
import { copyOf } from "./reader.ts";

/** GPUBufferUsage and GPUMapMode are globals of browsers only: these are their numbers. */
const mapReadAndCopyTo = 0x1 | 0x8;
const mapForReading = 0x1;
const copies = 0x4 | 0x8;

/** Polls at once; after that each waits for so many milliseconds, and leaves the processor to others. */
const eagerPolls = 64;
const pollPause = 0.1;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Bytes before the numbers: the batch that wrote them. */
const headBytes = 4;

/** A value of a batch: on the device until the batch is over, in host memory then. */
class Landed implements DeviceBuffer {
  #numbers: TypedArray | null = null;
  isOver = false;

  constructor(readonly batch: Batch, readonly slab: Slab, readonly dtype: DType, readonly size: number) {}

  numbers(): TypedArray | null {
    return this.#numbers;
  }

  read(): Promise<TypedArray> {
    if (this.#numbers) return Promise.resolve(this.#numbers);
    return Promise.reject(new Error("These numbers were not computed."));
  }

  release(): void {
    this.#numbers = null;
  }

  /** The batch is over; `numbers` is null if it failed. */
  end(numbers: TypedArray | null): void {
    this.#numbers = numbers;
    this.isOver = true;
  }
}

/** Buffers of one size, which every batch takes from the first on. */
interface Row {
  readonly slabs: Slab[];
  taken: number;
}

/** Runs that are recorded, and their values. */
export class Batch {
  readonly #gpu: Gpu;
  readonly #staging: Pool;
  readonly #rows = new Map<number, Row>();
  /** Copies of host memory, by the ids of storages. */
  readonly #uploads = new Map<number, Slab>();
  #values: Landed[] = [];
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  /** What the device is told before it computes a batch, and gives back after it. */
  #head: GPUBuffer | null = null;
  #serial = 0;
  #isOpen = false;

  constructor(readonly memory: DeviceMemory, readonly pipelines: Pipelines) {
    this.#gpu = memory.gpu;
    this.#staging = new Pool(memory.gpu, mapReadAndCopyTo);
  }

  /** Bytes of the buffers that are kept for the next batch. */
  get bytes(): number {
    return [...this.#rows.values()].reduce((sum, { slabs }) => sum + slabs.reduce((n, x) => n + x.bytes, 0), 0) +
      this.#staging.spareBytes;
  }

  /** Where runs are recorded. */
  get pass(): GPUComputePassEncoder {
    this.#encoder ??= this.#gpu.device.createCommandEncoder();
    return this.#pass ??= this.#encoder.beginComputePass();
  }

  /** A run is to be recorded. */
  begin(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#gpu.guard();
    this.memory.reader.flush();
  }

  /** Submits what is recorded: a buffer that it uses may be destroyed after this. */
  submit(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    this.#gpu.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = this.#pass = null;
  }

  /** The buffer of a value, or null if its numbers are not at hand. */
  bind(storage: Storage): Slab | null {
    const { device, id, dtype, size } = storage;
    if (device instanceof Landed && device.batch === this && !device.isOver) return device.slab;
    const there = this.memory.find(storage)?.slab ?? this.#uploads.get(id);
    if (there) return there;
    const host = storage.hostIfAny;
    if (host === null) return null;
    const slab = this.#take(4 * size);
    if (size > 0) this.memory.write(slab, dtype, host);
    this.#uploads.set(id, slab);
    return slab;
  }

  /** Room for a value, with anything in it. */
  make(dtype: DType, size: number): Landed {
    const value = new Landed(this, this.#take(4 * size), dtype, size);
    this.#values.push(value);
    return value;
  }

  #take(bytes: number): Slab {
    const size = aligned(bytes);
    const row = this.#rows.get(size) ?? { slabs: [], taken: 0 };
    this.#rows.set(size, row);
    return row.slabs[row.taken++] ??= this.memory.pool.take(bytes);
  }

  /** Submits and waits. Whether all was computed: if not, what the device refused is told to who does it again. */
  finish(): boolean {
    if (!this.#isOpen) return true;
    const bytes = this.#values.reduce((sum, x) => sum + 4 * x.size, headBytes);
    const isDone = bytes <= this.#gpu.device.limits.maxBufferSize && this.#fetch(bytes);
    if (!isDone) this.#values.forEach((x) => x.end(null));
    this.pipelines.prove(isDone);
    this.#encoder = this.#pass = null;
    this.#values = [];
    this.#uploads.clear();
    for (const row of this.#rows.values()) row.taken = 0;
    this.#isOpen = false;
    return isDone;
  }

  #fetch(bytes: number): boolean {
    const { device } = this.#gpu;
    const slab = this.#staging.take(Math.min(device.limits.maxBufferSize, 2 ** Math.ceil(Math.log2(bytes))));
    this.#head ??= device.createBuffer({ size: headBytes, usage: copies });
    this.#serial = (this.#serial + 1) >>> 0;
    device.queue.writeBuffer(this.#head, 0, Uint32Array.of(this.#serial));
    this.#pass?.end();
    this.#pass = null;
    const encoder = this.#encoder ??= device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#head, 0, slab.buffer, 0, headBytes);
    let offset = headBytes;
    for (const { slab: { buffer }, size } of this.#values) {
      if (size > 0) encoder.copyBufferToBuffer(buffer, 0, slab.buffer, offset, 4 * size);
      offset += 4 * size;
    }
    this.submit();
    this.#gpu.ignore();
    const isHere = isMapped(slab.buffer, bytes) && this.#deliver(slab.buffer, bytes);
    if (isHere) this.#staging.give(slab);
    else slab.buffer.destroy();
    return isHere;
  }

  /** Whether it was this batch that wrote the numbers: then they are taken. */
  #deliver(buffer: GPUBuffer, bytes: number): boolean {
    const mapped = buffer.getMappedRange(0, bytes);
    const isOurs = new Uint32Array(mapped, 0, 1)[0] === this.#serial;
    let offset = headBytes;
    for (const value of isOurs ? this.#values : []) {
      value.end(copyOf(mapped, value.dtype, offset, value.size));
      offset += 4 * value.size;
    }
    buffer.unmap();
    return isOurs;
  }

  /** Gives the buffers back, to runs that are waited for. */
  clear(): void {
    if (this.#isOpen) return;
    for (const { slabs } of this.#rows.values()) slabs.forEach((x) => this.memory.pool.give(x));
    this.#rows.clear();
    this.#staging.clear();
  }
}

/** Waits until a buffer can be read. Whether it can: not if the device has failed. */
function isMapped(buffer: GPUBuffer, bytes: number): boolean {
  buffer.mapAsync(mapForReading, 0, bytes).catch(() => {});
  for (let polls = 0; buffer.mapState === "pending"; polls++) {
    if (polls > eagerPolls) Atomics.wait(sleeper, 0, 0, pollPause);
    if (!pollNow()) break;
  }
  return buffer.mapState === "mapped";
}
