/** How well a model of text reads what it has not learned from. */

import type { LanguageTrainer } from "../../lm/trainer.ts";
import { flag, integer } from "../option.ts";
import { type Evaluation, type Look, look } from "../system.ts";
import { counted, numberText } from "../text.ts";

/** `deno task eval` of language models. */
export const evaluation: Look<Evaluation> = look({
  options: {
    batches: integer(1, 100_000, 32, "batches of validation to read"),
    seed: integer(0, 2 ** 32 - 1, 0, "the same seed gives the same rows to whatever is evaluated"),
    json: flag("print everything as JSON"),
  },
  notes: [
    "Of text: bits a byte are those of the next byte, on rows of validation. The acceptance of head k is how often it says",
    "what the first head says k - 1 bytes later: what a draft of it is worth.",
  ],
  async run(subject, { batches, seed }) {
    const trainer = await subject.trainer() as unknown as LanguageTrainer;
    try {
      const { metrics, looked } = await trainer.read(seed, "validation", batches);
      const rows = looked.reduce((n, { batch }) => n + batch.lengths.length, 0);
      const json = {
        target: subject.name,
        iteration: subject.iteration,
        scenario: subject.config.scenarioName,
        seed,
        rows,
      };
      const names = Object.entries(metrics).map(([name, x]) => `${name.padEnd(24)}${numberText(x)}`);
      return {
        json: { ...json, ...metrics },
        lines: [
          `${json.scenario}: ${subject.name}`,
          `${counted(rows, "row")} of validation, seed ${seed}`,
          "",
          ...names,
        ],
      };
    } finally {
      trainer.dispose();
    }
  },
});
