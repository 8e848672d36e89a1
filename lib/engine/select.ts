/** Which engine runs things: chosen once for the process, by name or by what the machine has. */

import type { Engine } from "./engine.ts";
import type { Probe } from "./webgpu/adapter.ts";

/** `auto` is a hardware GPU if there is one, else the CPU. `webgpu` also takes a software adapter. */
export type Device = "auto" | "cpu" | "webgpu";

let chosen: Engine | null = null;
let opening: Promise<Engine> | null = null;
let notice: string | null = null;

async function openCpu(): Promise<Engine> {
  const { createOnnxEngine } = await import("./onnx/engine.ts");
  return await createOnnxEngine();
}

async function openWebgpu(software: boolean): Promise<Engine> {
  const { openDevice } = await import("./webgpu/adapter.ts");
  const { createWebgpuEngine } = await import("./webgpu/engine.ts");
  const { device, name } = await openDevice({ software });
  return createWebgpuEngine(device, name);
}

async function openBest(known: Probe | null): Promise<Engine> {
  const { probeAdapters } = await import("./webgpu/adapter.ts");
  const probe = known ?? await probeAdapters();
  notice = probe.problem;
  if (!probe.hardware) return await openCpu();
  try {
    return await openWebgpu(false);
  } catch (error) {
    notice = `${probe.hardware.name} could not be used: ${(error as Error).message}`;
    return await openCpu();
  }
}

function open(device: Device, known: Probe | null): Promise<Engine> {
  notice = null;
  if (device === "auto") return openBest(known);
  return device === "cpu" ? openCpu() : openWebgpu(true);
}

/**
 * Chooses the engine of the process. `auto` asks for adapters, unless it is told what a probe has found before; see
 * {@linkcode deviceNotice} for why it did without a GPU.
 *
 * @throws Error if `webgpu` is asked for and no adapter is there.
 */
export async function useDevice(device: Device, known: Probe | null = null): Promise<Engine> {
  opening = open(device, known);
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
  opening ??= open("auto", null);
  return useEngine(await opening);
}

/** Why `auto` did without a GPU although there may be one (its driver crashed, hung or refused), or `null`. */
export function deviceNotice(): string | null {
  return notice;
}
