/** What kernels a graph becomes. No GPU is needed: a program is data. */

import assert from "node:assert/strict";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { type Dispatch, type Instruction, listing } from "../../lib/engine/webgpu/kernel.ts";
import { buildProgram, type Limits, type Program } from "../../lib/engine/webgpu/program.ts";
import { randomGraph } from "../ops/random_graph.ts";
import { Random } from "../random.ts";
import { input } from "./webgpu_harness.ts";

const limits: Limits = { bindings: 8, bindingBytes: 2 ** 27, bufferBytes: 2 ** 28 };

function build(inputs: readonly Node[], outputs: readonly Node[], changed: Partial<Limits> = {}): Program {
  return buildProgram({ inputs, outputs, donated: new Map() }, { ...limits, ...changed });
}

function kinds(program: Program): string[] {
  return listing(program.instructions).map((line) => line.trim().split(" ")[0]!);
}

function dispatches(instructions: readonly Instruction[]): Dispatch[] {
  return instructions.flatMap((x) => x.kind === "dispatch" ? [x] : dispatches(x.body));
}

const scalar = (x: Node, value: number): Node => ops.fullLike(x, value);

Deno.test("a chain of element-wise operations is one kernel", () => {
  const x = input([64, 32]);
  let y = x;
  for (let i = 0; i < 20; i++) y = ops.unary("tanh", ops.add(ops.mul(y, y), scalar(y, 0.5)));
  assert.deepEqual(kinds(build([x], [y])), ["map"]);
});

Deno.test("movement, broadcasting, padding and indexing fuse with element-wise operations", () => {
  const [x, b, index] = [input([8, 6]), input([1, 6]), input([5], "int32")];
  const shifted = ops.add(ops.permute(x, [1, 0]), ops.expand(ops.permute(b, [1, 0]), [6, 8]));
  const moved = ops.flip(ops.slice(ops.pad(shifted, [1, 0], [0, 2], 7), [1, 0], [7, 10], [2, 1]), [1]);
  const picked = ops.take(ops.reshape(moved, [10, 3]), index, 0);
  assert.deepEqual(kinds(build([x, b, index], [ops.unary("exp", picked)])), ["map"]);
});

Deno.test("a value that several users need at the same element is neither stored nor computed twice", () => {
  const x = input([1 << 20]);
  const shared = ops.unary("erf", ops.unary("exp", x));
  const y = ops.mul(ops.add(shared, x), ops.unary("sin", shared));
  const program = build([x], [y]);
  assert.deepEqual(kinds(program), ["map"]);
  assert.equal(dispatches(program.instructions)[0]!.wgsl.match(/= erf_f32\(/g)!.length, 1);
  assert.deepEqual(program.arena, []);
});

Deno.test("a costly value that is broadcast far is stored once", () => {
  const x = input([4096, 1]);
  const costly = ops.unary("erf", ops.unary("tanh", ops.unary("exp", x)));
  const y = ops.mul(ops.expand(costly, [4096, 1024]), input([4096, 1024]));
  assert.deepEqual(kinds(build([x, y.inputs[1]!], [y])), ["map", "map"]);
});

Deno.test("a product takes its bias and activation into its kernel, and a transposed factor", () => {
  const [x, w, b] = [input([128, 64]), input([96, 64]), input([1, 96])];
  const h = ops.unary("tanh", ops.add(ops.matmul(x, ops.permute(w, [1, 0])), ops.expand(b, [128, 96])));
  assert.deepEqual(kinds(build([x, w, b], [h])), ["matmul"]);
});

Deno.test("the gradient of a weight, a small product over many rows, is split along them", () => {
  const [x, y] = [input([4096, 64]), input([4096, 64])];
  const program = build([x, y], [ops.matmul(x, y, true)]);
  assert.deepEqual(kinds(program), ["matmul", "reduce"]);
  assert.match(listing(program.instructions)[0]!, /k (64|128|256)\b/);
});

Deno.test("a reduction takes the element-wise operations before and after it into its kernel", () => {
  const x = input([300, 200]);
  const rms = ops.unary("sqrt", ops.div(ops.sum(ops.mul(x, x), [1]), ops.full("float32", [300, 1], 200)));
  assert.deepEqual(kinds(build([x], [rms])), ["reduce"]);
});

Deno.test("reductions of one size are one kernel, even if one needs the result of another", () => {
  const x = input([300, 200]);
  const centred = ops.sub(x, ops.expand(ops.div(ops.sum(x, [1]), ops.full("float32", [300, 1], 200)), [300, 200]));
  const outputs = [ops.sum(ops.mul(centred, centred), [1]), ops.max(x, [1]), ops.argmax(x, 1)];
  assert.deepEqual(kinds(build([x], outputs)), ["reduce"]);
});

Deno.test("a long sum of few results takes two kernels, a short one none of its own", () => {
  const x = input([1 << 20]);
  assert.deepEqual(kinds(build([x], [ops.sum(x, [0])])), ["reduce", "reduce"]);
  const y = input([500, 3]);
  assert.deepEqual(kinds(build([y], [ops.unary("exp", ops.sum(y, [1]))])), ["map"]);
});

Deno.test("an Adam step on flat vectors is one kernel", () => {
  const [p, g, m, v] = [0, 1, 2, 3].map(() => input([5000]));
  const mix = (a: Node, b: Node, t: number): Node => ops.add(ops.mul(a, scalar(a, t)), ops.mul(b, scalar(b, 1 - t)));
  const m2 = mix(m!, g!, 0.9);
  const v2 = mix(v!, ops.mul(g!, g!), 0.999);
  const p2 = ops.sub(p!, ops.div(m2, ops.add(ops.unary("sqrt", v2), scalar(v2, 1e-8))));
  assert.deepEqual(kinds(build([p!, g!, m!, v!], [p2, m2, v2])), ["map"]);
});

/** The kernels of carry -> step(carry, x) over 50 steps backward, with the results of every step. */
function scanListing(step: (carry: Node, x: Node) => Node): string[] {
  const [c, xs] = [input([10, 10]), input([50, 10, 10])];
  const { carries, ys } = makeScan({
    init: [c],
    xs: [xs],
    length: 50,
    reverse: true,
    step: ([a], [x]) => {
      const next = step(a!, x!);
      return { carries: [next], ys: [ops.mul(next, x!)] };
    },
  });
  const lines = listing(build([c, xs], [carries[0]!, ys[0]!]).instructions);
  return lines.map((x) => x.replace(/ \(.*/, ""));
}

Deno.test("a scan is a loop whose kernels are there once, and which writes its results where they go", () => {
  assert.deepEqual(scanListing((a, x) => ops.unary("tanh", ops.add(ops.matmul(a, a), x))), [
    "map [10, 10]: t0 <- in0",
    "loop 50 reverse",
    "  matmul [10, 10] k 10: t0, out1 <- in1",
    "map [10, 10]: out0 <- t0",
  ]);
});

Deno.test("a scan whose body is element-wise is one kernel, unless its threads would read each other's elements", () => {
  assert.deepEqual(scanListing((a, x) => ops.unary("tanh", ops.add(a, ops.permute(x, [1, 0])))), [
    "map [10, 10]: t0 <- in0",
    "map [10, 10] 50 steps reverse: t0, out1 <- in1",
    "map [10, 10]: out0 <- t0",
  ]);
  assert.equal(scanListing((a, x) => ops.add(ops.permute(a, [1, 0]), x))[1], "loop 50 reverse");
});

Deno.test("no kernel binds more buffers than the device allows, and none that it writes lies in another's range", () => {
  for (let seed = 0; seed < 40; seed++) {
    const { inputs, outputs } = randomGraph(seed, 40);
    const program = build(inputs, simplify(outputs));
    for (const { bindings, label } of dispatches(program.instructions)) {
      assert.ok(bindings.length <= limits.bindings, `seed ${seed}: ${label}`);
      const ranges = bindings.flatMap(({ memory, written }) => memory.kind === "arena" ? [{ memory, written }] : []);
      for (const a of ranges) {
        for (const b of ranges) {
          if (a === b || a.memory.chunk !== b.memory.chunk) continue;
          const apart = a.memory.offset + a.memory.bytes <= b.memory.offset ||
            b.memory.offset + b.memory.bytes <= a.memory.offset;
          assert.ok(apart, `seed ${seed}: ${label} binds one range of the arena twice`);
        }
      }
    }
  }
});

/** The elements that a kernel of one thread an element reads or writes in each buffer, by its text, for all threads. */
function reached({ wgsl }: Dispatch, size: number): Map<number, number[]> {
  const found = new Map<number, number[]>();
  const indices = [...wgsl.matchAll(/let (x\d+) = (.+?)( \/ \d+)?;/g)].map(([, name, of, by]) =>
    `const ${name} = Math.trunc((${of})${by ?? ""});`
  );
  const places = [...wgsl.matchAll(/\bb(\d+)\[([^[\]]+)\]/g)].map(([, buffer, at]) => `at(${buffer}, ${at});`);
  const run = new Function("i", "clamp", "at", [...indices, ...places].join("\n"));
  const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
  const at = (buffer: number, place: number) => void found.set(buffer, [...found.get(buffer) ?? [], place]);
  for (let i = 0; i < size; i++) run(i, clamp, at);
  return found;
}

Deno.test("no thread reads or writes beyond a buffer, not even what is thrown away: Dawn does not look after that", () => {
  const random = new Random(1);
  for (let trial = 0; trial < 100; trial++) {
    const shape = [random.integer(1, 5), random.integer(1, 5)];
    const few = () => [random.integer(0, 4), random.integer(0, 4)];
    const [x, y] = [input(shape), input(shape)];
    const [padded, other] = [ops.pad(x, few(), few(), 7), ops.permute(ops.pad(y, few(), few(), 1), [1, 0])];
    const flat = [padded, other].map((node) => ops.reshape(node, [node.shape[0]! * node.shape[1]!]));
    const joined = ops.flip(ops.concat([...flat, ops.reshape(x, [shape[0]! * shape[1]!])], 0), [0]);
    const [kernel, ...others] = dispatches(build([x, y], [joined]).instructions);
    assert.deepEqual(others, []);
    const all = reached(kernel!, joined.shape[0]!);
    assert.equal(all.size, 3);
    kernel!.bindings.forEach(({ memory }, buffer) => {
      const outside = all.get(buffer)!.filter((place) => !(place >= 0 && place < memory.bytes / 4));
      assert.deepEqual(outside, [], `trial ${trial}, buffer ${buffer}:\n${kernel!.wgsl}`);
    });
  }
});

Deno.test("values whose lives do not meet share memory; an arena too large for one buffer gets several", () => {
  const x = input([256, 256]);
  let y = x;
  for (let i = 0; i < 10; i++) y = ops.matmul(y, x);
  assert.deepEqual(build([x], [y]).arena, [2 * 256 * 256 * 4]);
  assert.deepEqual(build([x], [y], { bufferBytes: 300_000 }).arena, [256 * 256 * 4, 256 * 256 * 4]);
});

Deno.test("a value beyond the adapter's binding size is refused with a sentence", () => {
  const x = input([2 ** 14, 2]);
  const wide = ops.matmul(x, ops.permute(x, [1, 0]));
  const sum = ops.sum(ops.cumsum(wide, 1), [0, 1]);
  assert.throws(() => build([x], [sum]), /needs 1073741824 bytes on the GPU, but this adapter binds at most 134217728/);
});
