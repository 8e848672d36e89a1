/** How a run ends badly: the user can mend the command (exit code 2), or something failed on the way (exit code 1). */

import { PlumblineError } from "../../graph/error.ts";
import { shown } from "../../graph/kinds.ts";
import { oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";

/** A file could not be written. What was there before is intact. */
export class WriteError extends Error {
  override readonly name = "WriteError";

  /** `path` could not be written because of `cause`. */
  constructor(path: string, cause: unknown) {
    super(`${path} could not be written: ${reasonOf(cause)}.`, { cause });
  }
}

/** By the system's own words, since not every error of Deno has a code. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/--allow-write flag/, "this program may not: run it with --allow-write"],
  [/--allow-read flag/, "this program may not: run it with --allow-read"],
  [/no space left/i, "no space is left on the device"],
  [/quota/i, "the disk quota is used up"],
  [/file too large/i, "it would be larger than the system allows"],
  [/permission denied|access is denied/i, "permission is denied"],
  [/read-only file system/i, "the file system is read-only"],
  [/not a directory/i, "a part of its path is a file, not a folder"],
  [/no such file/i, "it does not exist"],
  [/name too long/i, "its name, or its path, is longer than the system allows"],
  [/is a directory/i, "it is a folder"],
];

/** Why a file operation failed, in words, without the path and the full stop. */
export function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return reasons.find(([pattern]) => pattern.test(text))?.[1] ?? oneLine(text.replace(/ \(os error \d+\)[^]*$/, ""));
}

/** Errors that are meant to be read are sentences; of others, which are defects, the stack matters. */
export function textOf(error: unknown): string {
  const readable = [UsageError, WriteError, PlumblineError].some((kind) => error instanceof kind);
  if (!(error instanceof Error)) return `${shown(error)} was thrown.`;
  return readable ? error.message : error.stack ?? error.message;
}
