/** What is judged of rows, by numbers that are counted by hand. */

import { deepStrictEqual as equal, ok } from "node:assert";
import { emptyBatch, type TextBatch } from "../../lib/lm/corpora/corpus.ts";
import { Stories } from "../../lib/lm/corpora/stories.ts";
import { Sums } from "../../lib/lm/corpora/sums.ts";
import { judge, type Looked } from "../../lib/lm/reading.ts";

const [time, heads] = [4, 2];

/** One row of three bytes, a fourth place that is none, and what two heads make of it. */
function looked(scored: readonly number[], choices: readonly number[]): Looked {
  const batch: TextBatch = emptyBatch(1, time);
  batch.tokens.set([7, 8, 9]);
  batch.lengths[0] = 3;
  batch.scored.set(scored);
  return {
    batch,
    losses: Float32Array.of(1, 4, 3, 0, 9, 9, 9, 9),
    choices: Int32Array.from(choices),
    weights: Float32Array.of(3, 1, 1, 0, 0, 0, 0, 0),
    deltas: new Float32Array(time),
  };
}

Deno.test("bits, acceptance and what is scored are of the places that have a byte to say", () => {
  const corpus = new Stories(time);
  const { metrics } = judge(corpus, [looked([0, 1, 1, 1], [8, 9, 9, 0, 0, 0, 0, 0])], heads, true);
  const { bits_per_byte, ...others } = metrics;
  // (1 + 3) / 2 nats.
  ok(Math.abs(bits_per_byte! - 2 / Math.LN2) < 1e-12);
  // Head 2 says at the first byte what head 1 says at the second; the weights 3 and 1 are 0.75 and 0.25.
  equal(others, {
    induction_accuracy: 1,
    bits_of_head_2: 4 / Math.LN2,
    acceptance_of_head_2: 1,
    weight_deviation: 0.25,
  });
  const wrong = judge(corpus, [looked([0, 1, 1, 1], [8, 3, 3, 0, 0, 0, 0, 0])], heads, true);
  equal([wrong.metrics.induction_accuracy, wrong.metrics.acceptance_of_head_2], [0.5, 1]);
  ok(!("weight_deviation" in judge(corpus, [looked([0, 1, 1, 1], [8, 3, 3, 0, 0, 0, 0, 0])], heads, false).metrics));
});

Deno.test("a sum is right if all of its answer is", () => {
  const corpus = new Sums({ digits: 0, corrupted: 0 });
  const both = [looked([0, 1, 1, 0], [8, 9, 9, 0, 0, 0, 0, 0]), looked([0, 1, 1, 0], [8, 9, 3, 0, 0, 0, 0, 0])];
  equal(judge(corpus, both, heads, true).metrics.exact_match, 0.5);
});
