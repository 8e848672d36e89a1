/**
 * The text of source lines, for messages. Files are read by a provider that is installed where files may be touched; lines of
 * notebook cells, whose positions mean nothing, are found in the text of the functions that were handed to the library.
 */

/** Reads source files. */
export interface SourceProvider {
  /** The text of a file, or null if it cannot be had. */
  read(url: string): string | null;
  /** The name of a file as the user knows it. */
  name(url: string): string;
}

const capacity = 64;
const files = new Map<string, readonly string[] | null>();
const functions = new Set<string>();
const seen = new WeakSet<object>();
let provider: SourceProvider | null = null;

/** From now on source files are read by `reader`. */
export function installSources(reader: SourceProvider): void {
  provider = reader;
  files.clear();
}

/** A function that the library was given: its text may hold lines of a notebook cell. */
export function rememberFunction(fn: (...args: never[]) => unknown): void {
  if (seen.has(fn)) return;
  seen.add(fn);
  functions.add(String(fn));
  if (functions.size > capacity) functions.delete(functions.values().next().value!);
}

/** The name of a file as the user knows it. */
export function fileName(url: string): string {
  return provider?.name(url) ?? url;
}

function linesOf(url: string): readonly string[] | null {
  let lines = files.get(url);
  if (lines === undefined) {
    lines = provider?.read(url)?.split(/\r?\n/) ?? null;
    files.set(url, lines);
    if (files.size > capacity) files.delete(files.keys().next().value!);
  }
  return lines;
}

/** A line of a cell: at its column the text calls `called`. */
function lineOfFunction(column: number, called: string): string | null {
  for (const text of [...functions].reverse()) {
    const found = text.split("\n").find((line) => line.startsWith(called, column - 1));
    if (found !== undefined) return found;
  }
  return null;
}

/** The text of a line (from 1), or null. `called` is what the line calls at `column` (from 1). */
export function lineText(url: string, line: number, column: number, called: string | null): string | null {
  if (url.includes("<anonymous>")) return called === null ? null : lineOfFunction(column, called);
  return linesOf(url)?.[line - 1] ?? null;
}
