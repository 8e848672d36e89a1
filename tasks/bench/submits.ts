/** Counts what this process submits to the GPU through Dawn. */

import { createGpu } from "../../lib/engine/webgpu/dawn.ts";
import type { Details } from "./protocol.ts";

/** Dawn in the place of the WebGPU that comes with Deno, its classes made global, as a browser has them. */
export async function installDawn(): Promise<void> {
  Object.defineProperty(navigator, "gpu", { value: await createGpu(false) });
  const { globals } = await import("npm:webgpu@0.6.2");
  Object.assign(globalThis, globals);
}

let count: number | null = null;

/** Begins to count. Dawn must have been loaded by the library. */
export async function countSubmits(): Promise<void> {
  const { globals } = await import("npm:webgpu@0.6.2");
  const queue = (globals as { GPUQueue: { prototype: GPUQueue } }).GPUQueue.prototype;
  const submit = queue.submit;
  count = 0;
  queue.submit = function (buffers) {
    count!++;
    return submit.call(this, buffers);
  };
}

/** How often `fn` submits, as a detail of a repetition; nothing where nobody counts. */
export async function submitsOf(fn: () => Promise<unknown>): Promise<Details> {
  const before = count;
  await fn();
  return before === null ? {} : { submits: count! - before };
}
