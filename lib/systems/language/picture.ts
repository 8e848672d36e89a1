/** A row of text, and what each head weighs at each byte: a heat map above the changes of the value. */

import type { TypedArray } from "../../graph/types.ts";
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
      // In pairs, as batches are: shuffled weights are those of the other row.
      const pairs = Array.from({ length: (row >> 1) + 1 }, () => corpus.draw(random, 2, "train"));
      const { batch: { tokens, lengths }, weights, deltas: changes } = await trainer.lookAt(pairs.at(-1)!);
      const [own, time] = [row & 1, corpus.contextLength];
      const part = (x: TypedArray, width: number) => Float32Array.from(x.subarray(own * width, own * width + width));
      const text = Uint8Array.from(part(tokens, time).subarray(0, lengths[own]!));
      const deltas = algorithm === "critic-wmtp" && { deltas: part(changes, time) };
      const spec = headMap({ text, heads: predictions, weights: part(weights, time * predictions), ...deltas }, {
        title: `${subject.config.scenarioName}: what the heads weigh`,
        subtitle: subject.name,
      });
      return { svg: { "": await renderSvg(spec) }, lines: [] };
    } finally {
      trainer.dispose();
    }
  },
});
