/** `--config FILE`: settings from YAML, of which JSON is a part. */

import { parse } from "npm:yaml@2.9.1";
import { readInput } from "../../systems/input_file.ts";
import { oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";

/** The settings in a file, by name; not yet checked. Throws a {@linkcode UsageError} if there are none to be read. */
export function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  const text = new TextDecoder().decode(readInput("--config", path));
  let value: unknown;
  try {
    // What it warns of is told by who looks at the settings; it would print lines of the file.
    value = parse(text, { logLevel: "error" });
  } catch (error) {
    throw new UsageError(`--config ${path} is neither YAML nor JSON: ${reasonOf(error as Error)}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`--config ${path} holds no settings by name, such as "scenarioName: wheel".`);
}

/** What YAML's reader says, without what it advises programmers, or a part of the file. */
function reasonOf({ message }: Error): string {
  const [sentence] = message.split("\n");
  if (sentence!.includes("call stack")) return "it nests lists or settings deeper than can be read";
  if (sentence!.includes("multiple documents")) return "it holds more than one document, parted by ---";
  return oneLine(sentence!.replace(/[.:]$/, ""));
}
