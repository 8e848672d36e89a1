/** Simplification keeps values: the rewrites, and constants that look alike as text. */

import { deepStrictEqual as equal, ok, strictEqual } from "node:assert";
import { attributeText, makeNode, type Node, placeholder, topological } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { aval } from "../../lib/graph/types.ts";
import { interpretNodes } from "../oracle.ts";

const x = placeholder(aval("float32", [2, 3]));
const feed = new Map([[x, [1, -2, 3, 0.5, 0, 4]]]);
const constant = (value: number): Node => ops.full("float32", [2, 3], value);

function values(nodes: readonly Node[]): number[][] {
  return interpretNodes(nodes, feed).map((v) => Array.from(v, (n) => n + 0)); // -0 is 0
}

function checkSame(...outputs: Node[]): Node[] {
  const simplified = simplify(outputs);
  equal(values(simplified), values(outputs));
  equal(simplified.map((n) => [n.dtype, n.shape]), outputs.map((n) => [n.dtype, n.shape]));
  return simplified;
}

function count(nodes: readonly Node[]): number {
  return topological(nodes).length;
}

Deno.test("simplify() keeps infinities, NaN and zero apart", () => {
  const outputs = [Infinity, -Infinity, NaN, 0].map((value) => ops.mul(ops.unary("exp", x), constant(value)));
  checkSame(...outputs);
  const padded = [Infinity, -Infinity, 0].map((value) => ops.pad(x, [1, 0], [0, 0], value));
  checkSame(...padded);
});

Deno.test("simplify() computes with constants as float32 does, and keeps the sign of 0", () => {
  const [tenth] = simplify([ops.mul(constant(0.1), constant(0.1))]);
  strictEqual(tenth!.op === "full" && tenth!.attrs.value, Math.fround(Math.fround(0.1) ** 2));
  const inverse = ops.div(constant(1), ops.sub(constant(0), x));
  checkSame(inverse, ops.div(constant(1), ops.sub(constant(-0), x)));
  strictEqual(values(simplify([inverse]))[0]![4], Infinity);
});

Deno.test("simplify() computes the same expression once", () => {
  const twice = ops.add(ops.unary("exp", ops.neg(x)), ops.unary("exp", ops.neg(x)));
  strictEqual(count(checkSame(twice)), 4);
});

Deno.test("simplify() does not join operations of different attributes", () => {
  checkSame(ops.sum(x, [0]), ops.sum(x, [1]), ops.max(x, [1]), ops.min(x, [1]));
  checkSame(ops.cumsum(x, 1), ops.cumsum(x, 1, true), ops.flip(x, [0]), ops.flip(x, [1]));
  checkSame(ops.cast(x, "int32"), ops.cast(x, "bool"));
});

Deno.test("simplify() removes what does nothing", () => {
  const same = [
    ops.add(x, constant(0)),
    ops.add(constant(0), x),
    ops.sub(x, constant(0)),
    ops.mul(x, constant(1)),
    ops.mul(constant(1), x),
    ops.div(x, constant(1)),
    ops.neg(ops.neg(x)),
    ops.stopGradient(x, "a test"),
    ops.permute(ops.permute(x, [1, 0]), [1, 0]),
    ops.reshape(ops.reshape(x, [6]), [2, 3]),
    ops.where(ops.binary("less", x, constant(0)), x, x),
  ];
  for (const result of checkSame(...same)) strictEqual(result, x);
});

Deno.test("simplify() folds arithmetic on constants and keeps what is not", () => {
  const [folded] = checkSame(ops.mul(ops.add(constant(2), constant(3)), constant(4)));
  strictEqual(folded!.op, "full");
  const y = ops.unary("exp", x);
  checkSame(ops.sub(constant(0), x), ops.add(x, ops.neg(y)), ops.sub(x, ops.neg(y)), ops.add(ops.neg(y), x));
  checkSame(ops.mul(x, constant(-1)), ops.mul(constant(-1), x));
  checkSame(ops.sum(constant(2), [1]), ops.reshape(constant(2), [6]), ops.pad(constant(2), [1, 0], [0, 1], 7));
});

Deno.test("simplify() converts constants to every dtype, and ends", () => {
  const sources = [
    constant(2.7),
    constant(-2.7),
    constant(0),
    constant(NaN),
    ops.full("int32", [2], -3),
    ops.full("bool", [2], 1),
  ];
  for (const source of sources) {
    for (const dtype of ["float32", "int32", "bool"] as const) {
      if (dtype === source.dtype) continue;
      const cast = makeNode("cast", [source], { dtype });
      const [folded] = checkSame(cast);
      strictEqual(folded!.op, "full");
    }
  }
});

Deno.test("simplify() composes permutations in the right order", () => {
  const y = ops.reshape(x, [1, 2, 3]);
  checkSame(ops.permute(ops.permute(y, [2, 0, 1]), [1, 2, 0]), ops.permute(ops.permute(y, [1, 2, 0]), [1, 2, 0]));
});

Deno.test("simplify() makes flags of transposed factors", () => {
  const swapped = ops.permute(x, [1, 0]);
  const results = checkSame(ops.matmul(x, swapped), ops.matmul(swapped, x), ops.matmul(swapped, swapped, true, false));
  strictEqual(topological(results).some((node) => node.op === "permute"), false);
});

Deno.test("simplify() makes a product of swapped factors of a transposed product", () => {
  const square = ops.matmul(x, x, false, true);
  for (const [transA, transB] of [[false, false], [true, false], [false, true], [true, true]] as const) {
    const a = transA ? ops.permute(x, [1, 0]) : x;
    const b = transB ? x : ops.permute(x, [1, 0]);
    const [product] = checkSame(ops.permute(ops.matmul(square, ops.matmul(a, b, transA, transB)), [1, 0]));
    strictEqual(product!.op, "matmul");
  }
});

Deno.test("simplify() makes zeros of a sum and a product over nothing", () => {
  const nothing = ops.slice(x, [0, 3], [2, 3]);
  const results = checkSame(ops.sum(nothing, [1]), ops.matmul(nothing, nothing, false, true));
  equal(results.map((node) => node.op), ["full", "full"]);
});

Deno.test("simplify() works inside the body of a scan and keeps its results", () => {
  const constantRow = (value: number): Node => ops.full("float32", [1, 3], value);
  const wide = ops.reshape(x, [2, 1, 3]);
  const results = [Infinity, -Infinity].map((value) => scanOf(wide, value, constantRow));
  checkSame(...results.flat());
});

Deno.test("what a loop takes twice from outside it receives once, and computes from once", () => {
  const start = ops.sum(x, [0, 1]);
  const again = (): Node => ops.reshape(ops.unary("exp", x), [3, 2]);
  const { carries } = makeScan({
    init: [start],
    xs: [],
    length: 2,
    reverse: false,
    step: ([c]) => {
      const of = (y: Node): Node => ops.sum(ops.unary("tanh", ops.mul(y, ops.expand(c!, [3, 2]))), [0, 1]);
      return { carries: [ops.add(of(again()), of(again()))], ys: [] };
    },
  });
  const [total] = checkSame(...carries);
  const loop = total!.inputs[0]!;
  ok(loop.op === "scan");
  equal([loop.inputs.length, loop.attrs.body.inputs.length], [2, 2]);
  equal(topological(loop.attrs.body.outputs).filter((node) => node.op === "tanh").length, 1);
});

function scanOf(xs: Node, value: number, row: (value: number) => Node): Node[] {
  const { carries, ys } = makeScan({
    init: [ops.sum(x, [0])],
    xs: [xs],
    length: 2,
    reverse: false,
    step: ([c], [y]) => ({
      carries: [ops.where(ops.binary("less", y!, row(1)), ops.mul(c!, row(1)), row(value))],
      ys: [ops.add(y!, row(0))],
    }),
  });
  return [...carries, ...ys];
}

Deno.test("the outputs of a scan carry no nodes of its body as attributes", () => {
  for (const output of scanOf(ops.reshape(x, [2, 1, 3]), 1, (value) => ops.full("float32", [1, 3], value))) {
    ok(attributeText(output.attrs).length < 200, attributeText(output.attrs));
  }
});
