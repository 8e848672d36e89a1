/**
 * Runs in a child process: names the adapters and lets one of them copy a few bytes, so that a driver which crashes or
 * hangs does it here. Prints one line of JSON.
 */

import {
  type AdapterFacts,
  type CreateDawn,
  createGpu,
  describeAdapter,
  requestAdapter,
  requestDevice,
} from "./dawn.ts";

/** What it prints: the adapters that work. */
export interface Found {
  hardware: AdapterFacts | null;
  software: AdapterFacts | null;
}

async function copiesBytes(adapter: GPUAdapter): Promise<boolean> {
  const device = await requestDevice(adapter);
  const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, new Uint8Array([1, 2, 3, 4]));
  await buffer.mapAsync(GPUMapMode.READ);
  return new Uint8Array(buffer.getMappedRange())[3] === 4;
}

/** The probe, with Dawn's `create`. */
export async function probe(create: CreateDawn): Promise<void> {
  const gpu = await createGpu(false, create);
  const hardware = await requestAdapter(gpu, false);
  const software = await requestAdapter(gpu, true);
  const first = hardware ?? software;
  if (first !== null && !await copiesBytes(first)) throw new Error("The adapter returned wrong bytes.");
  const found: Found = {
    hardware: hardware === null ? null : describeAdapter(hardware),
    software: software === null ? null : describeAdapter(software),
  };
  console.log(JSON.stringify(found));
}
