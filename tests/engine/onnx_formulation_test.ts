/** What the CPU engine makes of operations: the right numbers, and as few ONNX operations as the file promises. */

import { deepStrictEqual as equal, strictEqual } from "node:assert";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import { softmax } from "../../lib/graph/composite.ts";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { agree, count, input, runOnce } from "./onnx_harness.ts";

const operations = (lines: readonly string[]): string[] => lines.map((line) => / = (\w+)\(/.exec(line)![1]!);

Deno.test("broadcasting costs no operation", async () => {
  const [x, row, column, s] = [input([4, 3]), input([3]), input([4, 1]), input([])];
  const y = ops.mul(ops.add(ops.add(x, row), column), s);
  equal(operations(await agree([x, row, column, s], [y])), ["Add", "Add", "Mul"]);
});

Deno.test("small values are combined before they are broadcast", async () => {
  const [row, s] = [input([3]), input([])];
  const sum = ops.unary("exp", ops.add(ops.expand(row, [500, 3]), ops.expand(s, [500, 3])));
  equal(operations(await agree([row, s], [ops.sum(sum, [0, 1])])), ["Add", "Exp", "ReduceSum", "Mul", "Reshape"]);
  equal(operations(await agree([row, s], [ops.max(sum, [0])])), ["Add", "Exp", "Reshape"]);
});

Deno.test("a broadcast value is made whole where its parts are moved", async () => {
  const [x, row] = [input([4, 3]), input([3])];
  const wide = ops.expand(row, [4, 3]);
  await agree([x, row], [
    ops.concat([x, wide], 0),
    ops.concat([x, wide], 1),
    ops.reshape(wide, [12]),
    ops.reshape(wide, [1, 4, 3]),
    ops.reshape(ops.reshape(row, [1, 1, 3]), [3]),
    ops.permute(wide, [1, 0]),
    ops.slice(wide, [1, 0], [4, 2]),
    ops.flip(wide, [0, 1]),
    ops.pad(wide, [1, 0], [0, 2], 5),
    ops.cumsum(wide, 0),
    ops.argmax(wide, 1),
    ops.sum(wide, [0]),
    ops.sum(wide, [1]),
    wide,
  ]);
});

Deno.test("x w + b is one Gemm, whatever is transposed", async () => {
  const [x, xt, w, wt, bias] = [input([5, 4]), input([4, 5]), input([4, 3]), input([3, 4]), input([3])];
  const outputs = [
    ops.add(ops.matmul(x, w), bias),
    ops.add(ops.expand(bias, [5, 3]), ops.matmul(x, wt, false, true)),
    ops.add(ops.matmul(xt, w, true), ops.full("float32", [5, 3], 2)),
    ops.matmul(xt, wt, true, true),
  ];
  equal(operations(await agree([x, xt, w, wt, bias], outputs)), ["Gemm", "Gemm", "Gemm", "Gemm"]);
});

Deno.test("a softmax along the last axis is one operation, and its derivative four; what has no sum stays none", async () => {
  const [x, g] = [input([3, 4]), input([3, 4])];
  const y = softmax(x, 1);
  equal(operations(await agree([x], [y])), ["Softmax"]);
  const [gradient] = vjpNodes([y], [g], [x]);
  const lines = operations(await agree([x, g], [gradient!]));
  equal(lines, ["Softmax", "Mul", "ReduceSum", "Sub", "Mul"]);
  await agree([x], [y], [[1e4, 0, -1e4, 1e4, -Infinity, 3, -Infinity, 2, 90, 89, -90, 88]]);
  // Nothing but -Infinity, and a NaN.
  await agree([x], [y], [[-Infinity, -Infinity, -Infinity, -Infinity, NaN, 1, 2, 3, 1, 2, 3, 4]]);
  equal(count(await agree([x], [softmax(x, 0)]), "Softmax"), 0);
});

Deno.test("a product that somebody else reads is not swallowed by its sum", async () => {
  const [x, w, bias] = [input([5, 4]), input([4, 3]), input([3])];
  const product = ops.matmul(x, w);
  equal(operations(await agree([x, w, bias], [product, ops.add(product, bias)])), ["MatMul", "Add"]);
});

Deno.test("a bias may be a matrix, a column, a product or of more axes than Gemm takes", async () => {
  const [x, w, m, column] = [input([5, 4]), input([4, 3]), input([5, 3]), input([5, 1])];
  await agree([x, w, m, column], [
    ops.add(ops.matmul(x, w), m),
    ops.add(ops.matmul(x, w), column),
    ops.add(ops.matmul(x, w), ops.matmul(x, ops.mul(w, w))),
  ]);
  const [a, b, big] = [input([2, 5, 4]), input([4, 3]), input([2, 1, 3])];
  const product = (): Node => ops.matmul(a, ops.expand(b, [2, 4, 3]));
  await agree([a, b, big], [ops.add(product(), big), ops.add(product(), ops.expand(input2(), [2, 5, 3]))]);

  function input2(): Node {
    return ops.full("float32", [1, 5, 3], 0.5);
  }
});

Deno.test("a batch that shares its weight is one Gemm of all rows", async () => {
  const [x, w, bias] = [input([6, 5, 4]), input([3, 4]), input([3])];
  const y = ops.add(ops.matmul(x, ops.expand(w, [6, 3, 4]), false, true), bias);
  const lines = await agree([x, w, bias], [y]);
  equal([count(lines, "Gemm"), count(lines, "MatMul"), count(lines, "Expand"), count(lines, "Add")], [1, 0, 0, 0]);
});

Deno.test("the gradient of a shared weight is one Gemm of all rows", async () => {
  const [x, g] = [input([6, 5, 4]), input([6, 5, 3])];
  const lines = await agree([x, g], [ops.reshape(ops.sum(ops.matmul(x, g, true), [0]), [4, 3])]);
  equal([count(lines, "Gemm"), count(lines, "MatMul"), count(lines, "ReduceSum")], [1, 0, 0]);
});

Deno.test("batches of products are right for every transposition and every broadcast batch", async () => {
  const cases: [number[], number[], boolean, boolean][] = [];
  for (const transA of [false, true]) {
    for (const transB of [false, true]) {
      cases.push([transA ? [2, 4, 5] : [2, 5, 4], transB ? [2, 3, 4] : [2, 4, 3], transA, transB]);
    }
  }
  // So tall that it is made lying down.
  cases.push([[2, 4, 13], [2, 4, 3], true, false]);
  for (const [left, right, transA, transB] of cases) {
    const [a, b] = [input(left), input(right)];
    const [one, two] = [input([1, ...left.slice(1)]), input([1, ...right.slice(1)])];
    await agree([a, b, one, two], [
      ops.matmul(a, b, transA, transB),
      ops.matmul(ops.expand(one, left), b, transA, transB),
      ops.matmul(a, ops.expand(two, right), transA, transB),
      ops.matmul(ops.expand(one, left), ops.expand(two, right), transA, transB),
      ops.matmul(ops.full("float32", left, 0.5), b, transA, transB),
    ]);
  }
});

Deno.test("a sum of squares is one operation", async () => {
  const x = input([4, 3]);
  equal(operations(await agree([x], [ops.sum(ops.mul(x, x), [0])])), ["ReduceSumSquare"]);
  const row = input([3]);
  const wide = ops.expand(row, [4, 3]);
  await agree([row], [ops.sum(ops.mul(wide, wide), [0, 1])]);
});

Deno.test("a sum of absolute values is one operation, and NaN where one of them is", async () => {
  const x = input([2, 3]);
  const total = ops.sum(ops.unary("abs", x), [1]);
  equal(operations(await agree([x], [total], [[1, -Infinity, 2, 3, NaN, 4]])), ["ReduceL1"]);
});

Deno.test("sums and extrema of nothing, and of squares of nothing, are what they are in PyTorch", async () => {
  const x = input([0, 3]);
  await agree([x], [ops.sum(ops.mul(x, x), [0]), ops.sum(ops.unary("abs", x), [0, 1]), ops.max(x, [1])]);
});

Deno.test("sums over rows are products with ones; short axes are cut into parts", async () => {
  const [x, y] = [input([40, 5]), input([6, 5, 3, 2])];
  equal(operations(await agree([x], [ops.sum(x, [0])])), ["MatMul"]);
  const lines = await agree([y], [
    ops.sum(y, [0, 1]),
    ops.sum(y, [1]),
    ops.sum(y, [2]),
    ops.sum(ops.reshape(y, [6, 30, 1]), [1]),
    ops.sum(y, [1, 2]),
    ops.sum(y, [3]),
    ops.max(y, [2]),
    ops.min(y, [3]),
    ops.max(y, [0, 1]),
  ]);
  equal([count(lines, "MatMul"), count(lines, "Split"), count(lines, "ReduceSum")], [1, 4, 3]);
});

Deno.test("the gradient of a thin weight is right although it is computed transposed", async () => {
  const [x, g] = [input([32, 3]), input([32, 20])];
  const lines = await agree([x, g], [ops.matmul(g, x, true)]);
  equal([count(lines, "Gemm"), count(lines, "Transpose")], [1, 1]);
});

Deno.test("gradients of slices of one vector are joined, with zeros where there is none", async () => {
  const [a, b, c] = [input([2]), input([3]), input([1])];
  const joined = ops.add(ops.add(ops.pad(b, [4], [3]), ops.pad(a, [1], [7])), ops.pad(c, [9], [0]));
  const lines = await agree([a, b, c], [joined]);
  equal([count(lines, "Concat"), count(lines, "Pad"), count(lines, "Add")], [1, 0, 0]);
  const overlapping = ops.add(ops.pad(b, [4], [3]), ops.pad(b, [5], [2]));
  equal(operations(await agree([b], [overlapping])), ["Pad", "Pad", "Add"]);
  const x = input([2, 3]);
  const corners = ops.add(ops.pad(x, [0, 0], [2, 2]), ops.pad(x, [2, 2], [0, 0]));
  equal(operations(await agree([x], [corners])), ["Pad", "Pad", "Add"]);
});

Deno.test("max, min, maximum, minimum and relu give NaN for NaN", async () => {
  const [x, y] = [input([9]), input([9])];
  const nan = [1, NaN, 3, -Infinity, Infinity, -1, 2, 5, 6];
  const plain = [NaN, 1, 2, NaN, NaN, 4, 0, 1, -1];
  const outputs = [
    ops.max(x, [0]),
    ops.min(x, [0]),
    ops.max(ops.reshape(x, [3, 3]), [1]),
    ops.min(ops.reshape(x, [3, 3]), [0]),
    ops.binary("maximum", x, y),
    ops.binary("minimum", x, y),
    ops.unary("relu", x),
  ];
  await agree([x, y], outputs, [nan, plain]);
});

Deno.test("an extremum beside infinities is no NaN", async () => {
  const x = input([2, 3]);
  await agree([x], [ops.max(x, [1]), ops.min(x, [1])], [[Infinity, -Infinity, 0, -Infinity, -Infinity, -Infinity]]);
});

Deno.test("log1p, expm1, softplus and sigmoid keep their relative accuracy", async () => {
  const x = input([9]);
  const small = [1e-12, -1e-12, 1e-7, -1e-7, 1e-4, -0.999, 3, 80, Infinity];
  const y = ["log1p", "expm1", "softplus", "sigmoid"] as const;
  const values = await runOnce({ inputs: [x], outputs: y.map((op) => ops.unary(op, x)) }, [small]);
  const exact = [
    Math.log1p,
    Math.expm1,
    (v: number) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))),
    (v: number) => 1 / (1 + Math.exp(-v)),
  ];
  const near = (a: number, e: number): boolean => a === e || Math.abs(a - e) <= 1e-6 * Math.abs(e);
  values.forEach((row, i) => {
    const expected = small.map((v) => exact[i]!(Math.fround(v)));
    equal(row.map((a, k) => Number(near(a, expected[k]!))), new Float32Array(9).fill(1), `${y[i]}: ${row}`);
  });
  const far = await runOnce({ inputs: [x], outputs: [ops.unary("softplus", x), ops.unary("sigmoid", x)] }, [
    [-30, -50, -80, -87, -200, -Infinity, NaN, 0, 200],
  ]);
  for (const row of far) {
    strictEqual(Math.abs(row[0]! / 9.357623e-14 - 1) < 1e-5, true);
    equal([row[4], row[5], row[6]], [0, 0, NaN]);
  }
});

Deno.test("comparison, choice and equality work for every dtype", async () => {
  const [c, b1, b2] = [input([4], "bool"), input([4], "bool"), input([4], "bool")];
  const [i1, i2, u1, u2] = [input([4], "int32"), input([4], "int32"), input([4], "uint32"), input([4], "uint32")];
  await agree([c, b1, b2, i1, i2, u1, u2], [
    ops.where(c, b1, b2),
    ops.where(c, i1, i2),
    ops.where(c, u1, u2),
    ops.binary("equal", b1, b2),
    ops.binary("equal", i1, i2),
    ops.binary("equal", u1, u2),
    ops.binary("less", i1, i2),
    ops.binary("lessEqual", i1, i2),
    ops.cast(u1, "float32"),
    ops.cast(b1, "int32"),
    ops.cast(i1, "bool"),
  ], [null, null, null, null, null, [0xffffffff, 0x80000000, 1, 2], [0xffffffff, 0x80000000, 2, 2]]);
});
