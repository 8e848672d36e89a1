/** What was thrown by code that is not the library's, which may be anything, as a part of a sentence. */

/** `Error: no such body` of whatever was thrown. */
export function thrownText(thrown: unknown): { readonly text: string; readonly stack: string | null } {
  if (!(thrown instanceof Error)) return { text: String(thrown), stack: null };
  return { text: thrown.message || thrown.name, stack: thrown.stack ?? null };
}

/** `text` as the end of a sentence. */
export function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
