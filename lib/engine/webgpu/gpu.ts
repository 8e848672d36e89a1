/** A device whose errors become sentences: nothing that it refuses goes unnoticed. */

import { EngineFault } from "../../graph/error.ts";

/** The device, its faults and its pace. */
export class Gpu {
  #fault: string | null = null;
  #scopes = 0;
  #fences: Promise<unknown>[] = [];
  #submits = 0;

  constructor(readonly device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      this.#fault ??= `The GPU refused a command: ${(event as GPUUncapturedErrorEvent).error.message}`;
    });
    device.lost.then((info) => {
      this.#fault = `The GPU device was lost (${info.reason ?? "unknown"}): ${info.message} ` +
        `Start again from the last checkpoint, with device "cpu" if it happens once more.`;
    });
  }

  /** Whether the device has failed. */
  get hasFailed(): boolean {
    return this.#fault !== null;
  }

  /** Throws if the device has failed. */
  check(): void {
    if (this.#fault !== null) throw new EngineFault(this.#fault);
  }

  /** From here on errors are caught by `settle`. Called before anything is created; the steady state creates nothing. */
  guard(): void {
    if (this.#scopes > 0) return;
    for (const filter of ["validation", "out-of-memory", "internal"] as const) {
      this.device.pushErrorScope(filter);
      this.#scopes++;
    }
  }

  #popScopes(): Promise<GPUError | null>[] {
    const caught: Promise<GPUError | null>[] = [];
    for (; this.#scopes > 0; this.#scopes--) caught.push(this.device.popErrorScope());
    return caught;
  }

  /** Forgets what was caught since `guard`: for who sees by the results that something was, and does it again to be told. */
  ignore(): void {
    for (const caught of this.#popScopes()) caught.catch(() => {});
  }

  /** Throws what was caught since `guard`, if it was called. */
  async settle(): Promise<void> {
    for (const error of await Promise.all(this.#popScopes())) {
      if (!error) continue;
      const memory = error.constructor.name === "GPUOutOfMemoryError";
      throw new Error(
        memory
          ? `The GPU has no memory left (${error.message}): use smaller batches, or the cpu engine.`
          : `The GPU refused a command: ${error.message}`,
      );
    }
    this.check();
  }

  /** Submits commands. */
  submit(commands: GPUCommandBuffer): void {
    this.device.queue.submit([commands]);
    this.#submits++;
  }

  /** Waits until the device is not many runs behind, now and then. */
  async pace(): Promise<void> {
    const every = 16;
    if (this.#submits < every) return;
    this.#submits = 0;
    this.#fences.push(this.device.queue.onSubmittedWorkDone());
    if (this.#fences.length > 1) await this.#fences.shift();
    this.check();
  }
}
