/** What a configuration reads: stories, sums, or a file. */

import { Bytes } from "../../lm/corpora/bytes.ts";
import type { Corpus } from "../../lm/corpora/corpus.ts";
import { Stories } from "../../lm/corpora/stories.ts";
import { Sums } from "../../lm/corpora/sums.ts";
import { readInput } from "../input_file.ts";
import type { Config } from "../settings.ts";
import { UsageError } from "../usage.ts";

/** What is read. Throws a UsageError if it is a file that cannot be. */
export function corpusOf({ scenarioName, contextLength, digits, corrupted, data }: Config): Corpus {
  if (scenarioName === "stories") return new Stories(Number(contextLength));
  if (scenarioName === "sums") return new Sums({ digits: Number(digits), corrupted: Number(corrupted) });
  if (typeof data !== "string") throw new UsageError("text needs a text to learn from: --data PATH.");
  try {
    return new Bytes(readInput("--data", data), Number(contextLength), `--data ${data}`);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
