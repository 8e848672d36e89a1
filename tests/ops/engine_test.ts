/** Primitives on both engines against the oracle where engines differ: sizes, strange numbers, integers, bits. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import { PlumblineError, zeros } from "../../mod.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import type { BinaryName } from "../../lib/graph/primitives.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate, aval, describe, type DType, type Shape, sizeOf } from "../../lib/graph/types.ts";
import { onEachEngine } from "../engines.ts";
import { interpret } from "../oracle.ts";
import { Random } from "../random.ts";

interface Operand {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: readonly number[];
}

const random = new Random(9);

function floats(...shape: number[]): Operand {
  return { dtype: "float32", shape, data: random.floats(sizeOf(shape)) };
}

function numbers(dtype: DType, data: readonly number[], shape: Shape = [data.length]): Operand {
  return { dtype, shape, data };
}

function integers(low: number, high: number, ...shape: number[]): Operand {
  return { dtype: "int32", shape, data: random.integers(sizeOf(shape), low, high) };
}

function toStorage({ dtype, data }: Operand): Storage {
  const array = allocate(dtype, data.length);
  array.set(data);
  return new Storage(dtype, data.length, array);
}

type Build = (...inputs: Node[]) => Node | readonly Node[];

/** Runs a graph and compares it with the oracle: floats to `tolerance`, relative to 1 and the number; others exactly. */
async function check(engine: Engine, operands: readonly Operand[], build: Build, tolerance = 1e-5): Promise<void> {
  const inputs = operands.map((x) => placeholder(aval(x.dtype, x.shape)));
  const built = build(...inputs);
  const outputs = "op" in built ? [built] : built;
  const expected = interpret({ inputs, outputs }, operands.map((x) => x.data));
  const program = await engine.compile({ inputs, outputs: simplify(outputs), donated: new Map() });
  const results = await program.run(operands.map(toStorage));
  for (const [i, node] of outputs.entries()) {
    const actual = await results[i]!.read();
    equal(actual.length, expected[i]!.length);
    expected[i]!.forEach((e, k) => {
      const near = Math.abs(actual[k]! - e) <= (node.dtype === "float32" ? tolerance * (1 + Math.abs(e)) : 0);
      // -0 is 0.
      ok(near || Object.is(actual[k]! + 0, e + 0), `${node.op} ${describe(node)} [${k}] is ${actual[k]}, not ${e}.`);
    });
  }
  program.dispose();
}

onEachEngine("matmul of sizes that no tile divides", async (engine) => {
  for (
    const [m, k, n] of [[1, 1, 1], [1, 300, 1], [65, 33, 17], [3, 129, 70], [130, 5, 3], [64, 64, 64], [
      2,
      1,
      200,
    ]] as const
  ) {
    for (const [transA, transB] of [[false, false], [true, false], [false, true], [true, true]] as const) {
      const a = transA ? floats(k, m) : floats(m, k);
      const b = transB ? floats(n, k) : floats(k, n);
      await check(engine, [a, b], (x, y) => ops.matmul(x!, y!, transA, transB));
    }
  }
});

onEachEngine("batched matmul, with broadcast batches", async (engine) => {
  await check(engine, [floats(5, 7, 3), floats(5, 3, 9)], (a, b) => ops.matmul(a!, b!));
  await check(engine, [floats(2, 1, 4, 3), floats(1, 3, 3, 5)], (a, b) => ops.matmul(a!, b!));
  await check(engine, [floats(6, 4, 3), floats(3, 2)], (a, b) => ops.matmul(a!, b!));
});

onEachEngine("a matmul with what stands before and after it", async (engine) => {
  const [x, w, b] = [floats(33, 20), floats(12, 20), floats(12)];
  await check(engine, [x, w, b], (x, w, b) => {
    const y = ops.unary("tanh", ops.add(ops.matmul(x!, w!, false, true), b!));
    return [y, ops.mul(y, ops.matmul(ops.unary("sin", x!), w!, false, true)), ops.sum(y, [0])];
  });
});

onEachEngine("reductions over long, short and several axes", async (engine) => {
  for (const shape of [[3, 2000], [2000, 3], [1, 1], [7, 1, 9], [4, 300, 5], [2, 3, 2, 3, 2]]) {
    const x = floats(...shape);
    const lists = shape.map((_, i) => [i]).concat([shape.map((_, i) => i), [0, shape.length - 1]]);
    const axes = lists.map((list) => [...new Set(list)]);
    await check(engine, [x], (x) => axes.flatMap((a) => [ops.sum(x!, a), ops.max(x!, a), ops.min(x!, a)]), 1e-4);
    await check(engine, [x], (x) => shape.map((_, axis) => ops.argmax(x!, axis)));
    await check(
      engine,
      [x],
      (x) => shape.flatMap((_, axis) => [ops.cumsum(x!, axis), ops.cumsum(x!, axis, true)]),
      5e-5,
    );
  }
});

onEachEngine("sums of integers are exact", async (engine) => {
  const x = integers(-100000, 100000, 6, 700);
  await check(
    engine,
    [x],
    (x) => [ops.sum(x!, [0]), ops.sum(x!, [1]), ops.sum(x!, [0, 1]), ops.cumsum(x!, 1), ops.max(x!, [1])],
  );
});

onEachEngine("more elements than one dimension of workgroups holds", async (engine) => {
  const n = 300_001;
  const x = { dtype: "float32", shape: [n], data: Array.from({ length: n }, (_, i) => (i % 1000) / 8) } as const;
  await check(engine, [x], (x) => ops.add(ops.mul(x!, ops.fullLike(x!, 0.5)), ops.fullLike(x!, 1)));
  await check(engine, [], () => ops.add(ops.iota([n], 0), ops.full("int32", [n], 7)));
});

onEachEngine("many rows, each reduced", async (engine) => {
  const n = 70_000;
  const x = { dtype: "float32", shape: [n, 2], data: Array.from({ length: 2 * n }, (_, i) => (i % 77) / 8) } as const;
  await check(engine, [x], (x) => [ops.sum(x!, [1]), ops.max(x!, [1]), ops.argmax(x!, 1)]);
});

onEachEngine("wide rows of five axes, permuted, flipped, sliced and padded", async (engine) => {
  const x = floats(2, 3, 4, 3, 5);
  await check(engine, [x], (x) => [
    ops.permute(x!, [4, 2, 0, 3, 1]),
    ops.flip(ops.permute(x!, [1, 0, 2, 3, 4]), [0, 3]),
    ops.slice(x!, [0, 1, 0, 0, 1], [2, 3, 4, 3, 5], [1, 1, 3, 2, 2]),
    ops.pad(x!, [1, 0, 0, 2, 0], [0, 1, 0, 0, 3], -1.5),
    ops.concat([x!, ops.flip(x!, [2])], 2),
  ]);
});

onEachEngine("NaN and infinities in selections, extremes and comparisons", async (engine) => {
  const x = numbers("float32", [NaN, 1, Infinity, -Infinity, 0, -0, NaN, 2]);
  const y = numbers("float32", [1, NaN, Infinity, Infinity, -0, 0, NaN, -Infinity]);
  const names: BinaryName[] = ["maximum", "minimum", "less", "lessEqual", "equal", "add", "mul", "sub"];
  await check(engine, [x, y], (x, y) => names.map((op) => ops.binary(op, x!, y!)));
  await check(engine, [x, y], (x, y) => ops.where(ops.binary("less", x!, y!), x!, y!));
  await check(engine, [x], (x) => ops.unary("isNaN", ops.sub(x!, x!)));
  const rows = numbers("float32", [NaN, 1, 2, -Infinity, -Infinity, -Infinity, Infinity, 1, 0], [3, 3]);
  await check(engine, [rows], (x) => [ops.max(x!, [1]), ops.min(x!, [1]), ops.sum(x!, [1]), ops.max(x!, [0, 1])]);
  await check(engine, [x], (x) => [ops.cast(x!, "bool"), ops.unary("relu", ops.neg(ops.unary("abs", x!)))]);
});

onEachEngine("infinite and NaN constants", async (engine) => {
  const x = numbers("float32", [1, -1, 0]);
  await check(engine, [x], (x) =>
    [Infinity, -Infinity, NaN, 3.4e38, 1e-38].map((v) =>
      ops.where(
        ops.binary("less", x!, ops.fullLike(x!, 0)),
        ops.fullLike(x!, v),
        x!,
      )
    ));
  await check(engine, [x], (x) => [Infinity, -Infinity].map((v) => ops.pad(x!, [1], [2], v)));
});

onEachEngine("a sum of int32 wraps, over short axes and long ones", async (engine) => {
  const high = 2 ** 31 - 1;
  await check(engine, [
    numbers("int32", [high, 1]),
    numbers("int32", [high, 1, 0, high, 5, 7, 9, 1, 1, 1, high, 3], [2, 6]),
  ], (
    x,
    y,
  ) => [ops.sum(x!, [0]), ops.sum(y!, [0]), ops.sum(y!, [1]), ops.sum(y!, [0, 1]), ops.cumsum(x!, 0)]);
});

onEachEngine("a cast of float32 to whole numbers is held to their range, and NaN is 0", async (engine) => {
  const strange = [Infinity, -Infinity, NaN, 3e9, -3e9, 5e9, 2147483520, -2147483648, 1.9, -1.9, 0];
  await check(engine, [numbers("float32", strange)], (x) => [ops.cast(x!, "int32"), ops.cast(x!, "uint32")]);
  await check(
    engine,
    [numbers("float32", [0])],
    () => strange.flatMap((v) => (["int32", "uint32"] as const).map((to) => ops.cast(ops.full("float32", [2], v), to))),
  );
});

onEachEngine("int32 wraps, truncates its quotient, and compares at its limits", async (engine) => {
  const [high, low] = [2 ** 31 - 1, -(2 ** 31)];
  const x = numbers("int32", [high, low, 123456789, -7, 7, 0, -1, high]);
  const y = numbers("int32", [1, -1, 987654321, 2, -2, 5, high, high]);
  const names: BinaryName[] = ["add", "sub", "mul", "maximum", "minimum", "less", "lessEqual", "equal"];
  await check(engine, [x, y], (x, y) => names.map((op) => ops.binary(op, x!, y!)));
  const divisors = numbers("int32", [2, 3, -1000, 2, 2, 5, 1, -1]);
  await check(engine, [x, divisors], (x, y) => ops.div(x!, y!));
  const strange = numbers("int32", [-1, -1, 0, 0, 0, -1, 0, low]);
  await check(engine, [x, strange], (x, y) => ops.div(x!, y!));
  await check(engine, [x], (x) => [0, -1, 1].map((by) => ops.div(x!, ops.full("int32", [8], by))));
  await check(engine, [x], (x) => [ops.neg(x!), ops.unary("sign", x!), ops.cast(x!, "bool")]);
  await check(engine, [numbers("int32", [-5, 5, 0, -high])], (x) => ops.unary("abs", x!));
  await check(
    engine,
    [numbers("int32", [16777217, -16777217, high])],
    (x) => ops.binary("equal", x!, ops.add(x!, ops.full("int32", [3], 0))),
  );
});

onEachEngine("uint32 operations use all bits", async (engine) => {
  const x = numbers("uint32", [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xdeadbeef]);
  const y = numbers("uint32", [0xffffffff, 0x80000001, 0x12345678, 0x80000000, 1, 0x0f0f0f0f]);
  const shifts = numbers("uint32", [0, 31, 1, 31, 16, 7]);
  const names: BinaryName[] = ["bitAnd", "bitOr", "bitXor", "equal"];
  await check(engine, [x, y], (x, y) => names.map((op) => ops.binary(op, x!, y!)));
  await check(engine, [x, shifts], (x, n) => [ops.binary("shiftLeft", x!, n!), ops.binary("shiftRight", x!, n!)]);
  await check(engine, [x], (x) => ops.cast(ops.binary("shiftRight", x!, ops.full("uint32", [6], 8)), "float32"));
  await check(engine, [x], (x) => [ops.cast(x!, "int32"), ops.reshape(x!, [2, 3]), ops.flip(x!, [0])]);
});

onEachEngine("random bits are the same everywhere, for odd sizes and several axes", async (engine) => {
  for (const shape of [[1], [7], [2, 3], [5, 1, 3], [1001]]) {
    for (const key of [[0, 0], [0xffffffff, 0xffffffff], [1, 2]]) {
      await check(engine, [numbers("uint32", key)], (key) => ops.randomBits(key!, shape));
    }
  }
});

onEachEngine("indexing with repeated and negative indices, along every axis", async (engine) => {
  const x = floats(6, 5, 4);
  for (const axis of [0, 1, 2]) {
    const size = x.shape[axis]!;
    await check(engine, [x, integers(-size, size - 1, 9)], (x, i) => ops.take(x!, i!, axis));
    const index = integers(-size, size - 1, ...x.shape.with(axis, 3));
    await check(engine, [x, index], (x, i) => ops.takeAlongAxis(x!, i!, axis));
    const many = integers(-size, size - 1, ...x.shape.with(axis, 40));
    const source = floats(...x.shape.with(axis, 40));
    await check(engine, [x, many, source], (x, i, s) => ops.scatterAdd(x!, i!, s!, axis));
  }
});

onEachEngine("thousands of additions to one place", async (engine) => {
  const index = numbers("int32", new Array(5000).fill(1));
  const source = numbers("float32", new Array(5000).fill(0.25));
  await check(engine, [numbers("float32", [1, 2, 3]), index, source], (x, i, s) => ops.scatterAdd(x!, i!, s!, 0));
});

onEachEngine("elementwise functions are accurate over their range", async (engine) => {
  const grid = numbers("float32", Array.from({ length: 401 }, (_, i) => Math.fround((i - 200) / 25)));
  const names = ["exp", "expm1", "tanh", "sigmoid", "softplus", "erf", "sin", "cos", "atan"] as const;
  await check(engine, [grid], (x) => names.map((op) => ops.unary(op, x!)), 3e-6);
  const positive = numbers("float32", grid.data.map((x) => Math.fround(Math.exp(2 * x))));
  await check(engine, [positive], (x) => (["log", "log1p", "sqrt"] as const).map((op) => ops.unary(op, x!)), 3e-6);
  const inside = numbers("float32", grid.data.map((x) => Math.fround(x / 8.01)));
  await check(engine, [inside], (x) => (["asin", "acos", "tan"] as const).map((op) => ops.unary(op, x!)), 5e-6);
});

onEachEngine("a program with an empty input, an unused input, and an input as its output", async (engine) => {
  const [empty, unused, x] = [numbers("float32", [], [0, 3]), floats(4), floats(2, 3)];
  await check(
    engine,
    [empty, unused, x],
    (e, _, x) => [x!, ops.sum(e!, [0]), x!, ops.concat([e!, x!], 0), ops.neg(e!)],
  );
});

Deno.test("what is larger than memory is told where it would be made, in a sentence", () => {
  throws(() => zeros([1e9, 1e9]), (error: unknown) => {
    return error instanceof PlumblineError && /takes 4,000,000,000 GB: no memory holds that/.test(error.message) &&
      /engine_test\.ts/.test(error.message);
  });
});
