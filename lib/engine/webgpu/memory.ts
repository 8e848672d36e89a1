/**
 * The values that the engine holds for storages. Nobody frees them by hand: what a later run takes over is recycled, what
 * has not been used for long goes to host memory, and what belongs to nobody any more is found by its weak reference.
 */

import { type DeviceBuffer, Storage } from "../../graph/storage.ts";
import type { DType, TypedArray } from "../../graph/types.ts";
import type { Gpu } from "./gpu.ts";
import { Pool, type Slab } from "./pool.ts";
import { Reader } from "./reader.ts";

/** Who a value is for: state of a program, another result, a copy of host memory. */
export type Holder = "state" | "outputs" | "uploads";

/** Values other than state that no run has used for so many runs go to host memory. */
const mostIdleRuns = 128;
/** Values other than state take at most so many bytes together, those of the current run apart. */
const mostBytes = 512 * 2 ** 20;
/** Single numbers and the like are read once: they leave the device when they are. */
const smallSize = 256;
/** How many runs apart values without an owner are looked for. */
const sweepEvery = 32;

/** GPUBufferUsage is a global of browsers only: STORAGE, COPY_SRC and COPY_DST. */
const storageAndCopies = 0x80 | 0x4 | 0x8;

/** A value on the device. */
export class Held implements DeviceBuffer {
  #slab: Slab | null;
  /** The run that used it last. */
  lastRun = 0;
  /** The storage that it belongs to. */
  owner: WeakRef<Storage> | null = null;

  constructor(
    readonly memory: DeviceMemory,
    slab: Slab,
    readonly holder: Holder,
    readonly dtype: DType,
    readonly size: number,
  ) {
    this.#slab = slab;
  }

  /** The buffer, unless it has been given back. */
  get slab(): Slab | null {
    return this.#slab;
  }

  /** The numbers, in host memory. */
  async read(): Promise<TypedArray> {
    if (this.#slab === null) throw new Error("The GPU engine was disposed of before these numbers were read.");
    const numbers = await this.memory.reader.read(this.#slab.buffer, this.dtype, this.size);
    if (this.holder === "outputs" && this.size <= smallSize) this.release();
    return numbers;
  }

  /** Gives the buffer back to the pool. */
  release(): void {
    if (this.#slab === null) return;
    this.memory.forget(this, this.#slab);
    this.#slab = null;
  }
}

/** All values that an engine holds for storages. */
export class DeviceMemory {
  readonly reader: Reader;
  readonly pool: Pool;
  /** Least recently used first. */
  readonly #held = new Set<Held>();
  readonly #bytes: Record<Holder, number> = { state: 0, outputs: 0, uploads: 0 };
  #run = 0;

  constructor(readonly gpu: Gpu) {
    this.reader = new Reader(gpu);
    this.pool = new Pool(gpu, storageAndCopies);
  }

  /** Bytes by holder. */
  liveBytes(): Record<string, number> {
    return { ...this.#bytes, spare: this.pool.spareBytes };
  }

  /** The value of a storage here, if there is one. */
  find(storage: Storage): Held | null {
    const { device } = storage;
    return device instanceof Held && device.memory === this && device.slab !== null ? device : null;
  }

  /** The value of a storage whose numbers are here or in host memory, for the current run. */
  bind(storage: Storage): Slab {
    const held = this.find(storage) ?? this.#upload(storage);
    this.#use(held);
    return held.slab!;
  }

  #use(held: Held): void {
    held.lastRun = this.#run;
    this.#held.delete(held);
    this.#held.add(held);
  }

  #upload(storage: Storage): Held {
    const host = storage.host!;
    const held = this.make(storage.dtype, storage.size, "uploads");
    if (host.length > 0) {
      this.write(held.slab!, storage.dtype, host);
    }
    held.owner = new WeakRef(storage);
    storage.attach(held);
    return held;
  }

  /** Writes numbers to a buffer, as kernels read them. */
  write({ buffer }: Slab, dtype: DType, numbers: TypedArray): void {
    const words = dtype === "bool" ? Uint32Array.from(numbers) : numbers;
    this.gpu.device.queue.writeBuffer(buffer, 0, words as BufferSource);
  }

  /** Room for a value, with anything in it. */
  make(dtype: DType, size: number, holder: Holder): Held {
    const held = new Held(this, this.pool.take(4 * size), holder, dtype, size);
    this.#bytes[holder] += held.slab!.bytes;
    this.#use(held);
    return held;
  }

  /** A storage for a value. */
  own(held: Held): Storage {
    const storage = new Storage(held.dtype, held.size, null, held);
    held.owner = new WeakRef(storage);
    return storage;
  }

  /** Called by a value that gives its buffer back. */
  forget(held: Held, slab: Slab): void {
    this.#held.delete(held);
    this.#bytes[held.holder] -= slab.bytes;
    this.pool.give(slab);
  }

  /** Begins a run: makes room by what the file's header says. `inputs` are kept. */
  async beginRun(inputs: readonly Storage[]): Promise<void> {
    this.#run++;
    for (const storage of inputs) {
      const held = this.find(storage);
      if (held) this.#use(held);
    }
    if (this.#run % sweepEvery === 0) this.#sweep();
    const idle: Held[] = [];
    let bytes = this.#bytes.outputs + this.#bytes.uploads;
    for (const held of this.#held) {
      if (held.lastRun === this.#run) break;
      if (held.holder === "state") continue;
      if (held.lastRun >= this.#run - mostIdleRuns && bytes <= mostBytes) break;
      bytes -= held.slab!.bytes;
      idle.push(held);
    }
    if (idle.length > 0) await Promise.all(idle.map((held) => this.#spill(held)));
  }

  async #spill(held: Held): Promise<void> {
    const storage = held.owner?.deref();
    if (storage?.device === held) await storage.spill();
    else held.release();
  }

  #sweep(): void {
    for (const held of this.#held) {
      const storage = held.owner?.deref();
      if (held.lastRun < this.#run && storage?.device !== held) held.release();
    }
  }

  /** Destroys everything. */
  clear(): void {
    for (const held of [...this.#held]) held.release();
    this.pool.clear();
    this.reader.clear();
  }
}
