/** `--config FILE`: settings from YAML, of which JSON is a part. Its parser asks for LOG_STREAM and LOG_TOKENS: the task must allow it. */

import { parse } from "npm:yaml@2.9.1";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf } from "../files/error.ts";

/** The settings in a file, by name; not yet checked. Throws a {@linkcode UsageError} if there are none to be read. */
export function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(`--config ${path} cannot be read: ${reasonOf(error)}.`);
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const [sentence] = (error as Error).message.split("\n");
    if (/call stack/.test(sentence!)) throw new UsageError(`--config ${path} is nested deeper than settings are.`);
    throw new UsageError(`--config ${path} is neither YAML nor JSON: ${sentence!.replace(/[.:]$/, "")}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`--config ${path} holds no settings by name, such as "scenarioName: wheel".`);
}
