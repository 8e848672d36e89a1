/** Which engine runs things: chosen once for the process, by name or by what the machine has. An engine is opened once. */

import { signature } from "../graph/arguments.ts";
import { having, optional, orNull, text } from "../graph/kinds.ts";
import { addHeld, holds } from "../graph/live_bytes.ts";
import type { Engine } from "./engine.ts";
import { threadsInUse } from "./threads.ts";
import type { Probe } from "./webgpu/adapter.ts";

/** What {@linkcode useDevice} takes. */
export const devices = ["auto", "cpu", "webgpu"] as const;

/** `auto` is a hardware GPU if there is one, else the CPU. `webgpu` also takes a software adapter. */
export type Device = typeof devices[number];

let chosen: Engine | null = null;
let choosing: Promise<Engine> | null = null;
let notice: string | null = null;

/** The GPUs that there may be: `software` is an adapter that computes on the CPU. */
type Kind = "hardware" | "software";

const opened = new Map<Kind | `cpu, ${number}`, Engine>();

holds(() => {
  const all: Record<string, number> = {};
  for (const engine of new Set([...opened.values(), ...chosen ? [chosen] : []])) {
    const held = Object.entries(engine.liveBytes());
    addHeld(all, Object.fromEntries(held.map(([name, bytes]) => [`${engine.name}: ${name}`, bytes])));
  }
  return all;
});

async function openCpu(): Promise<Engine> {
  const { createCpuEngine } = await import("./cpu/engine.ts");
  // What an engine has compiled keeps its threads: for another number of them there is another engine.
  const kind = `cpu, ${threadsInUse()}` as const;
  const engine = opened.get(kind) ?? await createCpuEngine();
  opened.set(kind, engine);
  return engine;
}

async function openWebgpu(takesSoftware: boolean, probe: Probe | null): Promise<Engine> {
  const open = opened.get("hardware") ?? (takesSoftware ? opened.get("software") : undefined);
  if (open) return open;
  const { openDevice } = await import("./webgpu/adapter.ts");
  const { createWebgpuEngine } = await import("./webgpu/engine.ts");
  const { device, name, software } = await openDevice({ software: takesSoftware, probe });
  const kind = software ? "software" : "hardware";
  const engine = createWebgpuEngine(device, name);
  opened.set(kind, engine);
  // One that has failed would fail again: who chooses the device anew gets a new one.
  const close = (): boolean => opened.get(kind) === engine && opened.delete(kind);
  device.lost.then(close);
  device.addEventListener("uncapturederror", close);
  return engine;
}

let known: Probe | null = null;

/** The adapters of this machine. They are asked for once, unless that fails: a driver that was cold may answer the next time. */
async function probe(): Promise<Probe> {
  if (known) return known;
  const { probeAdapters } = await import("./webgpu/adapter.ts");
  const found = await probeAdapters();
  if (found.problem === null) known = found;
  return found;
}

async function openBest(given: Probe | null): Promise<Engine> {
  const found = given ?? await probe();
  notice = found.problem;
  if (!found.hardware) return await openCpu();
  try {
    return await openWebgpu(false, found);
  } catch (error) {
    notice = `${found.hardware.name} could not be used: ${(error as Error).message}`;
    return await openCpu();
  }
}

function open(device: Device, given: Probe | null): Promise<Engine> {
  notice = null;
  if (device === "auto") return openBest(given);
  return device === "cpu" ? openCpu() : openWebgpu(true, given);
}

const takesDevice = signature("useDevice()", {
  device: text,
  known: optional(orNull(having("what probeAdapters() gives", { hardware: orNull(having("an adapter", {})) }))),
});
const takesNothing = signature("deviceNotice()", {});

/**
 * Chooses the engine of the process. A device that is open already is used again. `auto` asks for adapters, unless it is told
 * what a probe has found before; see {@linkcode deviceNotice} for why it did without a GPU.
 *
 * @throws RangeError if there is no such device, Error if `webgpu` is asked for and no adapter is there. The engine is then
 * the one from before.
 */
export async function useDevice(device: Device, known: Probe | null = null): Promise<Engine> {
  takesDevice(arguments);
  if (!devices.includes(device)) {
    throw new RangeError(`there is no device ${device}; the devices are ${devices.join(", ")}.`);
  }
  const choice = choosing = open(device, known);
  try {
    return useEngine(await choice);
  } finally {
    if (choosing === choice) choosing = null;
  }
}

/** Makes an engine that the caller opened the engine of the process. */
export function useEngine(engine: Engine): Engine {
  chosen = engine;
  choosing = null;
  return engine;
}

/** The engine of the process; `auto` is chosen if nothing was. */
export async function currentEngine(): Promise<Engine> {
  return chosen ?? await (choosing ?? useDevice("auto"));
}

/** The same, if it is open. */
export function openEngine(): Engine | null {
  return chosen;
}

/** Why `auto` did without a GPU although there may be one (its driver crashed, hung or refused), or `null`. */
export function deviceNotice(): string | null {
  takesNothing(arguments);
  return notice;
}
