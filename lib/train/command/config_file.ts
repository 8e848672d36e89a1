/** `--config FILE`: settings from YAML, of which JSON is a part. Its parser asks for LOG_STREAM and LOG_TOKENS, which the task has it not see. */

import { parse } from "npm:yaml@2.9.1";
import { readInput } from "../../systems/input_file.ts";
import { oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";

/** The settings in a file, by name; not yet checked. `flag` names it, if one does. Throws a {@linkcode UsageError} if there are none to be read. */
export function readConfigFile(path: string, flag = "--config"): Readonly<Record<string, unknown>> {
  const called = `${flag} ${path}`.trim();
  const text = new TextDecoder().decode(readInput(flag, path));
  let value: unknown;
  try {
    // What it warns of is told by who looks at the settings; it would print lines of the file.
    value = parse(text, { logLevel: "error" });
  } catch (error) {
    throw new UsageError(`${called} is neither YAML nor JSON: ${reasonOf(error as Error)}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${called} holds no settings by name, such as "scenarioName: wheel".`);
}

/** What YAML's reader says, without what it advises programmers, or a part of the file. */
function reasonOf({ message }: Error): string {
  const [sentence] = message.split("\n");
  if (sentence!.includes("call stack")) return "it nests lists or settings deeper than can be read";
  if (sentence!.includes("multiple documents")) return "it holds more than one document, parted by ---";
  return oneLine(sentence!.replace(/[.:]$/, ""));
}
