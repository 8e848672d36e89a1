/** Where a tensor's numbers live: in host memory, on a device, or both. */

import { PlumblineError } from "./error.ts";
import { allocate, type DType, type TypedArray } from "./types.ts";

/** Numbers that a device holds. An engine makes these; it alone knows what is inside. */
export interface DeviceBuffer {
  /** Copies the numbers to host memory. */
  read(): Promise<TypedArray>;
  /** The same at once, where the device's memory is that of this process: nobody writes to the array again. `null` if they are not there. */
  numbers?(): TypedArray | null;
  /** Gives the memory back. The buffer is not used again. */
  release(): void;
}

let numbers = 0;
let made = 0;

/** How many numbers the storages have that were ever made. */
export function numbersMade(): number {
  return numbers;
}

/** The numbers of one value, dense and row-major. They never change once they are there. */
export class Storage {
  /** Its own number, for those who must know it again without keeping it: a weak reference keeps it until the next turn. */
  readonly id: number = made++;
  /** The run that made it, if runs are judged later: whether it went bad. */
  madeBy: { readonly isVoid: boolean } | null = null;
  #host: TypedArray | null;
  #device: DeviceBuffer | null;
  #shared = false;
  #retired = false;

  /** Give `host`, `device` or both. */
  constructor(
    readonly dtype: DType,
    readonly size: number,
    host: TypedArray | null,
    device: DeviceBuffer | null = null,
  ) {
    if (host === null && device === null) throw new Error("A Storage needs host memory or a device buffer.");
    this.#host = host;
    this.#device = device;
    numbers += size;
  }

  /** What stands for a value that is gone: whoever asks for its numbers gets an error. */
  static gone(dtype: DType, size: number): Storage {
    const storage = new Storage(dtype, size, allocate(dtype, 0));
    storage.retire();
    return storage;
  }

  /** The numbers in host memory, if they are there already. */
  get host(): TypedArray | null {
    this.#refuseRetired();
    const host = this.hostIfAny;
    if (host !== null) this.#refuseLost(host);
    return host;
  }

  /** The numbers in host memory, if they are there and the value is not gone. For messages. */
  get hostIfAny(): TypedArray | null {
    return this.#host ??= this.#device?.numbers?.() ?? null;
  }

  /** The numbers on a device, if they are there. */
  get device(): DeviceBuffer | null {
    return this.#device;
  }

  /** An engine has put a copy of the numbers on its device. */
  attach(device: DeviceBuffer): void {
    this.#device = device;
  }

  /** The numbers for somebody outside of the engine, who may keep the array but must not write to it. */
  async read(): Promise<TypedArray> {
    this.#refuseRetired();
    this.#shared = true;
    this.#host ??= await this.#device!.read();
    this.#refuseLost(this.#host);
    return this.#host;
  }

  /** Whether the value is gone. */
  get isGone(): boolean {
    return this.#retired;
  }

  /** Whether it was made by a run that went bad, or built on one that did. */
  get isVoid(): boolean {
    return this.madeBy?.isVoid ?? false;
  }

  /** Somebody outside of the engine holds the host array: it is never recycled. */
  share(): this {
    this.#shared = true;
    return this;
  }

  /**
   * The value is gone: a donated input after its run. Gives what the engine may write to next, `null` where nothing may be:
   * an array that was read stays with its reader. Whoever still holds this storage gets an error, never other numbers.
   */
  retire(): { host: TypedArray | null; device: DeviceBuffer | null } {
    const free = { host: this.#shared ? null : this.#host, device: this.#device };
    this.#host = null;
    this.#device = null;
    this.#retired = true;
    return free;
  }

  /** Fetches the numbers to host memory and gives the device's memory back. */
  async spill(): Promise<void> {
    this.#host ??= await this.#device!.read();
    this.#device?.release();
    this.#device = null;
  }

  /** Of an array that is not the engine's its owner may have given the memory away. */
  #refuseLost({ length }: TypedArray): void {
    if (length === this.size) return;
    throw new PlumblineError({
      code: "G301",
      message:
        `the array that fromBuffer() made a tensor over has ${length} numbers now, not ${this.size}: its memory was ` +
        "transferred, or changed its size.",
      help: "tensor(array) takes a copy, which stays; or post a copy: worker.postMessage(array.slice()).",
    });
  }

  #refuseRetired(): void {
    if (!this.#retired) return;
    throw new PlumblineError({
      code: "G202",
      message:
        "a tensor still refers to the value that a parameter or variable had before a compiled step replaced it.",
      help: "read the old value before the step (await t.data()), or make the tensor again after it.",
    });
  }
}
