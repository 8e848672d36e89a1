/** The order in which a kernel goes through its elements. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { Draft } from "../../lib/engine/fused/draft.ts";
import { type Block, chooseNest, straight } from "../../lib/engine/wasm/nest.ts";
import { priceOf, type Work } from "../../lib/engine/wasm/price.ts";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { agree, floats, input } from "./wasm_harness.ts";

function draftOf(node: Node, inputs: readonly Node[]): { size: number; work: Work } {
  const { size, lowering, parts } = new Draft(node, (x) => inputs.includes(x));
  return { size, work: { exprs: lowering.exprs, roots: parts.map((x) => x.result), repeats: 1, brief: false } };
}

function nestOf(node: Node, inputs: readonly Node[]): Block {
  const { size, work } = draftOf(node, inputs);
  return chooseNest("i", size, work);
}

/** Of each part of a block, the first element and the number of vectors. */
const partsOf = ({ inner }: Block): [number, number][] =>
  inner.map((x) => [x.inner[0]!.views[0]!.spreads.get("i")!.base.lo, x.inner[0]!.count]);

Deno.test("pieces that are joined, or padded, are computed only where they lie", async () => {
  const pieces = [40, 17, 100].map((n) => input([n, 3]));
  const joined = ops.concat(pieces.map((x) => ops.unary("sin", x)), 0);
  const padded = ops.pad(ops.unary("sin", pieces[0]!), [5, 0], [20, 0]);
  equal(partsOf(nestOf(joined, pieces)), [[0, 30], [120, 12], [171, 75]]);
  equal(partsOf(nestOf(padded, pieces)), [[0, 3], [15, 30], [135, 15]]);
  await agree(pieces, [joined, padded], pieces.map((x, i) => floats(x, i)));
});

Deno.test("a price is told as it is up to what it may be, and beyond that as Infinity", () => {
  const pieces = [input([41, 6]), input([6, 41])];
  const turned = ops.binary("add", pieces[0]!, ops.permute(pieces[1]!, [1, 0]));
  const { size, work } = draftOf(turned, pieces);
  for (const block of [nestOf(turned, pieces), straight("i", size, 3)]) {
    const price = priceOf(block, work);
    equal(priceOf(block, work, price), price);
    equal([0.1, 0.9].map((share) => priceOf(block, work, share * price)), [Infinity, Infinity]);
  }
});
