/** Random bits on the CPU engine: drawn on the host where their keys are known there, else in the graph; always the same. */

import { deepStrictEqual as equal, ok, rejects, strictEqual } from "node:assert";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { randomBits, threefry2x32 } from "../../lib/graph/threefry.ts";
import { agree, compile, count, input, storage } from "./onnx_harness.ts";

const hex = (words: readonly number[]): string[] => words.map((x) => x.toString(16));
const row = (bits: Node, i: number): Node => {
  const rest = bits.shape.slice(1);
  return ops.reshape(ops.slice(bits, [i, ...rest.map(() => 0)], [i + 1, ...rest]), rest);
};
const unit = (bits: Node): Node =>
  ops.mul(
    ops.cast(ops.binary("shiftRight", bits, ops.fullLike(bits, 9)), "float32"),
    ops.full("float32", bits.shape, 2 ** -23),
  );
const disguised = (key: Node): Node => ops.binary("bitXor", key, ops.full("uint32", key.shape, 0x9e3779b9));
const isThreefry = (lines: readonly string[]): boolean => count(lines, "BitwiseXor") > 20;

Deno.test("threefry2x32() gives Random123's known answers", () => {
  equal(hex(threefry2x32(0, 0, 0, 0)), ["6b200159", "99ba4efe"]);
  equal(hex(threefry2x32(-1 >>> 0, -1 >>> 0, -1 >>> 0, -1 >>> 0)), ["1cb996fc", "bb002be7"]);
  equal(hex(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)), ["c4923a9c", "483df7a0"]);
});

Deno.test("randomBits() takes both words of counters 0, 1, 2 ...", () => {
  const expected = [0, 1, 2].flatMap((c) => threefry2x32(7, 0xffffffff, c, 0));
  equal([...randomBits(Uint32Array.of(7, 0xffffffff), 5)], expected.slice(0, 5));
  equal(randomBits(Uint32Array.of(7, 8), 0).length, 0);
});

for (const shape of [[], [1], [4, 3], [5], [0, 2]]) {
  Deno.test(`random bits of shape [${shape}] are the same from the host and in the graph`, async () => {
    const key = input([2], "uint32");
    const given = [[0x12345678, 0xfedcba98]];
    const host = await agree([key], [ops.randomBits(key, shape)], given);
    ok(host.every((line) => line.startsWith("host ")), host.join("\n"));
    const graph = await agree([key], [ops.randomBits(disguised(key), shape)], given);
    strictEqual(isThreefry(graph), !shape.includes(0));
  });
}

Deno.test("keys are moved, split and chosen on the host", async () => {
  const [key, index] = [input([2], "uint32"), input([3], "int32")];
  const keys = ops.randomBits(key, [4, 2]);
  const chosen = ops.take(keys, index, 0);
  const turned = ops.permute(ops.concat([chosen, ops.slice(keys, [0, 0], [4, 2], [2, 1])], 0), [1, 0]);
  const child = ops.randomBits(row(keys, 3), [6]);
  const outputs = [chosen, turned, child, ops.expand(ops.reshape(child, [6, 1]), [6, 2]), unit(child)];
  const lines = await agree([key, index], outputs, [[1, 2], [3, -4, -1]]);
  ok(!isThreefry(lines), lines.join("\n"));
});

Deno.test("an index of a key that is out of range is a sentence", async () => {
  const [key, index] = [input([2], "uint32"), input([1], "int32")];
  const program = await compile([key, index], [ops.take(ops.randomBits(key, [4, 2]), index, 0)]);
  await rejects(
    program.run([storage("uint32", [1, 2]), storage("int32", [4])]),
    /take\(\) was given the index 4 outside of its axis, which has 4 entries/,
  );
  program.dispose();
});

Deno.test("a key that is state moves on from run to run", async () => {
  const key = input([2], "uint32");
  const keys = ops.randomBits(key, [2, 2]);
  const program = await compile([key], [row(keys, 0), unit(ops.randomBits(row(keys, 1), [3]))], [[0, 0]]);
  let state = storage("uint32", [0, 1]);
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    const [next, drawn] = await program.run([state]);
    seen.push(...drawn!.host!);
    state = next!;
  }
  let expected = Uint32Array.of(0, 1);
  const drawn: number[] = [];
  for (let i = 0; i < 3; i++) {
    const words = randomBits(expected, 4);
    drawn.push(...Array.from(randomBits(words.subarray(2), 3), (x) => (x >>> 9) * 2 ** -23));
    expected = words.slice(0, 2);
  }
  equal(seen, drawn);
  program.dispose();
});

Deno.test("a loop with keys as xs receives its bits from the host", async () => {
  const [key, h] = [input([2], "uint32"), input([3])];
  const { carries, ys } = makeScan({
    init: [h],
    xs: [ops.randomBits(key, [5, 2])],
    length: 5,
    reverse: true,
    step: ([h], [key]) => {
      const keys = ops.randomBits(key!, [2, 2]);
      const noise = unit(ops.randomBits(row(keys, 1), [3]));
      return { carries: [ops.unary("tanh", ops.add(h!, noise))], ys: [noise, row(keys, 0)] };
    },
  });
  const lines = await agree([key, h], [...carries, ...ys], [[3, 4]]);
  ok(!isThreefry(lines), lines.join("\n"));
});

Deno.test("a loop that carries its key receives its bits from the host, final key and history included", async () => {
  const [key, h] = [input([2], "uint32"), input([3])];
  const { carries, ys, history } = makeScan({
    init: [h, key],
    xs: [],
    length: 4,
    reverse: false,
    step: ([h, key]) => {
      const keys = ops.randomBits(key!, [2, 2]);
      const noise = unit(ops.randomBits(row(keys, 1), [3]));
      return { carries: [ops.unary("tanh", ops.add(h!, noise)), row(keys, 0)], ys: [noise] };
    },
  });
  const lines = await agree([key, h], [...carries, ...ys, ...history], [[3, 4]]);
  ok(!isThreefry(lines), lines.join("\n"));
});

Deno.test("a loop whose key depends on what the host cannot know draws in the graph", async () => {
  const [key, h] = [input([2], "uint32"), input([3])];
  const { carries, ys, history } = makeScan({
    init: [h, disguised(key)],
    xs: [],
    length: 4,
    reverse: false,
    step: ([h, key]) => {
      const keys = ops.randomBits(key!, [2, 2]);
      const noise = unit(ops.randomBits(row(keys, 1), [3]));
      return { carries: [ops.unary("tanh", ops.add(h!, noise)), row(keys, 0)], ys: [noise] };
    },
  });
  const lines = await agree([key, h], [...carries, ...ys, ...history], [[3, 4]]);
  ok(isThreefry(lines));
});

Deno.test("a carried key that a condition of the loop may hold back is drawn from in the graph", async () => {
  const [key, h] = [input([2], "uint32"), input([])];
  const { carries } = makeScan({
    init: [h, key],
    xs: [],
    length: 4,
    reverse: false,
    step: ([h, key]) => {
      const keys = ops.randomBits(key!, [2, 2]);
      const stays = ops.expand(ops.binary("less", h!, ops.full("float32", [], 0.5)), [2]);
      const noise = unit(ops.randomBits(row(keys, 1), []));
      return { carries: [ops.add(h!, noise), ops.where(stays, key!, row(keys, 0))], ys: [] };
    },
  });
  const lines = await agree([key, h], [...carries], [[3, 4], [-0.6]]);
  ok(isThreefry(lines));
});
