/** Programs with parts on both ways of the CPU engine: values against the oracle, wherever they are cut; state; what they say. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { cut } from "../../lib/engine/cpu/cut.ts";
import { divide, type Division, hasParts } from "../../lib/engine/cpu/divide.ts";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import { rootOf } from "../../lib/engine/cpu/views.ts";
import type { Executable, Graph } from "../../lib/engine/engine.ts";
import { openPart } from "../../lib/engine/onnx/part.ts";
import { RunError } from "../../lib/engine/run_error.ts";
import { compileGraph } from "../../lib/engine/wasm/executable.ts";
import { Lease } from "../../lib/engine/lease.ts";
import { Heap } from "../../lib/engine/wasm/heap.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate, aval, describe, type DType, type Shape, sizeOf, type TypedArray } from "../../lib/graph/types.ts";
import { randomGraph } from "../ops/random_graph.ts";
import { interpret } from "../oracle.ts";
import { Random } from "../random.ts";

const engine = await createCpuEngine();

function input(shape: Shape, dtype: DType = "float32"): Node {
  return placeholder(aval(dtype, shape));
}

function storage(dtype: DType, numbers: ArrayLike<number>): Storage {
  const array = allocate(dtype, numbers.length);
  array.set(numbers);
  return new Storage(dtype, array.length, array);
}

const floats = (x: Node, seed = 1, scale = 1): number[] =>
  new Random(seed).floats(sizeOf(x.shape)).map((v) => v * scale);

async function run(program: Executable, inputs: readonly Node[], feeds: readonly ArrayLike<number>[]) {
  const results = await program.run(inputs.map((x, i) => storage(x.dtype, feeds[i]!)));
  return await Promise.all(results.map((x) => x.read()));
}

function assertNear(node: Node, actual: TypedArray, expected: ArrayLike<number>, told: string): void {
  equal(actual.length, expected.length);
  actual.forEach((a, k) => {
    const e = expected[k]!;
    const near = Object.is(a, e) || a === e ||
      (node.dtype === "float32" && Math.abs(a - e) <= 1e-4 * (1 + Math.abs(e)));
    ok(near, `${told}: element ${k} of ${node.op} ${describe(node)} is ${a}, not ${e}.`);
  });
}

/** How many calls of ONNX Runtime a listing has, and how many kernels. */
function counts(lines: readonly string[]): { calls: number; kernels: number } {
  const count = (pattern: RegExp): number => lines.filter((x) => pattern.test(x)).length;
  return { calls: count(/^\s*onnx \d+ operation/), kernels: count(/^\s*wasm /) };
}

const forbidden = 1e12;

/** Sends operations to either way by chance, wherever that can be, in loops too. */
function shuffled(division: Division, random: Random): Division {
  const { block } = division;
  const bodies = new Map([...division.bodies].map(([node, inner]) => [node, shuffled(inner, random)]));
  for (let i = 0; i < block.nodes.length; i++) {
    if (random.integers(1, 0, 1)[0] === 0) continue;
    block.flip([i]);
    if (block.time() > forbidden) block.flip([i]);
  }
  const levels = block.levels();
  return { block, levels, time: block.time(levels), bodies };
}

/** A program that is cut by chance; null where nothing can go to ONNX Runtime. */
function compileAnywhere(graph: Graph, heap: Heap, random: Random): Executable | null {
  const whole = divide(graph.outputs, { leafPrice: () => 0, threads: 1, mostAround: -1 });
  const division = shuffled(whole, random);
  if (!hasParts(division)) return null;
  const parts: { release(): void }[] = [];
  const host = {
    open({ attrs: { body } }: Parameters<NonNullable<Parameters<typeof compileGraph>[2]>["open"]>[0]) {
      const part = openPart(body, 1, true);
      parts.push(part);
      return part;
    },
    before: () => Promise.resolve(),
  };
  return compileGraph(
    { ...graph, outputs: cut(graph.outputs, division) },
    heap,
    host,
    (free) =>
      new Lease(new Set(), 0, () => {
        parts.forEach((x) => x.release());
        free();
      }),
  );
}

for (let first = 0; first < 120; first += 40) {
  Deno.test(`the random graphs of seeds ${first} to ${first + 39} have the oracle's values wherever they are cut`, async () => {
    const heap = new Heap();
    let both = 0;
    for (let seed = first; seed < first + 40; seed++) {
      const { inputs, feeds, outputs } = randomGraph(seed, 12);
      const graph: Graph = { inputs, outputs: simplify(outputs), donated: new Map() };
      const expected = interpret(graph, feeds);
      const program = compileAnywhere(graph, heap, new Random(seed));
      if (program === null) continue;
      both++;
      const actual = await run(program, inputs, feeds);
      program.dispose();
      graph.outputs.forEach((node, i) => assertNear(node, actual[i]!, expected[i]!, `seed ${seed}`));
    }
    ok(both >= 30, `only ${both} graphs were cut`);
    equal(heap.heldBytes, 0);
  });
}

/** Layers of products, small and large, with what is small between them; a loop of it where `length` is not 0. */
function network(seed: number, length: number): { inputs: Node[]; feeds: number[][]; outputs: Node[] } {
  const random = new Random(seed);
  const [rows, wide] = [random.pick([128, 160]), random.pick([160, 176])];
  const sizes = [random.pick([3, 8]), wide, wide, random.pick([2, 6])];
  const x = input([rows, sizes[0]!]);
  const flat = input([sizes.slice(1).reduce((n, m, i) => n + m * sizes[i]!, 0)]);
  let at = 0;
  const weights = sizes.slice(1).map((m, i) => {
    const from = at;
    at += m * sizes[i]!;
    return ops.reshape(ops.slice(flat, [from], [at]), [sizes[i]!, m]);
  });
  const policy = (y: Node): Node => weights.reduce((z, w) => ops.unary("tanh", ops.matmul(z, w)), y);
  const step = (c: Node): { next: Node; y: Node } => {
    const action = policy(c);
    let world = ops.slice(c, [0, 0], [rows, 2]);
    for (let i = 0; i < 120; i++) {
      const push = ops.slice(action, [0, i % 2], [rows, i % 2 + 1]);
      world = ops.binary(
        "minimum",
        ops.mul(world, ops.full("float32", world.shape, 0.9)),
        ops.add(world, ops.expand(push, world.shape)),
      );
    }
    const rest = ops.slice(c, [0, 2], [rows, sizes[0]!]);
    return { next: ops.concat([world, ops.unary("sin", rest)], 1), y: ops.sum(action, [1]) };
  };
  const { next, y } = step(x);
  const loop = length === 0 ? null : makeScan({
    init: [x],
    xs: [],
    length,
    reverse: seed % 2 === 1,
    step: ([c]) => {
      const { next, y } = step(c!);
      return { carries: [next], ys: [y] };
    },
  });
  const outputs = loop ? [...loop.carries, ...loop.ys, ...loop.history] : [next, y];
  return { inputs: [x, flat], feeds: [floats(x, seed), floats(flat, seed + 1, 0.2)], outputs: simplify(outputs) };
}

for (const [seed, length] of [[1, 0], [3, 2], [4, 2]] as const) {
  Deno.test(`large products with small operations around them ${length > 0 ? "in a loop " : ""}are on both ways by themselves (seed ${seed})`, async () => {
    const { inputs, feeds, outputs } = network(seed, length);
    const program = await engine.compile({ inputs, outputs, donated: new Map() });
    const lines = program.listing();
    const { calls, kernels } = counts(lines);
    ok(calls === 1 && kernels > 0, lines.join("\n"));
    const expected = interpret({ inputs, outputs }, feeds);
    for (let i = 0; i < 2; i++) {
      const actual = await run(program, inputs, feeds);
      outputs.forEach((node, k) => assertNear(node, actual[k]!, expected[k]!, `run ${i}`));
    }
    program.dispose();
  });
}

Deno.test("a listing says which part is where, and why; live bytes count both until they are given back", async () => {
  const before = engine.liveBytes();
  const { inputs, outputs } = network(3, 2);
  const program = await engine.compile({ inputs, outputs, donated: new Map() });
  const lines = program.listing();
  const why = lines.find((x) => x.includes("onnx"))!;
  ok(/^ {2}onnx \d+ operations, of them 3 products: \d+ us less than as WebAssembly, by estimate$/.test(why), why);
  ok(lines.includes("loop 2 reverse") && lines.some((x) => /^ {4}onnx v\d+ = MatMul\(/.test(x)), lines.join("\n"));
  ok(lines.some((x) => /^ {2}wasm map /.test(x)), lines.join("\n"));
  const held = engine.liveBytes();
  ok(held.models! > before.models! && held.wasm! > before.wasm!, JSON.stringify(held));
  program.dispose();
  equal(engine.liveBytes(), before);
});

/** State that is a large product of rows that are looked up and a piece of it, beside small operations that look up too. */
function lookUps(): { inputs: Node[]; outputs: Node[]; feeds: (a: number, b: number) => number[][] } {
  const [table, a, b, state] = [input([300, 160]), input([320], "int32"), input([4], "int32"), input([320, 160])];
  const next = ops.matmul(ops.take(table, a, 0), ops.slice(state, [160, 0], [320, 160]));
  const found = ops.take(table, b, 0);
  let small = found;
  for (let i = 0; i < 200; i++) small = ops.add(ops.mul(small, ops.full("float32", small.shape, 0.5)), found);
  const feeds = (x: number, y: number): number[][] => [
    floats(table),
    [...new Array<number>(319).fill(2), x],
    [0, 1, 2, y],
    floats(state, 3),
  ];
  return { inputs: [table, a, b, state], outputs: [next, ops.sum(small, [0])], feeds };
}

Deno.test("an index outside of its axis names its operation in either part, and leaves state as it was", async () => {
  const { inputs, outputs, feeds } = lookUps();
  const program = await engine.compile({ inputs, outputs, donated: new Map([[0, 3]]), refusesOutside: true });
  ok(counts(program.listing()).calls === 1, program.listing().join("\n"));
  for (const [a, b] of [[300, 3], [3, -301]] as const) {
    const given = inputs.map((x, i) => storage(x.dtype, feeds(a, b)[i]!));
    await rejects(program.run(given), (error) => {
      ok(error instanceof RunError && error.origin.op === "take", String(error));
      ok(
        error.message.includes(`the index ${a === 300 ? a : b} outside of its axis, which has 300 entries`),
        error.message,
      );
      return true;
    });
    equal(await given[3]!.read(), Float32Array.from(feeds(a, b)[3]!));
  }
  const [next] = await run(program, inputs, feeds(-300, 299));
  assertNear(outputs[0]!, next!, interpret({ inputs, outputs }, feeds(-300, 299))[0]!, "after two failures");
  program.dispose();
});

/** A step of state that both ways read and write: momentum on a product. */
function momentum(): { inputs: Node[]; outputs: Node[]; donated: Map<number, number> } {
  const [x, w, m] = [input([160, 160]), input([160, 160]), input([160, 160])];
  const g = ops.unary("tanh", ops.matmul(x, w));
  const factor = (v: number): Node => ops.full("float32", m.shape, v);
  const m2 = ops.add(ops.mul(m, factor(0.5)), ops.mul(ops.mul(g, g), factor(0.1)));
  let size = ops.add(ops.unary("sqrt", m2), factor(1));
  for (let i = 0; i < 8; i++) size = ops.add(ops.mul(size, factor(0.5)), factor(0.5));
  return {
    inputs: [x, w, m],
    outputs: [ops.sub(w, ops.binary("div", m2, size)), m2, ops.sum(m2, [0, 1])],
    donated: new Map([[0, 1], [1, 2]]),
  };
}

const momentumGraph = momentum();
const momentumFeeds = momentumGraph.inputs.map((x, i) => i === 2 ? floats(x, i).map(Math.abs) : floats(x, i, 0.2));
const momentumSteps: ArrayLike<number>[][] = [momentumFeeds.slice(1)];

/** The outputs after so many steps, by the oracle. */
function momentumAfter(steps: number): readonly ArrayLike<number>[] {
  for (let i = momentumSteps.length; i <= steps; i++) {
    const [w, m] = momentumSteps[i - 1]!;
    momentumSteps.push(interpret(momentumGraph, [momentumFeeds[0]!, w!, m!]));
  }
  return momentumSteps[steps]!;
}

async function startMomentum() {
  const program = await engine.compile(momentumGraph);
  const { calls, kernels } = counts(program.listing());
  ok(calls === 1 && kernels > 0, program.listing().join("\n"));
  const check = async (results: readonly Storage[], steps: number, told: string): Promise<void> => {
    for (const [i, expected] of momentumAfter(steps).entries()) {
      assertNear(momentumGraph.outputs[i]!, await results[i]!.read(), expected, told);
    }
  };
  return { program, check, first: momentumGraph.inputs.map((x, i) => storage(x.dtype, momentumFeeds[i]!)) };
}

Deno.test("state goes from run to run, and is gone where it was given", async () => {
  const { program, check, first } = await startMomentum();
  let results: Storage[] = [];
  for (let i = 0; i < 3; i++) {
    results = await program.run([first[0]!, ...i === 0 ? first.slice(1) : results.slice(0, 2)]);
  }
  await check(results, 3, "three runs");
  await rejects(program.run(first), /before a compiled step replaced it/);
  program.dispose();
});

Deno.test("state that is kept, read or looked at later stays what it was, also when the program is given back", async () => {
  const { program, check, first } = await startMomentum();
  const one = await program.run(first, () => new Set([1, 2]));
  const again = await program.run(first, () => new Set());
  await check(again, 1, "the same state again");
  const two = await program.run([first[0]!, ...one.slice(0, 2)], () => new Set([1, 2]));
  const three = await program.run([first[0]!, ...two.slice(0, 2)], () => new Set([1, 2]));
  await check(one, 1, "kept");
  await check(two, 2, "kept");
  program.dispose();
  await check(three, 3, "after the program");
});

Deno.test("of state that comes from elsewhere in part, each value is its own", async () => {
  const { program, first } = await startMomentum();
  const one = await program.run(first);
  const m1 = await one[1]!.read();
  const fresh = floats(momentumGraph.inputs[1]!, 9, 0.2);
  const mixed = await program.run([first[0]!, storage("float32", fresh), one[1]!]);
  const expected = interpret(momentumGraph, [first[0]!.host!, fresh, m1]);
  for (const i of [0, 1, 2]) {
    assertNear(momentumGraph.outputs[i]!, await mixed[i]!.read(), expected[i]!, "one from elsewhere");
  }
  program.dispose();
});

Deno.test("an input that is the same as before is not copied again, another is", async () => {
  const x = input([1000]);
  const program = await engine.compile({ inputs: [x], outputs: [ops.add(x, x)], donated: new Map() });
  const [a, b] = [1, 2].map((v) => storage("float32", new Array(1000).fill(v)));
  const firsts: number[] = [];
  for (const given of [a, a, b, b, a]) firsts.push((await (await program.run([given!]))[0]!.read())[999]!);
  equal(firsts, [2, 2, 4, 4, 2]);
  a!.retire();
  await rejects(program.run([a!]), /before a compiled step replaced it/);
  program.dispose();
});

Deno.test("pieces that lie one after another in a value are read there, others are not pieces", () => {
  const x = input([4, 6]);
  const pieceOf = (node: Node) => {
    const { root, offset } = rootOf(node);
    return root === x ? offset : null;
  };
  equal(pieceOf(ops.reshape(ops.slice(x, [1, 0], [3, 6]), [12])), 6);
  equal(pieceOf(ops.slice(x, [2, 3], [3, 5])), 15);
  equal(pieceOf(ops.slice(ops.reshape(x, [24]), [5], [9])), 5);
  equal(pieceOf(ops.slice(x, [0, 0], [2, 3])), null);
  equal(pieceOf(ops.slice(ops.reshape(x, [24]), [0], [8], [2])), null);
  equal(pieceOf(ops.permute(x, [1, 0])), null);
});
