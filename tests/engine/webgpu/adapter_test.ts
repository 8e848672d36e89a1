/** Adapters are probed where a bad driver cannot hurt, opened with all they can do, and waited for without stalls. */

import assert from "node:assert/strict";
import { openDevice, probeAdapters } from "../../../lib/engine/webgpu/adapter.ts";
import { onAdapter, patientProbe } from "../../engines.ts";
import { runCells } from "../../run_cells.ts";

/** A command that runs `code` in a child process, in place of the real probe. */
const fake = (code: string): string[] => [Deno.execPath(), "eval", "--quiet", code];
const seconds = 1000;

Deno.test("probeAdapters() survives a driver that crashes and says what it printed", async () => {
  const probe = await probeAdapters(
    60 * seconds,
    fake("console.error('driver: bad handle'); Deno.kill(Deno.pid, 'SIGABRT'); while (true);"),
  );
  assert.equal(probe.hardware, null);
  assert.equal(probe.software, null);
  assert.match(probe.problem!, /crashed .*SIGABRT.*driver: bad handle/);
});

Deno.test("probeAdapters() names the exit code of a probe that fails", async () => {
  assert.match((await probeAdapters(60 * seconds, fake("Deno.exit(7)"))).problem!, /exit code 7/);
});

Deno.test("probeAdapters() stops a driver that hangs", async () => {
  const hang = "console.log('begun'); while (true);";
  const probe = await probeAdapters(300, fake(hang));
  assert.match(probe.problem!, /did not answer within 0.3 s/);
});

Deno.test("probeAdapters() says so when the probe cannot be started or gives no answer", async () => {
  assert.match((await probeAdapters(seconds, ["/no/such/program"])).problem!, /could not be probed: .*no.such.program/);
  assert.match((await probeAdapters(60 * seconds, fake("console.log('hello')"))).problem!, /no answer/);
  const cut = fake(`console.log('{"hardware":{"name":"a ca')`);
  assert.match((await probeAdapters(60 * seconds, cut)).problem!, /no answer that can be read/);
});

Deno.test("probeAdapters() finds the answer among what a driver prints", async () => {
  const answer = `{"hardware":{"name":"a card","software":false},"software":null}`;
  const probe = await probeAdapters(60 * seconds, fake(`console.log('WARNING: {x}\\n' + '${answer}' + '\\nbye')`));
  assert.deepEqual(probe, { hardware: { name: "a card", software: false }, software: null, problem: null });
});

onAdapter("openDevice() opens what the probe found, with the limits of the adapter", async () => {
  const probe = await patientProbe();
  const { hardware, software } = probe;
  const opened = await openDevice({ software: true, probe });
  assert.deepEqual({ name: opened.name, software: opened.software }, hardware ?? software);
  assert.ok(opened.device.limits.maxStorageBuffersPerShaderStage > 8, "the default limit of 8 was raised");
});

onAdapter("openDevice() takes a software adapter only when it is asked for", async () => {
  const probe = await patientProbe();
  if (probe.hardware !== null) {
    assert.equal((await openDevice({ software: false, probe })).software, false);
  } else {
    await assert.rejects(openDevice({ software: false, probe }), /only the software adapter .* when it is asked for/);
  }
});

onAdapter("openDevice() works in the Jupyter kernel", async () => {
  const { problems, cells } = await runCells([{
    source: `const { openDevice, probeAdapters } = await import(${
      JSON.stringify(import.meta.resolve("../../../lib/engine/webgpu/adapter.ts"))
    });
      const { device } = await openDevice({ software: true, probe: await probeAdapters(60_000) });
      const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      device.queue.writeBuffer(buffer, 0, new Uint8Array([7, 0, 0, 0]));
      await buffer.mapAsync(GPUMapMode.READ);
      new Uint8Array(buffer.getMappedRange())[0]`,
  }]);
  assert.deepEqual(problems, []);
  assert.deepEqual(cells[0].outputs[0].data, { "text/plain": ["7"] });
});

onAdapter("a long await lets Dawn poll seldom, and other users of setImmediate are left alone", async () => {
  const { device } = await openDevice({ software: true, probe: await patientProbe() });
  const paced = globalThis.setImmediate;
  let [polls, ticks] = [0, 0];
  globalThis.setImmediate = ((...args: Parameters<typeof setImmediate>) => {
    polls += 1;
    return paced(...args);
  }) as typeof setImmediate;
  const timer = setInterval(() => ticks += 1, 0);
  try {
    await longWork(device);
  } finally {
    clearInterval(timer);
    globalThis.setImmediate = paced;
  }
  // Few at first, then one a timer; not paced, there are about a hundred a timer.
  assert.ok(polls < 100 + 2 * ticks, `${polls} polls while a timer ran ${ticks} times`);
  assert.equal(await new Promise((resolve) => setImmediate(resolve, 5)), 5);
});

/** About half a second of computing on a software adapter. */
async function longWork(device: GPUDevice): Promise<void> {
  const code = `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      for (var i = 0; i < 20000; i++) { x[id.x] = sin(x[id.x]) + 1; }
    }`;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const buffer = device.createBuffer({ size: 4 * 4096, usage: GPUBufferUsage.STORAGE });
  const entries = [{ binding: 0, resource: { buffer } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(64);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}
