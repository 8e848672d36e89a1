/** The map of heads: what no critic says is not drawn, and every letter is. */

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
  // A text that is longer than a line goes on below, with its letters, on one scale and with one legend.
  const long = new TextEncoder().encode("a".repeat(80) + "xyz");
  const lines = await renderSvg(headMap({ text: long, heads: 1, weights: new Float32Array(83).fill(0.5) }));
  assert.deepEqual([..."xyz"].map((letter) => lines.includes(`>${letter}</text>`)), [true, true, true]);
  assert.deepEqual([lines.match(/>bytes ahead</g)!.length, lines.match(/>weight</g)!.length], [2, 1]);
  assert.throws(() => headMap({ text, heads: 2, weights, deltas: [0] }), {
    name: "RangeError",
    message: "headMap() takes 12 weights and 6 deltas, if any, for 6 bytes and 2 heads, not 12 and 1.",
  });
});
