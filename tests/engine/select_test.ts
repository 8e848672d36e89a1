/** The choice of the engine: a driver that fails costs a sentence, not the run. */

import assert from "node:assert/strict";
import { deviceNotice, type Probe, probeAdapters, tensor, useDevice } from "../../mod.ts";
import { onAdapter, patientProbe } from "../engines.ts";

const nothing: Probe = { hardware: null, software: null, problem: null };

/** A driver that prints a line and dies, in place of the machine's own. */
const crashing = [
  Deno.execPath(),
  "eval",
  "--quiet",
  "console.error('libcard.so: bad handle'); Deno.kill(Deno.pid, 'SIGABRT'); while (true);",
];

Deno.test("a device that cannot be had is refused once: what is computed after that is computed", async () => {
  const program = new URL("./refused_device.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", program], stderr: "inherit" });
  assert.deepEqual(JSON.parse(new TextDecoder().decode((await command.output()).stdout)), {
    refusals: ["The driver is away.", "there is no device cuda; the devices are auto, cpu, webgpu."],
    value: 2,
    isOpenedOnce: true,
  });
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
  const probe = await patientProbe();
  const engine = await useDevice("webgpu", probe);
  await useDevice("cpu");
  assert.equal(await useDevice("webgpu", probe), engine);
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
