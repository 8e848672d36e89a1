/** The map of heads: what no critic says is not drawn. */

import assert from "node:assert/strict";
import { headMap } from "../../mod.ts";
import { renderSvg } from "../../lib/plot/svg.ts";

const text = new TextEncoder().encode("1+1=3.");
const weights = new Float32Array(12).fill(0.5);

Deno.test("a map of heads shows changes of value where there is a critic, and no axis for them where there is none", async () => {
  const [without, with_] = await Promise.all([
    renderSvg(headMap({ text, heads: 2, weights })),
    renderSvg(headMap({ text, heads: 2, weights, deltas: [0, 0, 0, 0, -0.5, 0] })),
  ]);
  assert.ok(!without.includes(">change of value<") && with_.includes(">change of value<"));
  assert.ok(without.includes(">bytes ahead<"));
  assert.throws(() => headMap({ text, heads: 2, weights, deltas: [0] }), {
    name: "RangeError",
    message: "headMap() takes 12 weights and 6 deltas, if any, for 6 bytes and 2 heads, not 12 and 1.",
  });
});
