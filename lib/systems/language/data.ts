/** What a configuration reads: stories, sums, the source of a package, or a file. */

import { Bytes } from "../../lm/corpora/bytes.ts";
import type { Corpus } from "../../lm/corpora/corpus.ts";
import { Stories } from "../../lm/corpora/stories.ts";
import { Sums } from "../../lm/corpora/sums.ts";
import { readInput } from "../input_file.ts";
import type { Config } from "../settings.ts";
import { UsageError } from "../usage.ts";

/** JavaScript as people write it: all of vega-lite in one file, 770,452 bytes, under the 3-clause BSD licence. The library is drawn by it. */
const sourceCode = (): Uint8Array => Deno.readFileSync(new URL(import.meta.resolve("npm:vega-lite@6.5.0")));

/** What is read. Throws a UsageError if it is a file that cannot be. */
export function corpusOf({ scenarioName, contextLength, digits, corrupted, data }: Config): Corpus {
  if (scenarioName === "stories") return new Stories(Number(contextLength));
  if (scenarioName === "sums") return new Sums({ digits: Number(digits), corrupted: Number(corrupted) });
  if (scenarioName === "code") return new Bytes(sourceCode(), Number(contextLength), "the source of vega-lite");
  if (typeof data !== "string") throw new UsageError("text needs a text to learn from: --data PATH.");
  try {
    return new Bytes(readInput("--data", data), Number(contextLength), `--data ${data}`);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
