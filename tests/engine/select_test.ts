/** The choice of the engine: a driver that fails costs a sentence, not the run. */

import assert from "node:assert/strict";
import { deviceNotice, type Probe, probeAdapters, tensor, useDevice } from "../../mod.ts";
import { onAdapter } from "../engines.ts";

const nothing: Probe = { hardware: null, software: null, problem: null };

/** A driver that prints a line and dies, in place of the machine's own. */
const crashing = [
  Deno.execPath(),
  "eval",
  "--quiet",
  "console.error('libcard.so: bad handle'); Deno.kill(Deno.pid, 'SIGABRT'); while (true);",
];

// First in this file: nothing has chosen an engine yet.
Deno.test({
  name: "a device that cannot be had is refused once: what is computed after that is computed",
  fn: async () => {
    const none = { ...nothing, problem: "The driver is away." };
    await assert.rejects(() => useDevice("webgpu", none), /The driver is away/);
    await assert.rejects(() => useDevice("cuda" as "cpu"), /no device cuda; the devices are auto, cpu, webgpu/);
    assert.equal(await tensor([1]).add(1).item(), 2);
    assert.equal(await useDevice("cpu"), await useDevice("cpu"), "an engine is opened once");
  },
  sanitizeOps: false,
  sanitizeResources: false,
});

Deno.test({
  name: "a driver that crashes while it lists its adapters costs a sentence: auto computes on the CPU",
  fn: async () => {
    const engine = await useDevice("auto", await probeAdapters(60_000, crashing));
    assert.equal(engine.name, "cpu");
    assert.match(deviceNotice()!, /driver crashed .*SIGABRT.*libcard\.so: bad handle/);
    assert.equal(await tensor([1, 2]).sum().item(), 3);
    assert.equal((await useDevice("auto", nothing)).name, "cpu");
    assert.equal(deviceNotice(), null, "a machine without a GPU is no problem");
  },
  sanitizeOps: false,
  sanitizeResources: false,
});

onAdapter("the engine of a device is opened once", async () => {
  const engine = await useDevice("webgpu");
  await useDevice("cpu");
  assert.equal(await useDevice("webgpu"), engine);
  await useDevice("cpu");
});

Deno.test({
  name: "a probed card that cannot be opened is named, and the CPU computes",
  fn: async () => {
    const engine = await useDevice("auto", { ...nothing, hardware: { name: "a card of yesterday", software: false } });
    const isThere = engine.name === "webgpu"; // A machine with a real GPU opens that one.
    const named = /a card of yesterday could not be used: .* was found by a probe but could not be opened/;
    assert.ok(isThere || named.test(deviceNotice()!), String(deviceNotice()));
  },
  sanitizeOps: false,
  sanitizeResources: false,
});
