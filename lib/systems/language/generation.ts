/** Text that the model of a run goes on with. */

import { TextGenerator } from "../../lm/generation.ts";
import type { LanguageTrainer } from "../../lm/trainer.ts";
import { HostRandom } from "../../tensor/host_random.ts";
import { flag, integer, positive, real, words } from "../option.ts";
import { type Evaluation, type Look, look } from "../system.ts";
import { counted, printable } from "../text.ts";
import { UsageError } from "../usage.ts";

const options = {
  prompt: words(null, "what the text begins with; else the beginning of a row"),
  bytes: integer(1, 10_000_000, 200, "bytes to write"),
  temperature: real(0, 100, 0, "0: always the likeliest byte; 1: as the model says; more: more evenly"),
  topK: integer(0, 256, 0, "only so many of the likeliest bytes; 0: all"),
  topP: positive(1, 1, "only the likeliest bytes that have this probability together"),
  speculative: flag("heads draft bytes that the first then verifies: the same text in fewer steps, for temperature 0"),
  seed: integer(0, 2 ** 32 - 1, 0, "the same seed, the same text"),
  json: flag("print text and counts as JSON"),
};

/** `deno task generate`. */
export const generation: Look<Evaluation> = look({
  options,
  notes: [],
  async run(subject, { prompt: given, bytes: count, speculative, seed, ...sampling }) {
    if (speculative && sampling.temperature > 0) {
      throw new UsageError(
        "--speculative is for --temperature 0: what is drafted is verified against the likeliest byte.",
      );
    }
    const trainer = await subject.trainer() as unknown as LanguageTrainer;
    const { corpus, model } = trainer;
    const random = new HostRandom(seed);
    const prompt = given === null ? corpus.prompt(random) : new TextEncoder().encode(given);
    const writer = new TextGenerator(model, corpus.contextLength);
    try {
      const began = performance.now();
      const { text, forwards } = await writer.generate(prompt, { count, speculative, random, ...sampling });
      const seconds = (performance.now() - began) / 1000;
      const [before, after] = [prompt, text].map((x) => new TextDecoder().decode(x)) as [string, string];
      return {
        json: { target: subject.name, prompt: before, text: after, bytes: count, forwards, seconds },
        lines: [
          printable(before + after),
          "",
          `${counted(count, "byte")} in ${counted(forwards, "step")} of the model: ${
            (count / forwards).toFixed(2)
          } a step, ${(count / seconds).toFixed(0)} a second`,
        ],
      };
    } finally {
      writer.dispose();
      trainer.dispose();
    }
  },
});
