/** The text of source files, for messages: read by a provider that is installed where files may be touched. */

/** Reads source files. */
export interface SourceProvider {
  /** The text of a file, or null if it cannot be had. */
  read(url: string): string | null;
  /** The name of a file as the user knows it. */
  name(url: string): string;
}

const capacity = 64;
/** Lines of a long statement, or of a function. */
const around = 50;
const files = new Map<string, readonly string[] | null>();
let provider: SourceProvider | null = null;

/** From now on source files are read by `reader`. */
export function installSources(reader: SourceProvider): void {
  provider = reader;
  files.clear();
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

/** The text of a line (from 1) of a file, or null if it cannot be had. */
export function lineText(url: string, line: number): string | null {
  return linesOf(url)?.[line - 1] ?? null;
}

/** The lines before and after a line (from 1) of a file that may belong to its statement, or to its function. */
export function linesAround(url: string, line: number): { before: readonly string[]; after: readonly string[] } {
  const lines = linesOf(url) ?? [];
  return { before: lines.slice(Math.max(0, line - 1 - around), line - 1), after: lines.slice(line, line + around) };
}
