/** Kernels that are written once for all programs: each computes its own program's numbers, in its own program's memory. */

import { deepStrictEqual as equal } from "node:assert/strict";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { agree, compile, floats, input, runOn } from "./wasm_harness.ts";

Deno.test("programs of the same kernels compute in memory of their own, in turn and after one is given back", async () => {
  const make = async () => {
    const [x, y] = [input([40]), input([40])];
    const sum = ops.add(ops.mul(x, y), ops.full("float32", [40], 3));
    return { inputs: [x, y], program: await compile([x, y], [sum, ops.sum(sum, [0])]) };
  };
  const [first, second] = [await make(), await make()];
  const third = await make();
  const run = async ({ inputs, program }: typeof first, by: number): Promise<number[]> => {
    const [all, total] = await runOn(program, inputs, [new Float32Array(40).fill(by), new Float32Array(40).fill(2)]);
    return [all![0]!, all![39]!, total![0]!];
  };
  for (const by of [1, 5]) {
    equal(await run(first, by), [2 * by + 3, 2 * by + 3, 40 * (2 * by + 3)]);
    equal(await run(second, by + 1), [2 * by + 5, 2 * by + 5, 40 * (2 * by + 5)]);
  }
  first.program.dispose();
  const fourth = await make();
  equal(await run(fourth, 7), [17, 17, 680]);
  equal(await run(third, 8), [19, 19, 760]);
  for (const { program } of [second, third, fourth]) program.dispose();
});

/** Graphs of one input `[6, 8]` that differ in a single thing. */
const variants: Readonly<Record<string, (x: Node) => Node[]>> = {
  "a constant": (x) => [2, -2].map((n) => byNumber(x, n)),
  "an axis": (x) => [ops.cumsum(x, 0), ops.cumsum(x, 1), ops.argmax(x, 0), ops.argmax(x, 1)],
  "a direction": (x) => [ops.cumsum(x, 1, false), ops.cumsum(x, 1, true), ops.flip(x, [0]), ops.flip(x, [1])],
  "a reduction": (x) => [ops.sum(x, [0]), ops.max(x, [0]), ops.min(x, [0]), ops.sum(x, [0, 1])],
  "where it is cut": (x) => [0, 1, 2].map((n) => cut(x, [n, 0], [n + 4, 8])),
  "how far apart its elements are": (x) => [1, 2, 3].map((n) => cut(x, [0, 0], [6, 7], [1, n])),
  "where it is padded": (x) => [[0, 2], [2, 0], [1, 1]].map(([a, b]) => ops.pad(x, [a!, 0], [b!, 0], 5)),
  "the number it is padded with": (x) => [0, 5].map((n) => ops.pad(x, [1, 1], [1, 1], n)),
  "a transposed factor": (x) => {
    const square = cut(x, [0, 0], [6, 6]);
    return [[false, false], [true, false], [false, true]].map(([a, b]) => ops.matmul(square, square, a, b));
  },
  "where they are joined": (x) =>
    [1, 3].map((n) => {
      const [first, second] = [cut(x, [0, 0], [n, 8]), cut(x, [0, 0], [6 - n, 8])];
      return ops.concat([first, ops.unary("neg", second)], 0);
    }),
  "a row that is taken": (x) => [0, 3].map((n) => ops.take(x, ops.full("int32", [2], n), 0)),
  "the length of a loop": (x) => [2, 3].map((length) => loop(x, length, false)),
  "the direction of a loop": (x) => [false, true].map((reverse) => loop(x, 4, reverse)),
};

const byNumber = (x: Node, n: number): Node => ops.mul(x, ops.full("float32", x.shape, n));

const cut = (x: Node, from: readonly number[], to: readonly number[], step: readonly number[] = [1, 1]): Node =>
  ops.slice(x, from, to, step);

function loop(x: Node, length: number, reverse: boolean): Node {
  const xs = [cut(x, [0, 0], [length, 8])];
  const step = ([sum]: readonly Node[], [row]: readonly Node[]) => {
    const next = ops.add(ops.mul(sum!, ops.full("float32", [8], 0.5)), row!);
    return { carries: [next], ys: [next] };
  };
  return makeScan({ init: [ops.full("float32", [8], 1)], xs, length, reverse, step }).ys[0]!;
}

for (const [what, make] of Object.entries(variants)) {
  Deno.test(`kernels that differ in ${what} are not taken for each other`, async () => {
    const x = input([6, 8]);
    const outputs = make(x);
    // Alone, so that each is a program; the first once more at last, when all are known.
    for (const output of [...outputs, outputs[0]!]) await agree([x], [output], [floats(x)]);
  });
}

Deno.test("kernels that differ in the sign of a zero are not taken for each other", async () => {
  for (const zero of [0, -0, 0]) {
    const x = input([2]);
    const program = await compile([x], [byNumber(x, zero)]);
    const [y] = await runOn(program, [x], [[1, -1]]);
    equal([...y!].map((n) => Object.is(n, -0)), zero === 0 && !Object.is(zero, -0) ? [false, true] : [true, false]);
    program.dispose();
  }
});

Deno.test("kernels that differ in a type are not taken for each other", async () => {
  for (const dtype of ["float32", "int32", "float32"] as const) {
    const x = input([5], dtype);
    await agree([x], [ops.mul(x, x)], [[1, -2, 3, -4, 5]]);
  }
});
