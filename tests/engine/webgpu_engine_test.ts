/** Runs on a device: one submit, state that stays there, memory that does not grow, faults that are told. */

import assert from "node:assert/strict";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import type { Storage } from "../../lib/graph/storage.ts";
import { onAdapter } from "../engines.ts";
import { compile, evaluate, input, openCounted, sharedEngine, storage } from "./webgpu_harness.ts";

const scalar = (x: Node, value: number): Node => ops.fullLike(x, value);
const total = (bytes: Record<string, number>): number => Object.values(bytes).reduce((a, b) => a + b, 0);

/** How often a method of a device is called from now on. */
function countCalls(device: GPUDevice, name: "createBindGroup"): () => number {
  const call = device[name].bind(device);
  let count = 0;
  device[name] = (descriptor) => (count++, call(descriptor));
  return () => count;
}

onAdapter("a run is one submit, whatever the graph", async () => {
  const { engine, submits } = await openCounted();
  const [x, w, xs] = [input([64, 32]), input([32, 32]), input([20, 64, 32])];
  const { carries, ys } = makeScan({
    init: [x],
    xs: [xs],
    length: 20,
    reverse: false,
    step: ([h], [u]) => {
      const next = ops.unary("tanh", ops.add(ops.matmul(h!, ops.unary("sin", w)), u!));
      return { carries: [next], ys: [ops.sum(next, [1])] };
    },
  });
  const program = await compile(engine, [x, w, xs], [carries[0]!, ys[0]!, ops.cumsum(carries[0]!, 0)]);
  const feeds = [2048, 1024, 40960].map((n) => storage("float32", new Float32Array(n).fill(0.01)));
  for (let i = 0; i < 3; i++) {
    const before = submits();
    await program.run(feeds);
    assert.equal(submits() - before, 1);
  }
});

onAdapter("results that are asked for together are read with one more submit", async () => {
  const { engine, submits } = await openCounted();
  const x = input([4]);
  const program = await compile(engine, [x], [ops.neg(x), ops.sum(x, [0]), ops.unary("exp", x)]);
  const results = await program.run([storage("float32", [1, 2, 3, 4])]);
  const before = submits();
  const values = await Promise.all(results.map((r) => r.read()));
  assert.equal(submits() - before, 1);
  assert.deepEqual([...values[0]!], [-1, -2, -3, -4]);
  assert.deepEqual([...values[1]!], [10]);
});

onAdapter("donated state goes back and forth between two buffers and stays right for many runs", async () => {
  const { engine, device } = await openCounted();
  let buffers = 0;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    if (descriptor.size >= 4000) buffers++;
    return create(descriptor);
  };
  const [state, step] = [input([1000]), input([])];
  const next = ops.add(ops.mul(state, scalar(state, 0.5)), ops.expand(ops.reshape(step, [1]), [1000]));
  const program = await compile(engine, [state, step], [next, ops.sum(next, [0])], new Map([[0, 0]]));
  let current: Storage = storage("float32", new Float32Array(1000));
  let expected = 0;
  for (let i = 0; i < 300; i++) {
    const old = current;
    const [after, sum] = await program.run([current, storage("float32", [i % 7])]);
    current = after!;
    expected = Math.fround(Math.fround(expected * 0.5) + i % 7);
    if (i % 50 === 0) assert.ok(Math.abs((await sum!.read())[0]! / (1000 * expected || 1) - (expected ? 1 : 0)) < 1e-5);
    if (i > 0) assert.throws(() => old.host, /G202/);
    assert.equal(engine.liveBytes()["state"], 4096);
  }
  assert.equal(buffers, 2);
  assert.equal((await current.read())[999], expected);
});

onAdapter("thousands of runs whose results and inputs nobody frees hold the bytes of 130 at most", async () => {
  const { engine } = await openCounted();
  const x = input([500]);
  const program = await compile(engine, [x], [ops.unary("tanh", x), ops.sum(x, [0])]);
  const perRun = 2048 + 2048 + 256;
  let most = 0;
  for (let i = 0; i < 2500; i++) {
    const [, sum] = await program.run([storage("float32", new Float32Array(500).fill(i))]);
    if (i % 100 === 0) assert.equal((await sum!.read())[0], 500 * i);
    most = Math.max(most, total(engine.liveBytes()));
  }
  assert.ok(most <= 131 * perRun, `${most} bytes are ${most / perRun} runs' worth`);
});

onAdapter("a result that has been idle for long is in host memory and can still be used", async () => {
  const { engine } = await openCounted();
  const x = input([300]);
  const program = await compile(engine, [x], [ops.add(x, scalar(x, 1))]);
  const [kept] = await program.run([storage("float32", new Float32Array(300).fill(41))]);
  let current = storage("float32", new Float32Array(300));
  for (let i = 0; i < 200; i++) [current] = await program.run([current]) as [Storage];
  assert.equal(kept!.device, null);
  assert.equal((await kept!.read())[7], 42);
  const [again] = await program.run([kept!]);
  assert.equal((await again!.read())[7], 43);
  assert.equal((await current.read())[0], 200);
});

onAdapter("a single number that has been read holds no device memory", async () => {
  const { engine } = await openCounted();
  const x = input([100]);
  const program = await compile(engine, [x], [ops.sum(x, [0])]);
  const [sum] = await program.run([storage("float32", new Float32Array(100).fill(2))]);
  assert.equal((await sum!.read())[0], 200);
  assert.equal(engine.liveBytes()["outputs"], 0);
  const doubled = input([1]);
  const twice = await compile(engine, [doubled], [ops.add(doubled, doubled)]);
  const [result] = await twice.run([sum!]);
  assert.equal((await result!.read())[0], 400);
});

onAdapter("outputs may be inputs, repeat, be constants or empty; results are storages of their own", async () => {
  const { engine } = await sharedEngine();
  const [x, none] = [input([3]), input([0, 4])];
  const y = ops.neg(x);
  const three = ops.full("int32", [2], 3);
  const sum = ops.sum(none, [0]);
  const outputs = [
    x,
    y,
    y,
    x,
    three,
    ops.iota([4], 0),
    none,
    sum,
    ops.concat([none, ops.full("float32", [1, 4], 5)], 0),
  ];
  const values = await evaluate(engine, [x, none], outputs, [[1, 2, 3], []]);
  assert.deepEqual(values.map((v) => [...v]), [
    [1, 2, 3],
    [-1, -2, -3],
    [-1, -2, -3],
    [1, 2, 3],
    [3, 3],
    [0, 1, 2, 3],
    [],
    [0, 0, 0, 0],
    [5, 5, 5, 5],
  ]);
});

onAdapter("one storage may be several inputs", async () => {
  const { engine } = await sharedEngine();
  const [a, b] = [input([3]), input([3])];
  const program = await compile(engine, [a, b], [ops.mul(a, b)]);
  const same = storage("float32", [1, 2, 3]);
  assert.deepEqual([...await (await program.run([same, same]))[0]!.read()], [1, 4, 9]);
});

onAdapter("programs that run in turn share the arena", async () => {
  const { engine } = await openCounted();
  const sizes = [64, 96, 32];
  const feeds = sizes.map((n) => storage("float32", new Float32Array(n * n).fill(1 / n)));
  const programs = await Promise.all(sizes.map((n) => {
    const x = input([n, n]);
    return compile(engine, [x], [ops.matmul(ops.matmul(x, x), x)]);
  }));
  for (let round = 0; round < 3; round++) {
    for (const [i, program] of programs.entries()) {
      const [result] = await program.run([feeds[i]!]);
      const n = sizes[i]!;
      (await result!.read()).forEach((v) => assert.ok(Math.abs(v * n - 1) < 1e-5));
    }
  }
  assert.equal(engine.liveBytes()["arena"], 96 * 96 * 4);
});

onAdapter("a wrong number, size or dtype of inputs is refused with a sentence", async () => {
  const { engine } = await sharedEngine();
  const x = input([3]);
  const program = await compile(engine, [x], [ops.neg(x)]);
  await assert.rejects(program.run([]), /takes 1 values but got 0/);
  await assert.rejects(program.run([storage("float32", [1, 2])]), /is float32 \[3\], but it got 2 numbers of float32/);
  await assert.rejects(program.run([storage("int32", [1, 2, 3])]), /it got 3 numbers of int32/);
});

onAdapter("a tensor beyond the adapter's limits is refused with a sentence", async () => {
  const { engine } = await sharedEngine();
  const x = input([2 ** 16, 2 ** 15]);
  await assert.rejects(compile(engine, [x], [ops.neg(x)]), /needs 8589934592 bytes on the GPU.*smaller batches/);
});

onAdapter("what the device refuses is thrown by the run, not returned as zeros", async () => {
  const { engine, device } = await openCounted();
  const x = input([3]);
  const program = await compile(engine, [x], [ops.neg(x)]);
  const create = device.createBindGroup.bind(device);
  device.createBindGroup = (descriptor) => create({ ...descriptor, entries: [] });
  await assert.rejects(program.run([storage("float32", [1, 2, 3])]), /The GPU refused a command: /);
  device.createBindGroup = create;
  const [result] = await (await compile(engine, [x], [ops.neg(x)])).run([storage("float32", [1, 2, 3])]);
  assert.deepEqual([...await result!.read()], [-1, -2, -3]);
});

onAdapter("a lost device is told by the next run and by the next read", async () => {
  const { engine, device } = await openCounted();
  const x = input([3]);
  const program = await compile(engine, [x], [ops.neg(x)]);
  const feed = storage("float32", [1, 2, 3]);
  const [result] = await program.run([feed]);
  device.destroy();
  await device.lost;
  await assert.rejects(program.run([feed]), /The GPU device was lost/);
  await assert.rejects(result!.read(), /The GPU device was lost/);
});

onAdapter("a disposed engine holds nothing", async () => {
  const { engine } = await openCounted();
  const x = input([64, 64]);
  const program = await compile(engine, [x], [ops.matmul(ops.matmul(x, x), x)]);
  const [result] = await program.run([storage("float32", new Float32Array(4096))]);
  await result!.read();
  program.dispose();
  engine.dispose();
  assert.equal(total(engine.liveBytes()), 0);
});

onAdapter("runs that are waited for without the event loop give the same, in one submit", async () => {
  const { engine, device, submits } = await openCounted();
  const [x, n, truth] = [input([3]), input([3], "int32"), input([3], "bool")];
  const next = ops.where(truth, ops.add(x, ops.cast(n, "float32")), x);
  const outputs = [next, ops.add(n, n), ops.binary("less", x, next), ops.fullLike(x, 7)];
  const program = engine.compileNow!({ inputs: [x, n, truth], outputs, donated: new Map() })!;
  const given = [storage("float32", [0.5, 1, 2]), storage("int32", [1, -2, 3]), storage("bool", [1, 0, 1])];
  const groups = countCalls(device, "createBindGroup");
  for (let batch = 0; batch < 3; batch++) {
    const before = [submits(), groups()];
    let values = given;
    const all = Array.from({ length: 5 }, () => values = program.runNow!(values.slice(0, 3))!);
    assert.equal(all[0]![0]!.hostIfAny, null);
    assert.ok(engine.finishNow!());
    assert.equal(submits() - before[0]!, 1);
    // The same buffers in the same order: no bind group is new.
    if (batch > 0) assert.equal(groups() - before[1]!, 0);
    values = given;
    const waited = await engine.compile({ inputs: [x, n, truth], outputs, donated: new Map() });
    for (const results of batch === 2 ? all : []) {
      values = await waited.run(values.slice(0, 3));
      for (const [i, result] of results.entries()) assert.deepEqual(result.hostIfAny, await values[i]!.read());
    }
  }
  assert.equal(engine.liveBytes()["loops"], 0);
});

onAdapter("runs that the device refuses, or with an index outside, are not taken for done", async () => {
  const { engine, device } = await openCounted();
  const [x, index] = [input([4]), input([2], "int32")];
  const graph = { inputs: [x, index], outputs: [ops.take(x, index, 0)], donated: new Map(), refusesOutside: true };
  const program = engine.compileNow!(graph)!;
  const run = (...indices: number[]) => program.runNow!([storage("float32", [1, 2, 3, 4]), storage("int32", indices)])!;
  const [good, bad] = [run(1, 3), run(1, 4)];
  assert.ok(engine.finishNow!());
  assert.deepEqual([program.refuses!(good), program.refuses!(bad)], [false, true]);
  assert.deepEqual([...good[0]!.hostIfAny!], [2, 4]);
  // What such a device computes is nothing: the numbers of the batch before lie where those of this one should.
  const { queue } = device;
  const submit = queue.submit;
  queue.submit = () => {};
  const lost = run(1, 3);
  assert.ok(!engine.finishNow!());
  assert.equal(lost[0]!.hostIfAny, null);
  queue.submit = submit;
  const again = engine.compileNow!(graph)!.runNow!([storage("float32", [1, 2, 3, 4]), storage("int32", [0, 0])])!;
  assert.ok(engine.finishNow!());
  assert.deepEqual([...again[0]!.hostIfAny!], [1, 1]);
  device.destroy();
  await device.lost;
  assert.equal(run(1, 3), null);
});
