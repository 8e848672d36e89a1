/**
 * Lines of notebook cells. Their positions are those of a text that nobody can read, numbered anew in every cell; but a
 * function keeps its own text. So a line is looked for in the function that it lies in: one that the library was handed, whose
 * calls carry a mark in the stack, or one that a cell has defined under the name that the stack tells; and else in the file of the
 * notebook. What is not certain is not told.
 */

import { type Frame, isCell } from "./frames.ts";
import { declaredNames, notebookLine } from "./notebook.ts";

/** A line, and the column (from 1) of what happens there: 0 if that is not certain. */
export interface CellLine {
  readonly text: string;
  readonly column: number;
}

/** What a notebook's cells have defined under a name; undefined if nothing. */
export type Scope = (name: string) => unknown;

type Fn = (...args: never[]) => unknown;

const capacity = 1024;
const markPattern = /\bcell\$(\d+)\b/;
const marks = new Map<number, CellFunction>();
const functions = new WeakMap<object, CellFunction>();
/** Those that were looked at last. */
const recent = new Set<CellFunction>();
const names = new WeakMap<object, string>();
let scope: Scope | null = null;
let nextMark = 0;

/** From now on names of a notebook are looked up by `lookup`. */
export function installScope(lookup: Scope | null): void {
  scope = lookup;
}

/** Where `called` stands in `text` as a whole word, from 0. */
function occurrences(text: string, called: string): number[] {
  return [...text.matchAll(/(?:new )?[\w$]+/g)].flatMap(({ index, 0: word }) =>
    word === called || word === `new ${called}` ? [index] : []
  );
}

/** The text of one function, and what the places that were seen in it tell of the line on which it starts. */
class CellFunction {
  readonly lines: readonly string[];
  #starts: ReadonlySet<number> | null = null;

  constructor(readonly text: string) {
    this.lines = text.split("\n");
  }

  /** The lines that call `called` at `column`, as they are possible for line `line` of the cell, by their index. */
  hits(line: number, column: number, called: string | null): Map<number, CellLine> {
    const found = this.lines.flatMap((text, i): [number, CellLine][] => {
      if (this.#starts && !this.#starts.has(line - i)) return [];
      if (called === null) return this.#starts?.size === 1 ? [[i, { text, column: i === 0 ? 0 : column }]] : [];
      const at = occurrences(text, called);
      // Of the first line only the part that belongs to the function is known, so its columns are not those of the cell.
      if (i > 0) return at.includes(column - 1) ? [[i, { text, column }]] : [];
      return at.length > 0 ? [[i, { text, column: at.length === 1 ? at[0]! + 1 : 0 }]] : [];
    });
    return new Map(found);
  }

  /** Line `line` of the cell is one of those with these indices. */
  narrow(line: number, indices: Iterable<number>): void {
    this.#starts = new Set([...indices].map((i) => line - i));
  }
}

function functionOf(fn: object): CellFunction {
  let known = functions.get(fn);
  if (!known) functions.set(fn, known = new CellFunction(String(fn)));
  recent.delete(known);
  recent.add(known);
  if (recent.size > capacity) recent.delete(recent.values().next().value!);
  return known;
}

/** What the cells have under the name of a frame's function; or its class, or the one that it inherits the method from. */
function named({ name }: Frame): CellFunction | null {
  const [, word, method] = /^(?:new )*([\w$]+)(?:\.([\w$]+))?/.exec(name ?? "") ?? [];
  let value = word === undefined ? null : scope?.(word);
  while (typeof value === "function") {
    const fn = functionOf(value);
    if (method === undefined) return fn;
    // Names like `compile.state` are V8's invention for a function without a name.
    if (!fn.text.startsWith("class")) return null;
    if (fn.text.includes(method)) return fn;
    value = Object.getPrototypeOf(value);
  }
  return null;
}

/** The functions that frame `at` of a stack may lie in: it, and those around it up to the library's call of them. */
function around(stack: readonly Frame[], at: number): CellFunction[] {
  const own = /([\w$]+)$/.exec(stack[at]!.name ?? "")?.[1];
  const found = new Set<CellFunction>();
  const add = (fn: CellFunction | null | undefined, isOwn: boolean): void => {
    if (fn && (isOwn || own === undefined || fn.text.includes(own))) found.add(fn);
  };
  let i = at;
  for (; i < stack.length && isCell(stack[i]!.url); i++) add(named(stack[i]!), i === at);
  const mark = markPattern.exec(stack[i]?.name ?? "");
  if (mark) add(marks.get(Number(mark[1])), i === at + 1);
  return [...found];
}

/** The line of frame `at` of a stack, which calls `called`; null if it is not certain. */
export function cellLine(stack: readonly Frame[], at: number, called: string | null): CellLine | null {
  const { line, column } = stack[at]!;
  const found = around(stack, at).map((fn) => ({ fn, hits: fn.hits(line, column, called) }));
  const some = found.filter(({ hits }) => hits.size > 0);
  if (some.length === 1) some[0]!.fn.narrow(line, some[0]!.hits.keys());
  const lines = some.flatMap(({ hits }) => [...hits.values()]);
  const texts = new Set(lines.map((x) => x.text));
  return texts.size === 1 ? lines[0]! : notebookLine(line, column, called);
}

/**
 * A function that the library was handed. In a notebook it is wrapped, so that stacks tell which function they go through; it
 * is to be called in the place of `fn`.
 */
export function rememberFunction<F extends Fn>(fn: F): F {
  if (!scope) return fn;
  const mark = nextMark++;
  marks.set(mark, functionOf(fn));
  if (marks.size > capacity) marks.delete(marks.keys().next().value!);
  const name = `cell$${mark}`;
  const isAsync = fn.constructor.name === "AsyncFunction";
  const wrapped: Record<string, Fn> = isAsync
    ? { [name]: async (...args) => await fn(...args) }
    : { [name]: (...args) => fn(...args) };
  return wrapped[name] as F;
}

const deepest = 3;
const longest = 256;

/** Where `value` is found in `owner`: `""` if it is that itself, `[1].trustNet`; null if it is not there. */
function placeIn(owner: unknown, value: object, depth = deepest): string | null {
  if (owner === value) return "";
  if (depth === 0 || typeof owner !== "object" || owner === null || ArrayBuffer.isView(owner)) return null;
  for (const [key, x] of Object.entries(owner).slice(0, longest)) {
    const rest = placeIn(x, value, depth - 1);
    if (rest !== null) return (Array.isArray(owner) ? `[${key}]` : `.${key}`) + rest;
  }
  return null;
}

/**
 * Under which name the cells have `value`, or in what: `pi`, `agents[1].critic`. Looked for are the names in the functions that
 * are known, in those of `stack`, and those that the notebook's file declares.
 */
export function cellName(value: object, stack: readonly Frame[]): string | null {
  if (!scope) return null;
  const known = names.get(value);
  if (known !== undefined && scope(known) === value) return known;
  for (const frame of stack) if (isCell(frame.url)) named(frame);
  const words = [...recent].reverse().flatMap(({ text }) => text.match(/(?<![.\w$])[a-z_$][\w$]*/gi) ?? []);
  const values = [...new Set([...words, ...declaredNames()])].map((word) => ({ word, found: scope!(word) }));
  const own = values.find(({ found }) => found === value);
  if (own) names.set(value, own.word);
  for (const { word, found } of own ? [own] : values) {
    const place = placeIn(found, value);
    if (place !== null) return word + place;
  }
  return null;
}
