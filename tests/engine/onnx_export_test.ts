/** Exported files run in a plain ONNX Runtime session. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import { InferenceSession, Tensor } from "../../lib/engine/onnx/runtime.ts";
import { exportOnnx as exportFunction, tensor, Variable, zeros } from "../../mod.ts";
import { exportOnnx } from "../../lib/engine/onnx/export.ts";
import { constant, type Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { aval } from "../../lib/graph/types.ts";
import { onEngine } from "../engines.ts";
import { interpret } from "../oracle.ts";
import { input, storage } from "./onnx_harness.ts";

const weight = constant(aval("float32", [2, 3]), storage("float32", [1, 2, 3, 4, 5, 6]));

function graph(inputs: readonly Node[], outputs: readonly Node[]) {
  return { inputs, outputs, donated: new Map<number, number>() };
}

async function run(
  model: Uint8Array,
  feeds: Record<string, Tensor>,
): Promise<Record<string, { shape: readonly number[]; data: number[] }>> {
  const session = await InferenceSession.create(model);
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, x]) => [name, { shape: x.dims, data: Array.from(x.data as Float32Array) }]),
  );
}

Deno.test("exportOnnx() writes a file that ONNX Runtime runs, with known leaves inside", async () => {
  const x = input([4, 2]);
  const model = exportOnnx(graph([x], [ops.matmul(x, weight), x]), {
    inputs: ["observation"],
    outputs: ["action", "echo"],
  });
  const results = await run(model, { observation: new Tensor("float32", [1, 0, 0, 1, 1, 1, 2, 0], [4, 2]) });
  equal(results["action"], { shape: [4, 3], data: [1, 2, 3, 4, 5, 6, 5, 7, 9, 2, 4, 6] });
  equal(results["echo"], { shape: [4, 2], data: [1, 0, 0, 1, 1, 1, 2, 0] });
});

Deno.test("exportOnnx() keeps names that look like its own", async () => {
  const [x, y] = [input([1]), input([1])];
  const sum = ops.unary("neg", ops.add(x, y));
  const names = { inputs: ["v0", "c1"], outputs: ["v1", "v2"] };
  const results = await run(exportOnnx(graph([x, y], [sum, sum]), names), {
    v0: new Tensor("float32", [1], [1]),
    c1: new Tensor("float32", [2], [1]),
  });
  equal(results, { v1: { shape: [1], data: [-3] }, v2: { shape: [1], data: [-3] } });
});

Deno.test("exportOnnx() writes loops and random bits into the file", async () => {
  const [key, h] = [input([2], "uint32"), input([2])];
  const { carries, ys } = makeScan({
    init: [h],
    xs: [ops.randomBits(key, [3, 2])],
    length: 3,
    reverse: false,
    step: ([h], [key]) => {
      const bits = ops.cast(ops.binary("shiftRight", ops.randomBits(key!, [2]), ops.full("uint32", [2], 9)), "float32");
      const next = ops.add(h!, ops.mul(bits, ops.full("float32", [2], 2 ** -23)));
      return { carries: [next], ys: [next] };
    },
  });
  const outputs = [carries[0]!, ys[0]!];
  const expected = interpret({ inputs: [key, h], outputs }, [[1, 2], [0, 0]]);
  const results = await run(exportOnnx(graph([key, h], outputs), { inputs: ["key", "h"], outputs: ["last", "all"] }), {
    key: new Tensor("uint32", Uint32Array.of(1, 2), [2]),
    h: new Tensor("float32", [0, 0], [2]),
  });
  for (const [i, name] of ["last", "all"].entries()) {
    results[name]!.data.forEach((a, k) => ok(Math.abs(a - expected[i]![k]!) < 1e-6));
  }
});

Deno.test("exportOnnx() refuses names that do not fit, and leaves that are neither inputs nor known", () => {
  const [x, y] = [input([1]), input([1])];
  const sum = ops.add(x, y);
  throws(() => exportOnnx(graph([x, y], [sum]), { inputs: ["x"], outputs: ["z"] }), /2 inputs, but 1 names/);
  throws(() => exportOnnx(graph([x, y], [sum]), { inputs: ["x", "y"], outputs: [] }), /1 outputs, but 0 names/);
  throws(() => exportOnnx(graph([x, y], [sum]), { inputs: ["x", "y"], outputs: ["x"] }), /"x" is given to two/);
  throws(() => exportOnnx(graph([x], [sum]), { inputs: ["x"], outputs: ["z"] }), /not among its inputs/);
});

onEngine("cpu", "a variable that is assigned while a function is exported keeps its value", async () => {
  const count = new Variable(tensor([1, 2]), "count");
  const model = await exportFunction((x) => (count.assign(count.add(x)), { y: count.mul(2) }), { x: zeros([2]) });
  equal(await count.toList(), [1, 2]);
  equal((await run(model, { x: new Tensor("float32", [10, 20], [2]) }))["y"], { shape: [2], data: [22, 44] });
});
