/** Call sites: every node remembers the user's line. Captured always, formatted only when somebody reads it. */

import { type CellLine, cellLine, cellName } from "./cell.ts";
import { calledName, type Frame, framesOf, isCell, isOutside } from "./frames.ts";
import { countMade, givenName, lastExpression, type TextAt } from "./names.ts";
import { fileName, linesAround, lineText } from "./source.ts";

/** Frames to keep: the library's own between a primitive and the user are a dozen at most. */
const depth = 16;
/** Of what is captured rarely: calls of a function of the user by another belong to the story. */
const fullDepth = 100;

/** A frame in a stack, and which. */
interface Place extends Frame {
  /** Where it is in the stack. */
  readonly index: number;
  /** What was called there: of the library its outermost function. */
  readonly called: string | null;
}

const nowhere: Place = { name: null, url: "<unknown>", line: 0, column: 0, index: -1, called: null };

/** The floors below what a person would call a program: an operation, and how it is run. */
const inside = /\/lib\/(graph|grad|engine|forensics|tensor|compile|audit)\/[^/]+/;

/** The end of the call that starts `text`, a name and what is in its parentheses; of the name, if they close on another line. */
function endOfCall(text: string): number {
  const name = /^(?:new |await )?(?:[\w$]*|(?<=await )[\w$.]*)/.exec(text)![0].length;
  let open = 0;
  for (let i = name; i < text.length && text[name] === "("; i++) {
    if (text[i] === "(") open++;
    if (text[i] === ")" && --open === 0) return i + 1;
  }
  return Math.max(1, name);
}

/** What V8 captured, or its text. */
interface Trace {
  stack?: string;
}

const settledKept = 256;
/** Texts of stacks, the same for all that a loop comes by at. */
const settled = new Map<string, Trace>();

function settledTrace(stack: string): Trace {
  const trace = settled.get(stack) ?? { stack };
  settled.set(stack, trace);
  if (settled.size > settledKept) settled.delete(settled.keys().next().value!);
  return trace;
}

/** A call of the library that runs functions of the user, or many of its own. */
interface Around {
  readonly site: Site;
  /** Whether it belongs to the story of what happens inside of it. */
  readonly isTold: boolean;
}

let around: Around | null = null;

/** A place in the user's source. */
export class Site {
  #trace: Trace;
  readonly #around: Around | null;
  /** The frame of the stack that it is, if it is not the innermost of the user's. */
  readonly #index: number | null;
  #place: Place | undefined;
  /** Where it lies instead, if no line of the user was among its frames. */
  #instead: Site | null = null;
  #cellLine: CellLine | null = null;

  /** Captures the stack above `below`; or, given a site, is the same place, where the derivative of an operation is made. */
  constructor(
    below: Site | ((...args: never[]) => unknown),
    /** The operation whose derivative this is; `null` for what the user wrote. */
    readonly derivativeOf: string | null = null,
    frames: number = depth,
    index: number | null = null,
  ) {
    this.#index = index;
    if (below instanceof Site) {
      this.#trace = below.#trace;
      this.#around = below.#around;
      return;
    }
    this.#trace = {};
    this.#around = around;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = frames;
    Error.captureStackTrace(this.#trace, below);
    Error.stackTraceLimit = limit;
  }

  /**
   * Keeps the text of the stack in the place of the stack, which holds the functions of its frames and what their closures
   * hold: the tensors of its step. For the sites of what outlives its step; formatting takes as long as several operations.
   */
  settle(): void {
    this.#trace = settledTrace(this.stack);
    this.#around?.site.settle();
  }

  /** The stack as V8 formats it. */
  get stack(): string {
    return this.#trace.stack ?? "";
  }

  /** The URL of the user's file; `<anonymous>` in a notebook cell. */
  get url(): string {
    return this.#at().url;
  }

  /** Whether it is a line of the user; if not, it is the library's. */
  get isKnown(): boolean {
    return isOutside(this.#at()) && this.#at() !== nowhere;
  }

  /** The line, from 1. In a notebook cell it counts in a text that nobody can read. */
  get line(): number {
    return this.#at().line;
  }

  /** The column, from 1, in {@linkcode Site.text} if that can be had; 0 if it is not certain. */
  get column(): number {
    return this.#inCell()?.column ?? this.#at().column;
  }

  /** What the user called there: the name of the library's function. */
  get called(): string | null {
    const { called } = this.#at();
    return this.#instead && !this.#around!.isTold ? null : called;
  }

  /** Whether the function that asked for it was called by the library itself. */
  get isOfLibrary(): boolean {
    const caller = framesOf(this.stack)[1];
    return caller !== undefined && !isOutside(caller);
  }

  /** The text of the user's line, if it can be had. Of a notebook cell a line can be had that lies in a function. */
  get text(): string | null {
    const { url, line } = this.#at();
    return isCell(url) ? this.#inCell()?.text ?? null : lineText(url, line);
  }

  /** The call as it stands in the line, `item()`; null if that is not certain. */
  get call(): string | null {
    const { text, column } = this;
    if (text === null || column === 0) return null;
    const rest = text.slice(column - 1);
    return rest.slice(0, endOfCall(rest));
  }

  /** The expression whose method is called: `aux.forward(x).mean()` of `await aux.forward(x).mean().item()`; null if unknown. */
  get receiver(): string | null {
    const before = this.text?.slice(0, Math.max(0, this.column - 1)) ?? "";
    const expression = lastExpression(before).slice(0, -1);
    return before.endsWith(".") && /^[\w$(]/.test(expression) ? expression : null;
  }

  /** The calls that led here, the nearest one first: of a helper, of the function that called it. */
  get callers(): Site[] {
    const { index } = this.#at();
    if (this.#instead) return this.#instead.callers;
    const frames = framesOf(this.stack);
    const end = frames.findIndex((x, i) => i > index && /\/lib\/(compile|audit)\//.test(x.url) && !isOutside(x));
    const own = frames.slice(0, end < 0 ? undefined : end).flatMap((x, i) =>
      i > index && isOutside(x) ? [new Site(this, null, depth, i)] : []
    );
    const outer = this.#around?.isTold ? [this.#around.site, ...this.#around.site.callers] : [];
    const seen = new Set([this.key]);
    return [...own, ...outer].filter((x) => {
      const isNew = x.isKnown && !x.#isImplied() && !seen.has(x.key);
      seen.add(x.key);
      return isNew;
    });
  }

  /** Whether it is a constructor that nobody wrote, or the call of it by that of a class that extends it. */
  #isImplied(): boolean {
    return /^(class|super|constructor)\b/.test(this.text?.slice(this.column - 1) ?? "");
  }

  /** The name that the user gave to what was constructed here: `pi` of `const pi = new MLP(..)`; null if there is none. */
  get assignedName(): string | null {
    return this.nameOfMade(0);
  }

  /** As {@linkcode Site.assignedName}, where `count` things were made here before it, entries of one list. */
  nameOfMade(count: number): string | null {
    const frames = framesOf(this.stack);
    return givenName(frames, (index) => textAt(frames, index), count);
  }

  /** The name under which a notebook's cells have `value`, if it occurs in the functions around this place. */
  nameOf(value: object): string | null {
    return cellName(value, framesOf(this.stack));
  }

  /** What tells this place from every other. */
  get key(): string {
    const { url, line, column } = this.#at();
    return `${url}:${line}:${column}`;
  }

  /** The place, and the line that called the function which it is in: a helper is called from many places. */
  get way(): string {
    const { index } = this.#at();
    if (this.#instead) return this.#instead.way;
    const next = framesOf(this.stack)[index + 1];
    return next && isOutside(next) ? `${this.key} < ${next.url}:${next.line}` : this.key;
  }

  /** The first frame outside the library: `file:line:column`; of a notebook cell the function. */
  toString(): string {
    const { url, line, column, index } = this.#at();
    if (this.#instead) return String(this.#instead);
    if (!isCell(url)) return `${fileName(url)}:${line}:${column}`;
    const frames = framesOf(this.stack).slice(index);
    const inner = frames.slice(0, frames.findIndex((x) => !isCell(x.url)) >>> 0);
    // A function without a name lies in the one that called it only if the line was found there.
    const names = (this.#inCell() ? inner : inner.slice(0, 1))
      .map((x) => /^(?:new )*([\w$]+|[A-Z][\w$]*\.[\w$]+)$/.exec(x.name ?? "")?.[1]);
    const within = names.find((x) => x !== undefined);
    return within ? `notebook cell, ${within}()` : "notebook cell";
  }

  /** Not kept until it is found: other places of the function may still tell. */
  #inCell(): CellLine | null {
    const { url, index, called } = this.#at();
    if (this.#instead) return this.#instead.#inCell();
    if (!isCell(url)) return null;
    return this.#cellLine ??= cellLine(framesOf(this.stack), index, called);
  }

  #at(): Place {
    if (this.#place === undefined) {
      const frames = framesOf(this.stack);
      const own = placeIn(frames, this.#index);
      this.#instead = own ? null : this.#around?.site ?? null;
      this.#place = own ?? (this.#instead ? this.#instead.#at() : ofLibrary(frames));
      // Every place that is looked at helps to find the others of its function.
      this.#inCell();
    }
    return this.#place;
  }
}

/** Of a stack without a line of the user the line of the library that says most. */
function ofLibrary(frames: readonly Frame[]): Place {
  const frame = frames.find((x) => !inside.test(x.url)) ?? frames.at(-1);
  return frame ? { ...frame, index: -1, called: null } : nowhere;
}

/** The innermost frame of the user, or that at `at`. */
function placeIn(frames: readonly Frame[], at: number | null): Place | null {
  const index = at ?? frames.findIndex(isOutside);
  if (index < 0) return null;
  const callee = frames.slice(0, index).filter((x) => at === null || isOutside(x));
  const called = callee.map(calledName).findLast((x) => x !== null);
  return { ...frames[index]!, index, called: called ?? null };
}

/** The text around a frame. */
function textAt(frames: readonly Frame[], index: number): TextAt | null {
  const { url, line, column } = frames[index]!;
  if (isCell(url)) {
    const before = frames[index - 1];
    const found = cellLine(frames, index, before ? calledName(before) : null);
    return found &&
      { before: found.text.slice(0, Math.max(0, found.column - 1)), after: found.text.slice(found.column - 1) };
  }
  const text = lineText(url, line);
  if (text === null) return null;
  const { before, after } = linesAround(url, line);
  return {
    before: [...before, text.slice(0, column - 1)].join("\n"),
    after: [text.slice(column - 1), ...after].join("\n"),
  };
}

/**
 * Runs `fn`, which calls functions of the user or many of the library: what has no line of its own is at `site`, a line of the
 * library if that is null. `isTold`: the call belongs to the story of what happens inside.
 */
export function withinCall<T>(site: Site | null, isTold: boolean, fn: () => T): T {
  const before = around;
  around = site && { site, isTold };
  try {
    return fn();
  } finally {
    around = before;
  }
}

/** The place where something is made that has a name, and how many were made there before it. */
export interface Making {
  readonly site: Site;
  readonly count: number;
}

/** Where a thing is made now. */
export function makingSite(): Making {
  const site = new Site(makingSite, null, fullDepth);
  return { site, count: countMade(site.stack) };
}

/** The place of the call, whatever is inherited. */
export function callerSite(): Site {
  return new Site(callerSite, null, fullDepth);
}

let inherited: Site | null = null;

/**
 * The places of what a function makes, in order. When it is traced again it goes the same way, so that no stack is captured;
 * where it does not, the places from there on are its own.
 */
export class Places {
  readonly #made: { readonly what: string; readonly site: Site }[] = [];
  #next: number | null = null;

  /** Runs `fn`: the first time its places are noted, then they are taken from there. */
  along<T>(fn: () => T): T {
    const outer = places;
    places = this;
    try {
      return fn();
    } finally {
      places = outer;
      this.#next = 0;
    }
  }

  /** The place where `what` is made now. */
  place(what: string, below: (...args: never[]) => unknown): Site {
    if (this.#next !== null) {
      const known = this.#made[this.#next++];
      if (known?.what === what) return known.site;
      this.#next = Infinity;
      return new Site(below);
    }
    const site = new Site(below);
    this.#made.push({ what, site });
    return site;
  }
}

let places: Places | null = null;

/** Runs `fn` apart from the places of what is traced around it. */
export function apart<T>(fn: () => T): T {
  const outer = places;
  places = null;
  try {
    return fn();
  } finally {
    places = outer;
  }
}

/** The site of `what` that is made now: the inherited one inside {@linkcode withSite}, else the caller's. */
export function currentSite(below: (...args: never[]) => unknown, what: string): Site {
  return inherited ?? captured(below, what);
}

function captured(below: (...args: never[]) => unknown, what: string): Site {
  return places ? places.place(what, below) : new Site(below);
}

/** Nodes made inside `fn`, which is one call of the user, share the site of the call: a stack is captured once. */
export function atCaller<T>(fn: () => T): T {
  return inherited ? fn() : withSite(captured(atCaller, "call"), fn);
}

/** Nodes made inside `fn` get `site`: a derivative belongs to the line of its forward operation. */
export function withSite<T>(site: Site, fn: () => T): T {
  const outer = inherited;
  inherited = site;
  try {
    return fn();
  } finally {
    inherited = outer;
  }
}
