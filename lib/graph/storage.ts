/** Where a tensor's numbers live: in host memory, on a device, or both. */

import type { DType, TypedArray } from "./types.ts";

/** Numbers that a device holds. An engine makes these; it alone knows what is inside. */
export interface DeviceBuffer {
  /** Copies the numbers to host memory. */
  read(): Promise<TypedArray>;
  /** Gives the memory back. The buffer is not used again. */
  release(): void;
}

/** The numbers of one value, dense and row-major. They never change once they are there. */
export class Storage {
  #host: TypedArray | null;
  #device: DeviceBuffer | null;

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
  }

  /** The numbers in host memory, if they are there already. */
  get host(): TypedArray | null {
    return this.#host;
  }

  /** The numbers on a device, if they are there. */
  get device(): DeviceBuffer | null {
    return this.#device;
  }

  /** An engine has put a copy of the numbers on its device. */
  attach(device: DeviceBuffer): void {
    this.#device = device;
  }

  /** The numbers in host memory, fetched from the device if need be. The array must not be written to. */
  async read(): Promise<TypedArray> {
    if (this.#host === null) this.#host = await this.#device!.read();
    return this.#host;
  }

  /** Fetches the numbers to host memory and gives the device's memory back. */
  async spill(): Promise<void> {
    await this.read();
    this.#device?.release();
    this.#device = null;
  }
}
