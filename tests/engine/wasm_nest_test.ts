/** The order in which a kernel goes through its elements. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { Draft } from "../../lib/engine/fused/draft.ts";
import { type Block, chooseNest } from "../../lib/engine/wasm/nest.ts";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { agree, floats, input } from "./wasm_harness.ts";

function nestOf(node: Node, inputs: readonly Node[]): Block {
  const { size, lowering, parts } = new Draft(node, (x) => inputs.includes(x));
  return chooseNest("i", size, { exprs: lowering.exprs, roots: parts.map((x) => x.result), repeats: 1, brief: false });
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
