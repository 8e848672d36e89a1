/** Which engine runs things: chosen once for the process, by name or by what the machine has. */

import type { Engine } from "./engine.ts";

/** `auto` is a hardware GPU if there is one, else the CPU. `webgpu` also takes a software adapter. */
export type Device = "auto" | "cpu" | "webgpu";

let chosen: Engine | null = null;
let opening: Promise<Engine> | null = null;

async function openCpu(): Promise<Engine> {
  const { createOnnxEngine } = await import("./onnx/engine.ts");
  return await createOnnxEngine();
}

async function openWebgpu(software: boolean): Promise<Engine> {
  const { openDevice } = await import("./webgpu/adapter.ts");
  const { device, name } = await openDevice({ software });
  const { createWebgpuEngine } = await import("./webgpu/engine.ts");
  return createWebgpuEngine(device, name);
}

let fallback: string | null = null;

/** Why `auto` took the CPU, in a sentence; null if it did not, or has not chosen yet. */
export function fallbackReason(): string | null {
  return fallback;
}

async function open(device: Device): Promise<Engine> {
  if (device === "cpu") return await openCpu();
  if (device === "webgpu") return await openWebgpu(true);
  try {
    return await openWebgpu(false);
  } catch (error) {
    fallback = (error as Error).message;
    return await openCpu();
  }
}

/**
 * Chooses the engine of the process.
 *
 * @throws Error if `webgpu` is asked for and no adapter is there.
 */
export async function useDevice(device: Device): Promise<Engine> {
  opening = open(device);
  return useEngine(await opening);
}

/** Makes an engine that the caller opened the engine of the process. */
export function useEngine(engine: Engine): Engine {
  chosen = engine;
  opening = null;
  return engine;
}

/** The engine of the process; `auto` is chosen if nothing was. */
export async function currentEngine(): Promise<Engine> {
  if (chosen) return chosen;
  opening ??= open("auto");
  return useEngine(await opening);
}
