/** Counts what this process submits to the GPU through Dawn. */

import { createGpu } from "../../lib/engine/webgpu/dawn.ts";

/** Dawn in the place of the WebGPU that comes with Deno, its classes made global, as a browser has them. */
export async function installDawn(): Promise<void> {
  Object.defineProperty(navigator, "gpu", { value: await createGpu() });
  const { globals } = await import("webgpu");
  Object.assign(globalThis, globals);
}

/** Gives a function that says how many submissions there have been since. Dawn must have been loaded by the library. */
export async function countSubmits(): Promise<() => number> {
  const { globals } = await import("webgpu");
  const queue = (globals as { GPUQueue: { prototype: GPUQueue } }).GPUQueue.prototype;
  const submit = queue.submit;
  let count = 0;
  queue.submit = function (buffers) {
    count++;
    return submit.call(this, buffers);
  };
  return () => count;
}
