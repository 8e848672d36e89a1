/** A row of text, and what each head weighs at each byte: a heat map above the changes of the value. */

import { headMap } from "../../plot/head_map.ts";
import { renderSvg } from "../../plot/svg.ts";
import { HostRandom } from "../../tensor/host_random.ts";
import type { LanguageTrainer } from "../../lm/trainer.ts";
import { integer } from "../option.ts";
import { type Look, look, type Pictures } from "../system.ts";

/** `deno task render` of language models. */
export const picture: Look<Pictures> = look({
  options: {
    row: integer(0, 1_000_000, 0, "which of the rows that the seed gives"),
    seed: integer(0, 2 ** 32 - 1, 0, "the same seed gives the same rows"),
  },
  notes: [
    "Of text: the weights of the heads at each byte of a row that was learned from, and how the value of a critic changes.",
  ],
  async run(subject, { row, seed }) {
    const trainer = await subject.trainer() as unknown as LanguageTrainer;
    try {
      const { corpus, options: { algorithm, predictions } } = trainer;
      const random = new HostRandom(seed);
      const rows = Array.from({ length: row + 1 }, () => corpus.draw(random, 1, "train"));
      const looked = await trainer.lookAt(rows[row]!);
      const length = looked.batch.lengths[0]!;
      const text = Uint8Array.from(looked.batch.tokens.subarray(0, length));
      const deltas = algorithm === "critic-wmtp" && { deltas: looked.deltas };
      const spec = headMap({ text, heads: predictions, weights: looked.weights, ...deltas }, {
        title: `${subject.config.scenarioName}: what the heads weigh`,
        subtitle: subject.name,
      });
      return { svg: { "": await renderSvg(spec) }, lines: [] };
    } finally {
      trainer.dispose();
    }
  },
});
