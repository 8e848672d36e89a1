/** Runs a test on both engines: they promise the same numbers. */

import type { Engine } from "../lib/engine/engine.ts";
import { useEngine } from "../lib/engine/select.ts";
import { ensureVulkan, patientProbe } from "./software_vulkan.ts";

export { patientProbe };

type Name = Engine["name"];

/** Set by `deno task test --without-webgpu`, which says so in its summary. */
const withoutWebgpu = Deno.env.get("PLUMBLINE_WITHOUT_WEBGPU") === "1";

const opened = new Map<Name, Promise<Engine>>();

/** The engine `name`, opened at its first use by this file of tests. */
function engine(name: Name): Promise<Engine> {
  let promise = opened.get(name);
  if (promise === undefined) opened.set(name, promise = name === "cpu" ? openCpu() : openWebgpu());
  return promise;
}

async function openCpu(): Promise<Engine> {
  const { createCpuEngine } = await import("../lib/engine/cpu/engine.ts");
  return await createCpuEngine();
}

async function openWebgpu(): Promise<Engine> {
  await ensureVulkan();
  const { openDevice } = await import("../lib/engine/webgpu/adapter.ts");
  const { createWebgpuEngine } = await import("../lib/engine/webgpu/engine.ts");
  const { device, name } = await openDevice({ software: true, probe: await patientProbe() });
  return createWebgpuEngine(device, name);
}

/** Registers the test `name [cpu]` and the test `name [webgpu]`. `fn` gets the engine, which is that of the process too. */
export function onEachEngine(name: string, fn: (engine: Engine) => Promise<void> | void): void {
  onEngine("cpu", name, fn);
  onEngine("webgpu", name, fn);
}

/** Registers a test on one engine. */
export function onEngine(which: Name, name: string, fn: (engine: Engine) => Promise<void> | void): void {
  if (which === "webgpu" && withoutWebgpu) return;
  Deno.test({
    name: `${name} [${which}]`,
    fn: async () => {
      try {
        await fn(useEngine(await engine(which)));
      } finally {
        // What runs next in this process and asks for no engine has the same as if it ran alone.
        useEngine(await engine("cpu"));
      }
    },
    // Engines live as long as their file's tests: sessions, devices and Dawn's polls outlast one test.
    sanitizeOps: false,
    sanitizeResources: false,
  });
}

/** As {@linkcode onEachEngine}, on the CPU alone: for what is chosen from a table. */
export const onCpu: typeof onEachEngine = (name, fn) => onEngine("cpu", name, fn);

/** Registers a test that needs a WebGPU adapter, but no engine. Vulkan is ready when `fn` runs. */
export function onAdapter(name: string, fn: () => Promise<void>): void {
  if (withoutWebgpu) return;
  Deno.test({ name, fn: async () => (await ensureVulkan(), await fn()), sanitizeOps: false, sanitizeResources: false });
}
