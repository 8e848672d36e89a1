/** Numbers as a person reads them. */

/** `1 agent`, `3 agents`. */
export function counted(n: number, what: string, ending = "s"): string {
  return `${n} ${what}${n === 1 ? "" : ending}`;
}

/** A measured number; "-" where there was nothing to measure. */
export function numberText(x: number | undefined): string {
  if (x === undefined || Number.isNaN(x)) return "-";
  return Math.abs(x) >= 100 ? x.toFixed(1) : x.toFixed(3);
}

const invisible = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Whether a text of one line can be shown as it is. */
export function isShowable(text: string): boolean {
  return text.search(invisible) < 0;
}

/** Rows of a table as lines, the first of which has the titles; columns of numbers end where they end. */
export function tableLines(rows: readonly (readonly string[])[], numeric: ReadonlySet<string>): string[] {
  const [titles = []] = rows;
  const widths = titles.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => numeric.has(titles[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ")
      .trimEnd()
  );
}

const escaped = (x: string): string => `\\u${x.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Text that comes from files as it may be shown: what would move a terminal's cursor, or turn its line round, is written out. */
export function printable(text: string): string {
  return text.replace(invisible, (x) => x === "\n" || x === "\t" ? x : escaped(x));
}

/** Characters of a text of others that a message repeats. */
const longest = 200;

/** The same in one line, the beginning of a long one. */
export function oneLine(text: string): string {
  const line = text.replace(invisible, (x) => x === "\n" ? "\\n" : escaped(x));
  return line.length > longest ? `${line.slice(0, longest)}..` : line;
}
