/** What the CPU engine promises as an engine: storages, state, odd graphs, failures, memory. */

import { deepStrictEqual as equal, match, notStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { createOnnxEngine } from "../../lib/engine/onnx/engine.ts";
import { PlumblineError } from "../../lib/graph/error.ts";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { agree, compile, engine, input, runOnce, storage } from "./onnx_harness.ts";

const all = (x: Node): number[] => x.shape.map((_, i) => i);

Deno.test("the CPU engine names itself, its version and its threads", async () => {
  const one = await createOnnxEngine({ threads: 1 });
  strictEqual(one.name, "cpu");
  match(one.adapter, /^ONNX Runtime \d+\.\d+\.\d+, 1 thread$/);
});

Deno.test("the CPU engine refuses a number of threads below 1", async () => {
  await rejects(createOnnxEngine({ threads: 0 }), /needs 1 thread or more, not 0/);
});

Deno.test("an input as output, twice, and an unused input work", async () => {
  const x = input([3]);
  const unused = input([2, 2]);
  const y = ops.add(x, x);
  const [a, b, c, d] = await runOnce({ inputs: [x, unused], outputs: [x, y, x, y] }, [[1, 2, 3], [0, 0, 0, 0]]);
  equal([a, c], [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3)]);
  equal([b, d], [Float32Array.of(2, 4, 6), Float32Array.of(2, 4, 6)]);
  notStrictEqual(a, c);
});

Deno.test("results are storages of their own", async () => {
  const x = input([2], "int32");
  const program = await compile([x], [x, x]);
  const given = storage("int32", [4, 5]);
  const [a, b] = await program.run([given]);
  ok(a !== given && a !== b && a!.host !== given.host && a!.host !== b!.host);
  equal([a!.host, b!.host], [Int32Array.of(4, 5), Int32Array.of(4, 5)]);
  program.dispose();
});

Deno.test("a graph without outputs, and one of constants only, run", async () => {
  equal(await runOnce({ inputs: [], outputs: [] }, []), []);
  const outputs = [
    ops.full("float32", [2, 2], 3),
    ops.iota([2, 3], 1),
    ops.full("bool", [], 1),
    ops.full("uint32", [1], 7),
  ];
  equal(await runOnce({ inputs: [], outputs }, []), [
    Float32Array.of(3, 3, 3, 3),
    Int32Array.of(0, 1, 2, 0, 1, 2),
    Uint8Array.of(1),
    Uint32Array.of(7),
  ]);
});

Deno.test("scalars are tensors of rank 0", async () => {
  const [x, y] = [input([]), input([])];
  await agree([x, y], [ops.mul(x, y), ops.expand(x, [2, 3]), ops.reshape(y, [1, 1, 1])]);
});

Deno.test("tensors without elements go in, through and out", async () => {
  const x = input([0, 3]);
  const y = input([2, 3]);
  const nothing = ops.slice(y, [1, 0], [1, 3]);
  const joined = ops.concat([x, y], 0);
  await agree([x, y], [x, ops.add(x, x), ops.sum(x, [0]), ops.sum(x, all(x)), nothing, joined, ops.sum(nothing, [0])]);
  const a = input([2, 0]);
  await agree([a, x, y], [ops.matmul(a, x), ops.matmul(x, ops.permute(y, [1, 0]))]);
});

Deno.test("bool and int32 outputs have their own arrays", async () => {
  const x = input([3]);
  const [positive, whole] = await runOnce({
    inputs: [x],
    outputs: [ops.binary("less", ops.fullLike(x, 0), x), ops.cast(x, "int32")],
  }, [[-1.5, 0, 2.5]]);
  equal([positive, whole], [Uint8Array.of(0, 0, 1), Int32Array.of(-1, 0, 2)]);
});

Deno.test("state alternates between two arrays", async () => {
  const x = input([4]);
  const program = await compile([x], [ops.add(x, ops.fullLike(x, 1))], [[0, 0]]);
  let state = storage("float32", [0, 1, 2, 3]);
  const arrays = new Set<unknown>();
  for (let i = 0; i < 6; i++) {
    arrays.add(state.host);
    state = (await program.run([state]))[0]!;
  }
  equal(state.host, Float32Array.of(6, 7, 8, 9));
  strictEqual(arrays.size, 2);
  program.dispose();
});

Deno.test("a state that was replaced cannot be read, and one that was read before keeps its numbers", async () => {
  const x = input([1]);
  const program = await compile([x], [ops.add(x, x)], [[0, 0]]);
  const first = storage("float32", [1]);
  const read = await first.read();
  const [second] = await program.run([first]);
  const [third] = await program.run([second!]);
  equal([read, await third!.read()], [Float32Array.of(1), Float32Array.of(4)]);
  await rejects(first.read(), /still refers to the value/);
  program.dispose();
});

Deno.test("an index out of range is a sentence with the line of the operation, and the state survives", async () => {
  const x = input([3]);
  const index = input([2], "int32");
  const program = await compile([x, index], [ops.take(x, index, 0)], []);
  const state = storage("float32", [1, 2, 3]);
  await rejects(program.run([state, storage("int32", [0, 3])]), (error: unknown) => {
    ok(error instanceof PlumblineError);
    match(error.message, /take\(\) was given the index 3 outside of its axis, which has 3 entries/);
    match(error.message, /onnx_engine_test\.ts/);
    match(error.message, /look at where the index comes from/);
    return true;
  });
  const [good] = await program.run([state, storage("int32", [2, 0])]);
  equal(good!.host, Float32Array.of(3, 1));
  program.dispose();
});

Deno.test("liveBytes() counts models and spare state, and is 0 after dispose()", async () => {
  const own = await createOnnxEngine();
  const x = input([100]);
  const program = await own.compile({ inputs: [x], outputs: [ops.add(x, x)], donated: new Map([[0, 0]]) });
  const [first] = await program.run([storage("float32", new Array(100).fill(1))]);
  await program.run([first!]);
  equal(own.liveBytes()["spare state"], 400);
  ok(own.liveBytes()["models"]! > 50);
  own.dispose();
  equal(own.liveBytes(), { models: 0, "spare state": 0 });
});

Deno.test("a program that is given back while it runs ends its run first", async () => {
  const own = await createOnnxEngine();
  const x = input([4]);
  const program = await own.compile({ inputs: [x], outputs: [ops.add(x, x)], donated: new Map([[0, 0]]) });
  const running = program.run([storage("float32", [1, 2, 3, 4])]);
  program.dispose();
  ok(own.liveBytes()["models"]! > 0);
  equal((await running)[0]!.host, Float32Array.of(2, 4, 6, 8));
  equal(own.liveBytes(), { models: 0, "spare state": 0 });
  await rejects(program.run([storage("float32", [1, 2, 3, 4])]), /given back/);
});

Deno.test("listing() has one line for every ONNX operation, and repeated ones inside their loop", async () => {
  const x = input([2, 3]);
  const program = await compile([x], [ops.unary("tanh", ops.mul(x, x))]);
  equal(program.listing(), ["v0 = Mul(x0, x0)", "v1 = Tanh(v0)"]);
  program.dispose();
});

Deno.test("thousands of runs do not grow the process", async () => {
  const program = new URL("onnx_growth.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", program] })
    .output();
  const grown = Number(new TextDecoder().decode(stdout));
  ok(stdout.length > 0 && grown < 24 * 2 ** 20, `it grew by ${grown} bytes. ${new TextDecoder().decode(stderr)}`);
});

Deno.test("programs that are disposed give back what they held", () => {
  equal(engine.liveBytes(), { models: 0, "spare state": 0 });
});
