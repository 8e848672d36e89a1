/** A `where` by one number on the CPU engine: what it does not take is not computed. */

import { deepStrictEqual as equal } from "node:assert";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { agree, count, input } from "./onnx_harness.ts";

const square = [128, 128] as const;

/** Work that is worth a choice. */
const heavy = (x: Node, w: Node): Node => ops.unary("tanh", ops.matmul(x, w));

/** The lines of the program that are not in a side. */
const outside = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith(" "));

for (const truth of [1, 0]) {
  Deno.test(`where by one number that is ${truth === 1} computes that side only`, async () => {
    const [c, x, w] = [input([], "bool"), input(square), input(square)];
    const wide = ops.expand(c, square);
    const lines = await agree([c, x, w], [ops.where(wide, heavy(x, w), ops.unary("exp", x))], [[truth], null, null]);
    equal([count(lines, "If"), count(lines, "Tanh"), count(lines, "Exp")], [1, 1, 1]);
    equal([count(outside(lines), "Tanh"), count(outside(lines), "Exp"), count(lines, "Where")], [0, 0, 0]);
  });
}

Deno.test("all that one number decides is one choice: what their sides share is computed once", async () => {
  const [c, x, w] = [input([], "bool"), input(square), input(square)];
  const shared = heavy(x, w);
  const total = ops.sum(shared, [0, 1]);
  const [wide, narrow] = [ops.expand(c, square), ops.full("float32", [], 2)];
  const outputs = [
    ops.where(wide, shared, x),
    ops.where(c, total, narrow),
    ops.where(ops.reshape(c, []), narrow, total),
  ];
  for (const truth of [1, 0]) {
    const lines = await agree([c, x, w], outputs, [[truth], null, null]);
    equal([count(lines, "If"), count(outside(lines), "Tanh")], [1, 0]);
  }
});

Deno.test("what something else needs too is computed in any case", async () => {
  const [c, x, w] = [input([], "bool"), input(square), input(square)];
  const shared = heavy(x, w);
  const outputs = [ops.where(ops.expand(c, square), heavy(shared, w), x), ops.unary("exp", shared)];
  for (const truth of [1, 0]) {
    const lines = await agree([c, x, w], outputs, [[truth], null, null]);
    equal([count(lines, "If"), count(lines, "Tanh"), count(outside(lines), "Tanh")], [1, 2, 1]);
  }
});

Deno.test("a choice may need another of the same number, and hold one of another", async () => {
  const [c, d, x, w] = [input([], "bool"), input([], "bool"), input(square), input(square)];
  const [wide, other] = [ops.expand(c, square), ops.expand(d, square)];
  const first = ops.where(wide, heavy(x, w), x);
  const inner = ops.where(other, heavy(ops.unary("sin", first), w), heavy(ops.unary("cos", first), w));
  for (const truths of [[1, 1], [1, 0], [0, 1], [0, 0]]) {
    const given = [[truths[0]!], [truths[1]!], null, null];
    const lines = await agree([c, d, x, w], [ops.where(wide, inner, first), first], given);
    equal([count(lines, "If"), count(outside(lines), "If")], [3, 2]);
  }
});

Deno.test("where by several numbers, or of little work, stays one operation", async () => {
  const [row, c, x, w] = [input([128], "bool"), input([], "bool"), input(square), input(square)];
  const lines = await agree([row, c, x, w], [
    ops.where(ops.expand(row, square), heavy(x, w), x),
    ops.where(ops.expand(c, square), ops.unary("exp", x), x),
  ], [null, [1], null, null]);
  equal([count(lines, "If"), count(lines, "Where")], [0, 2]);
});

for (const found of [0, 2, 9]) {
  Deno.test(`a loop that keeps what step ${found} has found, where there is one, leaves out the rest`, async () => {
    const [marks, x, w] = [input([5]), input(square), input(square)];
    const { carries } = makeScan({
      init: [x, ops.full("float32", [], 0)],
      xs: [marks],
      length: 5,
      reverse: false,
      step: ([held, done], [mark]) => {
        const isOpen = ops.binary("equal", done!, ops.full("float32", [], 0));
        const next = heavy(ops.add(x, ops.expand(mark!, square)), w);
        return {
          carries: [ops.where(ops.expand(isOpen, square), next, held!), ops.where(isOpen, mark!, done!)],
          ys: [],
        };
      },
    });
    const given = Array.from({ length: 5 }, (_, i) => i === found ? 1 : 0);
    const lines = await agree([marks, x, w], carries, [given, null, null]);
    equal(count(lines, "If"), 1);
  });
}

Deno.test("a loop may be a side, whole or in part", async () => {
  const [c, x, w] = [input([], "bool"), input(square), input(square)];
  const loop = () =>
    makeScan({
      init: [x, w],
      xs: [],
      length: 3,
      reverse: false,
      step: ([a, b]) => ({ carries: [heavy(a!, b!), ops.unary("sin", b!)], ys: [] }),
    }).carries as [Node, Node];
  const wide = ops.expand(c, square);
  const [whole, part] = [loop(), loop()];
  const outputs = [ops.where(wide, ops.add(whole[0], whole[1]), x), ops.where(wide, part[0], x), part[1]];
  for (const truth of [1, 0]) {
    const lines = await agree([c, x, w], outputs, [[truth], null, null]);
    equal([count(lines, "Scan"), count(outside(lines), "Scan")], [2, 1]);
  }
});
