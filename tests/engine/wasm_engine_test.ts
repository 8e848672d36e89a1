/** Graphs as WebAssembly, alone: values against the oracle, what is refused, what is given back, and who gets which graph. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import type { Engine, Executable, Graph } from "../../lib/engine/engine.ts";
import { RunError } from "../../lib/engine/run_error.ts";
import { Heap } from "../../lib/engine/wasm/heap.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { randomBits } from "../../lib/graph/threefry.ts";
import { allocate, aval, describe, type DType, type Shape, sizeOf, type TypedArray } from "../../lib/graph/types.ts";
import { randomGraph } from "../ops/random_graph.ts";
import { interpret } from "../oracle.ts";
import { Random } from "../random.ts";

const wasm: Engine = await createCpuEngine({ lowering: "wasm" });
const best: Engine = await createCpuEngine();

function input(shape: Shape, dtype: DType = "float32"): Node {
  return placeholder(aval(dtype, shape));
}

function storage(dtype: DType, numbers: ArrayLike<number>): Storage {
  const array = allocate(dtype, numbers.length);
  array.set(numbers);
  return new Storage(dtype, array.length, array);
}

function compile(inputs: readonly Node[], outputs: readonly Node[], engine = wasm, more: Partial<Graph> = {}) {
  return engine.compile({ inputs, outputs, donated: new Map(), ...more });
}

async function runOn(program: Executable, inputs: readonly Node[], feeds: readonly ArrayLike<number>[]) {
  const results = await program.run(inputs.map((x, i) => storage(x.dtype, feeds[i]!)));
  return await Promise.all(results.map((x) => x.read()));
}

/** Checks values against the oracle's, and that it was WebAssembly that computed them. */
async function agree(inputs: readonly Node[], outputs: readonly Node[], feeds: readonly ArrayLike<number>[]) {
  const expected = interpret({ inputs, outputs }, feeds);
  const program = await compile(inputs, outputs);
  try {
    ok(program.listing().every((x) => /^\s*(wasm|loop) /.test(x)), program.listing().join("\n"));
    const actual = await runOn(program, inputs, feeds);
    outputs.forEach((node, i) => assertNear(node, actual[i]!, expected[i]!));
  } finally {
    program.dispose();
  }
}

function assertNear(node: Node, actual: TypedArray, expected: ArrayLike<number>): void {
  equal(actual.length, expected.length);
  actual.forEach((a, k) => {
    const e = expected[k]!;
    const near = Object.is(a, e) || a === e ||
      (node.dtype === "float32" && Math.abs(a - e) <= 1e-4 * (1 + Math.abs(e)));
    ok(near, `element ${k} of ${node.op} ${describe(node)} is ${a}, not ${e}.`);
  });
}

const floats = (x: Node, seed = 1): number[] => new Random(seed).floats(sizeOf(x.shape));

for (let first = 0; first < 200; first += 50) {
  Deno.test(`the random graphs of seeds ${first} to ${first + 49} have the oracle's values as WebAssembly`, async () => {
    for (let seed = first; seed < first + 50; seed++) {
      const { inputs, feeds, outputs } = randomGraph(seed, 12);
      await agree(inputs, simplify(outputs), feeds);
    }
  });
}

for (const size of [1, 2, 3, 4, 5, 7, 8, 63, 64, 65]) {
  Deno.test(`a value of ${size} numbers is computed whole, and nothing beside it`, async () => {
    const [x, y] = [input([size]), input([size])];
    const sum = ops.add(x, y);
    await agree([x, y], [sum, ops.unary("tanh", sum), ops.sum(sum, [0]), ops.max(sum, [0])], [floats(x), floats(y, 2)]);
  });
}

for (const size of [1, 4, 6, 8, 15, 16, 17, 30, 31, 33, 64, 100]) {
  Deno.test(`a long chain of operations on ${size} numbers, some vectors of which are computed abreast, is right`, async () => {
    const [x, bias] = [input([size]), input([size])];
    const number = (value: number): Node => ops.full("float32", [size], value);
    let [y, other]: [Node, Node] = [x, bias];
    for (let i = 0; i < 25; i++) {
      y = ops.binary("maximum", ops.add(ops.mul(y, x), bias), number(-0.25));
      if (i % 10 === 0) other = ops.binary("minimum", ops.unary("sin", ops.add(y, other)), number(0.75));
    }
    await agree([x, bias], [y, ops.add(y, other)], [floats(x).map((n) => n / 3), floats(bias, 2)]);
  });
}

for (const width of [1, 2, 3, 4, 6, 7, 12, 17]) {
  Deno.test(`rows of ${width} numbers are broadcast, joined, cut, turned and reduced`, async () => {
    const [x, column, row] = [input([13, width]), input([13, 1]), input([1, width])];
    const all = ops.add(ops.mul(x, ops.expand(column, x.shape)), ops.expand(row, x.shape));
    const joined = ops.concat([all, column, x], 1);
    const turned = ops.permute(joined, [1, 0]);
    const outputs = [
      joined,
      ops.flip(turned, [0]),
      ops.pad(all, [1, 2], [0, 3], 7),
      ops.slice(joined, [1, 0], [12, 2 * width], [2, 2]),
      ops.sum(joined, [0]),
      ops.sum(joined, [1]),
      ops.argmax(joined, 1),
      ops.argmax(joined, 0),
      ops.cumsum(joined, 1, true),
      ops.cumsum(joined, 0, false),
    ];
    await agree([x, column, row], outputs, [x, column, row].map((node, i) => floats(node, i)));
  });
}

for (const [m, k, n] of [[1, 64, 64], [5, 7, 9], [16, 33, 4], [33, 9, 17], [8, 1, 8]] as const) {
  Deno.test(`products of [${m}, ${k}] by [${k}, ${n}] are right, however the factors lie`, async () => {
    for (const [transA, transB] of [[false, false], [true, false], [false, true], [true, true]] as const) {
      const a = input(transA ? [2, k, m] : [2, m, k]);
      const b = input(transB ? [2, n, k] : [2, k, n]);
      const product = ops.matmul(a, b, transA, transB);
      const bent = ops.unary("tanh", ops.add(product, ops.expand(ops.sum(a, [0, 1, 2]), product.shape)));
      await agree([a, b], [product, bent], [floats(a), floats(b, 2)]);
    }
  });
}

Deno.test("the largest of a row with a NaN is NaN, and its index that of the first NaN", async () => {
  for (const length of [3, 9, 30]) {
    const x = input([3, length]);
    const numbers = Float32Array.from({ length: 3 * length }, (_, i) => i % 5);
    numbers[1] = numbers[2] = numbers[2 * length + 2] = NaN;
    const program = await compile([x], [ops.max(x, [1]), ops.min(x, [1]), ops.argmax(x, 1)]);
    const [max, min, at] = await runOn(program, [x], [numbers]);
    program.dispose();
    equal([...max!], [NaN, Math.max(...numbers.subarray(length, 2 * length)), NaN]);
    equal([...min!], [NaN, 0, NaN]);
    equal([...at!], [1, numbers.subarray(length, 2 * length).indexOf(max![1]!), 2]);
  }
});

for (const size of [1, 2, 3, 7, 8, 9, 24, 35, 64, 100]) {
  Deno.test(`${size} random bits, and those from the third on, are those of everywhere`, async () => {
    const key = input([2], "uint32");
    const bits = ops.randomBits(key, [size]);
    const rest = ops.slice(bits, [Math.min(2, size)], [size]);
    const program = await compile([key], [bits, ops.binary("bitXor", rest, ops.full("uint32", rest.shape, 5))]);
    const [all, others] = await runOn(program, [key], [[123, 0xfffffff0]]);
    const expected = randomBits(Uint32Array.of(123, 0xfffffff0), size);
    equal([...all!], [...expected]);
    equal([...others!], [...expected.subarray(2)].map((x) => (x ^ 5) >>> 0));
    program.dispose();
  });
}

Deno.test("a loop and a loop in it, forwards and backwards, keep what each step received", async () => {
  for (const reverse of [false, true]) {
    const [init, xs, factor] = [input([5]), input([6, 5]), input([5])];
    const inner = (c: Node): Node =>
      makeScan({
        init: [c],
        xs: [],
        length: 3,
        reverse,
        step: ([d]) => ({ carries: [ops.unary("tanh", ops.mul(d!, factor))], ys: [] }),
      }).carries[0]!;
    const { carries, ys, history } = makeScan({
      init: [init],
      xs: [xs],
      length: 6,
      reverse,
      step: ([c], [x]) => {
        const next = ops.add(inner(c!), x!);
        return { carries: [next], ys: [ops.sum(next, [0]), next] };
      },
    });
    await agree([init, xs, factor], [...carries, ...ys, ...history], [init, xs, factor].map((x, i) => floats(x, i)));
  }
});

Deno.test("an index outside of its axis ends the run with the operation and the index, in a loop too", async () => {
  const [x, index] = [input([4, 3]), input([2], "int32")];
  const outputs = [ops.take(x, index, 0)];
  const looped = makeScan({
    init: [input([3])],
    xs: [],
    length: 3,
    reverse: false,
    step: ([c]) => ({ carries: [ops.add(c!, ops.reshape(ops.sum(ops.take(x, index, 0), [0]), [3]))], ys: [] }),
  }).carries;
  for (const wanted of [outputs, looped]) {
    const inputs = [x, index, ...(wanted === looped ? [looped[0]!.inputs[0]!.inputs[0]!] : [])];
    const program = await compile(inputs, wanted);
    const feeds = (at: number[]) => inputs.map((y) => y === index ? at : floats(y));
    for (const bad of [4, -5]) {
      await rejects(
        runOn(program, inputs, feeds([0, bad])),
        (error) =>
          error instanceof RunError && error.origin.op === "take" && error.message.includes(`the index ${bad} outside`),
      );
    }
    await runOn(program, inputs, feeds([3, -4]));
    program.dispose();
  }
});

Deno.test("memory is handed out, given back, and used again", () => {
  const heap = new Heap();
  const starts = [100, 5000, 300].map((bytes) => heap.allocate(bytes)!);
  equal(new Set(starts).size, 3);
  heap.free(starts[1]!);
  equal(heap.allocate(4000), starts[1]);
  starts.forEach((start) => heap.free(start));
  equal(heap.heldBytes, 0);
  equal(heap.allocate(2 ** 31), null);
});

Deno.test("constants lie where nothing else does, each once, until there is no room for more", () => {
  const heap = new Heap();
  const bytes = (n: number): Uint8Array => new Uint8Array(new Int32Array([n, 1, 2, 3]).buffer);
  const first = heap.constant(bytes(0))!;
  equal(heap.constant(bytes(0)), first);
  const places = [first];
  for (let n = 1;; n++) {
    const place = heap.constant(bytes(n));
    if (place === null) break;
    places.push(place);
  }
  equal(new Set(places).size, places.length);
  ok(places.length >= 256 && heap.allocate(64)! >= Math.max(...places) + 16);
  equal([...heap.views().int32.slice(places[7]! / 4, places[7]! / 4 + 4)], [7, 1, 2, 3]);
});

Deno.test("three hundred compilations of thirty graphs hold nothing when they are given back", async () => {
  for (let i = 0; i < 300; i++) {
    const x = input([8 + i % 30]);
    const program = await compile([x], [ops.unary("exp", x)], wasm, { brief: true });
    await runOn(program, [x], [floats(x)]);
    ok(wasm.liveBytes().wasm! > 0);
    program.dispose();
  }
  equal(wasm.liveBytes().wasm, 0);
});

Deno.test("small operations become WebAssembly and large products models; both say so line by line", async () => {
  const [x, a] = [input([64]), input([512, 512])];
  const small = await compile([x], [ops.unary("exp", ops.add(x, x))], best);
  const large = await compile([a], [ops.matmul(a, a)], best);
  equal(small.listing(), ["wasm map [64]: out0 <- in0 (exp)"]);
  equal(large.listing().map((line) => line.split(" ")[2]!.split("(")[0]), ["MatMul"]);
  [small, large].forEach((program) => program.dispose());
});

Deno.test("what runs once is WebAssembly where a session would cost more than the work", async () => {
  const a = input([64, 64]);
  const program = await compile([a], [ops.matmul(a, a)], best, { brief: true });
  ok(program.listing()[0]!.startsWith("wasm matmul"), program.listing().join("\n"));
  program.dispose();
});

Deno.test("a value that is too large for it goes to ONNX Runtime", async () => {
  const x = input([1]);
  const wide = ops.cumsum(ops.expand(x, [2 ** 27]), 0, false);
  const program = await compile([x], [ops.slice(wide, [0], [4], [1])]);
  ok(!program.listing()[0]!.startsWith("wasm"), program.listing().join("\n"));
  program.dispose();
});

Deno.test("a program that has been given back says so", async () => {
  const x = input([3]);
  const program = await compile([x], [ops.neg(x)]);
  program.dispose();
  program.dispose();
  await rejects(program.run([storage("float32", [1, 2, 3])]), /given back/);
});
