/** Random graphs as WebAssembly against the oracle: of all sizes, loops in loops, gradients, and numbers at the ends of their range. */

import { vjpNodes } from "../../lib/grad/vjp.ts";
import type { Node } from "../../lib/graph/node.ts";
import { add, full, fullLike, mul } from "../../lib/graph/ops.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { problem, total } from "../grad/random_problem.ts";
import type { Variety } from "../ops/random_builder.ts";
import { randomGraph } from "../ops/random_graph.ts";
import { interpret, interpretSingle } from "../oracle.ts";
import { agree } from "./wasm_harness.ts";

/** Widths that vectors of four divide and do not, and a few that are 1. */
const sizes = [1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 65, 100];

async function checkAll(count: number, size: number, variety: Partial<Variety>): Promise<void> {
  for (let seed = 0; seed < count; seed++) {
    const { inputs, feeds, outputs } = randomGraph(seed, size, variety);
    const reference = variety.isSpecial ? interpretSingle : interpret;
    const expected = { values: reference({ inputs, outputs }, feeds), tolerance: variety.isSpecial ? 0 : 1e-4 };
    await agree(inputs, simplify(outputs), feeds, expected, { brief: seed % 3 === 0 });
  }
}

for (
  const [name, count, size, variety] of [
    ["of few numbers", 150, 12, {}],
    ["with loops in loops", 80, 12, { isVaried: true }],
    ["of many numbers", 80, 10, { isVaried: true, sizes }],
    ["of rows and columns of hundreds", 40, 6, { isVaried: true, sizes: [1, 2, 3, 31, 33, 64, 128, 1000], most: 5000 }],
  ] as const
) {
  Deno.test(`${count} random graphs ${name} have the oracle's values`, () => checkAll(count, size, variety));
}

for (const [name, wide] of [["few", {}], ["many", { sizes }]] as const) {
  Deno.test(`random graphs of ${name} numbers, of which some are NaN, infinite, tiny or the largest, are right to the bit`, async () => {
    await checkAll(60, 10, { isVaried: true, isSpecial: true, ...wide });
  });
}

/** Derivatives of a loss: first ones, or those of a sum of their squares. */
function gradients(loss: Node, wrt: readonly Node[], order: 1 | 2): Node[] {
  const first = vjpNodes([loss], [fullLike(loss, 1)], wrt).filter((g) => g !== null);
  if (order === 1) return first;
  const squares = first.map((g, i) => mul(total(mul(g, g)), full("float32", [], i % 2 === 0 ? 0.3 : -0.2)));
  return gradients(squares.reduce(add, full("float32", [], 0)), wrt, 1);
}

for (
  const [order, name, count, size, variety] of [
    [1, "gradients of random graphs", 40, 12, { isVaried: true }],
    [1, "gradients of random graphs of many numbers", 40, 7, { isVaried: true, sizes, most: 1500 }],
    [2, "gradients of gradients of random graphs", 30, 7, { isVaried: true }],
  ] as const
) {
  Deno.test(`${name} have the oracle's values`, async () => {
    for (let seed = 0; seed < count; seed++) {
      const { inputs, feeds, loss, directions } = problem(seed, size, variety);
      const outputs = gradients(loss, [...directions.keys()], order);
      const rounded = feeds.map((x) => x.map(Math.fround));
      const values = interpret({ inputs, outputs }, rounded);
      await agree(inputs, simplify(outputs), rounded, { values, tolerance: 3e-4, ofLargest: true });
    }
  });
}
