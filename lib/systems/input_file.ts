/** Files that settings name, such as a text or a motion: read whole where they are files and there is room, or a sentence. */

import { lackOf } from "../graph/memory.ts";
import { UsageError } from "./usage.ts";

/** Nobody reads a pipe twice, or a device to its end: a run copies what it is given. */
function contentOf(path: string): Uint8Array {
  const { isFile, isDirectory, size } = Deno.statSync(path);
  if (isDirectory) throw new UsageError("is a folder: give one of its files.");
  if (!isFile) throw new UsageError("is no file that can be read again: write it to one.");
  const lack = lackOf(2 * size);
  if (lack !== null) throw new UsageError(`is too large: to read and to copy it ${lack}`);
  return Deno.readFileSync(path);
}

function reasonOf(error: Error, others: string): string {
  if (error instanceof Deno.errors.NotFound) return `it does not exist${others}`;
  if (error instanceof Deno.errors.NotCapable) return "this program may not: run it with --allow-read";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be read";
  return error.message.split(/[:(]/)[0]!.trim().toLowerCase();
}

/**
 * The bytes of the file that the flag `flag` names; no flag if it is empty. `others` is what else it takes, for the sentence about a name.
 *
 * @throws UsageError if it cannot be read.
 */
export function readInput(flag: string, path: string, others = ""): Uint8Array {
  const called = `${flag} ${path}`.trim();
  try {
    return contentOf(path);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${called} ${error.message}`);
    throw new UsageError(`${called} cannot be opened: ${reasonOf(error as Error, others)}.`);
  }
}
