/**
 * Lines of a notebook's cells from its file, for what lies in no function whose text is known. A cell is run as other text than
 * it was written: without types and empty lines, each statement on a line of its own, two spaces deeper for each bracket. So a
 * line is looked for that calls the same function at the same distance from its beginning; it is told if there is only one.
 */

import type { CellLine } from "./cell.ts";

let cells: () => readonly string[] = () => [];

/** From now on the sources of the notebook's code cells are what `read` gives. */
export function installCells(read: () => readonly string[]): void {
  cells = read;
}

/** The names that the cells declare. */
export function declaredNames(): Set<string> {
  const lists = cells().flatMap((source) => [...source.matchAll(/\b(?:const|let|var)\s+([\w$]+|[[{][^\]}=]*)/g)]);
  return new Set(lists.flatMap(([, names]) => names!.match(/[\w$]+/g) ?? []));
}

/** A line of a cell. */
interface Candidate extends CellLine {
  /** Which of its lines that are not empty it is, from 1. */
  readonly place: number;
}

const types =
  /:\s*[\w$.]+(?:<[^=;(]*>)?(?:\[\])*(?=\s*=[^=>])|\s+as\s+(?:unknown\s+as\s+)?[\w$.]+(?:<[^;()]*>)?(?:\[\])*|!(?=[.)\];,])/g;

/** The columns (from 0) at which `text`, up to a call, may end once it is run. */
function endsOf(text: string): number[] {
  const indent = /^\s*/.exec(text)![0].length;
  const bare = text.slice(indent).replace(types, "")
    .replace(/\s*=>\s*/g, "=>").replace(/(?<![\w$)])([\w$]+)=>/g, "($1)=>");
  // A statement that follows another in its line begins a line of its own, as does the end of an object.
  const start = Math.max(bare.lastIndexOf(";") + 1, bare.lastIndexOf("{") + 1, bare.lastIndexOf("}"));
  const rest = bare.slice(start).trimStart().length;
  const open = Math.max(0, bare.split("{").length - bare.split("}").length);
  return [0, indent, 2 * open, indent + 2 * open].flatMap((x) => [bare.length + x, rest + x]);
}

/** What Deno puts before a cell. */
const prefix = '"use strict"; void 0;'.length;

function candidatesIn(source: string, column: number, called: string): Candidate[] {
  const lines = source.split("\n").filter((text) => text.trim() !== "");
  return lines.flatMap((text, i) =>
    [...text.matchAll(/(?:new )?[\w$]+/g)].flatMap(({ index, 0: word }): Candidate[] => {
      const isCall = word === called || word === `new ${called}`;
      return isCall && endsOf(text.slice(0, index)).includes(column - 1)
        ? [{ text, column: index + 1, place: i + 1 }]
        : [];
    })
  );
}

/** The line of a cell that calls `called` at `line` and `column` of the text that is run; null if it is not certain. */
export function notebookLine(line: number, column: number, called: string | null): CellLine | null {
  if (called === null) return null;
  const at = line === 1 ? column - prefix : column;
  const found = cells().flatMap((source) => candidatesIn(source, at, called));
  const exact = found.filter((x) => x.place === line);
  for (const some of [found, exact]) {
    const [first] = some;
    if (first && new Set(some.map((x) => x.text)).size === 1) return { text: first.text, column: first.column };
  }
  return null;
}
