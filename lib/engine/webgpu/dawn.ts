/** Dawn, opened so that it lives as long as the process, and what it says of an adapter. */

import { paceDawn } from "./pacing.ts";

/** An adapter as a person knows it. */
export interface AdapterFacts {
  /** "swiftshader-device-subzero (SwiftShader driver 5.0.0)": the model and the driver. */
  name: string;
  /** Whether it computes on the CPU. */
  software: boolean;
}

/**
 * Everything that Dawn has made here. V8 collects the object that `create()` returns once its last use is behind it, and
 * the process aborts when Dawn's instance goes with it while an adapter or device is still in use.
 */
const held: unknown[] = [];

/** Keeps a thing of Dawn's alive as long as the process. */
function hold<T>(thing: T): T {
  held.push(thing);
  return thing;
}

/** What starts an instance of Dawn, with flags. */
export type CreateDawn = (flags: string[]) => GPU;

async function load(): Promise<CreateDawn> {
  return (await import("npm:webgpu@0.6.2")).create;
}

// Kernels write workgroup memory before they read it: to clear it first costs SwiftShader half a second a kernel.
const features = ["disable_workgroup_init"];
// And they keep to their buffers (wgsl.ts). A driver that computes on the CPU compiles a fifth longer where Dawn looks after each
// index again; on a GPU, where that costs little, it does.
const featuresOfSoftware = [...features, "disable_robustness"];

/** Starts an instance of Dawn for an adapter that is hardware or `software`; it is loaded if it is not given. */
export async function createGpu(software: boolean, create?: CreateDawn): Promise<GPU> {
  paceDawn();
  const enabled = software ? featuresOfSoftware : features;
  return hold((create ?? await load())([`enable-dawn-features=${enabled.join(",")}`]));
}

/** The hardware adapter, or the software one if `software`; null if there is none. */
export async function requestAdapter(gpu: GPU, software: boolean): Promise<GPUAdapter | null> {
  const adapter = await gpu.requestAdapter(
    software ? { forceFallbackAdapter: true } : { powerPreference: "high-performance" },
  );
  if (adapter === null || describeAdapter(adapter).software !== software) return null;
  return hold(adapter);
}

/** Name and kind, from the adapter's information. */
export function describeAdapter(adapter: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const words = [vendor, architecture, device, description].join(" ");
  const model = device.replace(/-+$/, "") || `${vendor} ${architecture}`.trim() || "unnamed adapter";
  return {
    name: description === "" ? model : `${model} (${description})`,
    software: isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(words),
  };
}

/** Opens a device with everything that the adapter can do: all its limits and the features that kernels may use. */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name in Object.getPrototypeOf(adapter.limits)) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") requiredLimits[name] = value;
  }
  const useful: GPUFeatureName[] = ["shader-f16", "subgroups", "timestamp-query"];
  const requiredFeatures = useful.filter((feature) => adapter.features.has(feature));
  return hold(await adapter.requestDevice({ requiredLimits, requiredFeatures }));
}
