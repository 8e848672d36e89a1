/** Graphs as WebAssembly, alone: values against the oracle, what is refused, what is given back, and who gets which graph. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import { compile as compileFunction } from "../../lib/compile/compile.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { RunError } from "../../lib/engine/run_error.ts";
import { useEngine } from "../../lib/engine/select.ts";
import { Heap } from "../../lib/engine/wasm/heap.ts";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { randomBits } from "../../lib/graph/threefry.ts";
import type { TypedArray } from "../../lib/graph/types.ts";
import { ones } from "../../lib/tensor/creation.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { agree, compile, floats, input, runOn, storage, wasm } from "./wasm_harness.ts";

const best: Engine = await createCpuEngine();

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

for (const k of [1000, 1_000_000]) {
  Deno.test(`a product of ${k} equal numbers in a row is right to a few millionths, however the factors lie`, async () => {
    const [numbers, ones] = [new Float32Array(k).fill(0.1), new Float32Array(4 * k).fill(1)];
    for (const transB of [false, true]) {
      const [a, b] = [input([1, k]), input(transB ? [4, k] : [k, 4])];
      const program = await compile([a, b], [ops.matmul(a, b, false, transB)]);
      ok(program.listing()[0]!.startsWith("wasm matmul"), program.listing().join("\n"));
      const [product] = await runOn(program, [a, b], [numbers, ones]);
      product!.forEach((x) => ok(Math.abs(x / (k * numbers[0]!) - 1) < 5e-6, `${x}`));
      program.dispose();
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

Deno.test("what a loop stacks, or looks at in each step, is not written over by what steps compute on their way", async () => {
  const [init, xs] = [input([7]), input([5, 7])];
  const captured = ops.cumsum(ops.unary("sin", init), 0);
  const { carries, ys } = makeScan({
    init: [init],
    xs: [xs],
    length: 5,
    reverse: false,
    step: ([c], [x]) => {
      const first = ops.cumsum(ops.add(ops.add(c!, captured), x!), 0);
      const second = ops.cumsum(ops.unary("tanh", first), 0, true);
      const third = ops.cumsum(ops.unary("sin", second), 0);
      return { carries: [ops.unary("tanh", third)], ys: [ops.cumsum(ops.unary("cos", third), 0, true)] };
    },
  });
  await agree([init, xs], [carries[0]!, ops.cumsum(ys[0]!, 0)], [init, xs].map((x, i) => floats(x, i)));
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

Deno.test("rows are padded, turned round and regrouped on their way into a sum", async () => {
  const x = input([3, 2, 3]);
  const padded = ops.pad(ops.reshape(x, [1, 3, 2, 3]), [2, 0, 0, 0], [0, 0, 1, 2], 1);
  await agree([x], [ops.sum(ops.flip(padded, [3]), [2, 3])], [floats(x)]);
});

Deno.test("thousands of pieces are joined, whether they are there or computed", async () => {
  const [x, pieces] = [input([2000]), Array.from({ length: 2000 }, () => input([1]))];
  const cut = pieces.map((_, i) => ops.unary("sin", ops.slice(x, [i], [i + 1])));
  await agree(pieces, [ops.concat(pieces, 0)], pieces.map((p, i) => floats(p, i)));
  await agree([x], [ops.concat(cut, 0)], [floats(x)]);
});

Deno.test("rows are regrouped and turned forty times over", async () => {
  const x = input([5, 7]);
  let turned = x;
  for (let i = 0; i < 40; i++) turned = ops.flip(ops.reshape(ops.permute(turned, [1, 0]), [5, 7]), [i % 2]);
  await agree([x], [turned], [floats(x)]);
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

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Compiled functions, and so their graphs, that refer to each other by who called whom. */
async function callOnce(size: number): Promise<void> {
  const twice = compileFunction((x: Tensor) => x.add(size).mul(2));
  await (await twice(ones([size]))).data();
}

Deno.test("compiled functions that nobody refers to any more give their memory back, and the others keep theirs", async () => {
  const engine = useEngine(await createCpuEngine({ lowering: "wasm" }));
  const kept = compileFunction((x: Tensor) => x.exp());
  const value = await (await kept(ones([100]))).data();
  for (let i = 0; i < 100; i++) await callOnce(100);
  const before = engine.liveBytes().wasm!;
  for (let i = 0; i < 20 && engine.liveBytes().wasm! > before / 4; i++) {
    collect();
    await new Promise((done) => setTimeout(done, 10));
  }
  const after = engine.liveBytes().wasm!;
  ok(after > 0 && after <= before / 4, `${after} of ${before} bytes are held.`);
  equal(await (await kept(ones([100]))).data(), value);
  engine.dispose();
  equal(engine.liveBytes().wasm, 0);
});

Deno.test("a program that is given back while its inputs are fetched ends its run first", async () => {
  const own = await createCpuEngine({ lowering: "wasm" });
  const x = input([64]);
  const program = await compile([x], [ops.neg(x)], own);
  const { promise: slow, resolve: arrive } = Promise.withResolvers<TypedArray>();
  const running = program.run([new Storage("float32", 64, null, { read: () => slow, release: () => {} })]);
  program.dispose();
  ok(own.liveBytes().wasm! > 0);
  arrive(new Float32Array(64).fill(1));
  equal((await running)[0]!.host, new Float32Array(64).fill(-1));
  equal(own.liveBytes().wasm, 0);
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
  const engine = await createCpuEngine({ lowering: "wasm" });
  const other = await compile([x], [ops.neg(x)], engine);
  engine.dispose();
  equal(engine.liveBytes().wasm, 0);
  await rejects(other.run([storage("float32", [1, 2, 3])]), /given back/);
});
