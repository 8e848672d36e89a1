/** Call sites: every node remembers the user's line. Captured always, formatted only when somebody reads it. */

import { type CellLine, cellLine, cellName, type Frame, isCell } from "./cell.ts";
import { fileName, lineText } from "./source.ts";

const libraryRoot = new URL("../", import.meta.url).href;
/** Frames to keep: the library's own between a primitive and the user are a dozen at most (a layer in the step of a scan). */
const depth = 16;

/** The user's frame in a stack. */
interface UserFrame extends Frame {
  /** Where it is in the stack. */
  readonly index: number;
  /** What the user called: the outermost function of the library. */
  readonly called: string | null;
}

const nowhere: UserFrame = { name: null, url: "<unknown>", line: 0, column: 0, index: -1, called: null };

/** The places of a stack that are places in a source. */
function framesOf(stack: string): Frame[] {
  return stack.split("\n").flatMap((text) => {
    const [, name, place] = /^\s+at (?:(.*) \()?(.*?)\)?$/.exec(text) ?? [];
    const [, url, row, column] = /^(?:async )?(.*):(\d+):(\d+)$/.exec(place ?? "") ?? [];
    return url === undefined ? [] : [{ name: name ?? null, url, line: Number(row), column: Number(column) }];
  });
}

/** `add` of `Tensor.value [as add]`. */
function calledName(name: string | null): string | null {
  return /\[as (.+)\]/.exec(name ?? "")?.[1] ?? /([\w$]+)$/.exec(name ?? "")?.[1] ?? null;
}

const isOutside = (url: string): boolean => !url.startsWith(libraryRoot) && !/^(ext|node|native|npm):/.test(url);

const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The end of the call that starts `text`, a name and what is in its parentheses; of the name, if they close on another line. */
function endOfCall(text: string): number {
  const name = /^(?:new )?[\w$]*/.exec(text)![0].length;
  let open = 0;
  for (let i = name; i < text.length && text[name] === "("; i++) {
    if (text[i] === "(") open++;
    if (text[i] === ")" && --open === 0) return i + 1;
  }
  return Math.max(1, name);
}

/** Where the expression begins that ends `text`, without its last dot: names, dots, and what is in brackets. */
function startOfExpression(text: string): number {
  const open: string[] = [];
  for (let i = text.length - 1; i >= 0; i--) {
    const c = text[i]!;
    if (pairs[c]) open.push(pairs[c]);
    else if ("([{".includes(c)) {
      if (open.pop() !== c) return i + 1;
    } else if (open.length === 0 && !/[\w$.!?]/.test(c)) return i + 1;
  }
  return 0;
}

/** The name that is given to what starts at the end of `before`: `pi` of `const pi = `, of `pi: ` and of `const pi = frozen(`. */
function nameBefore(before: string): string | null {
  const [, names, values] = /\b(?:const|let|var) \[([^\]]*)\] = \[(.*)$/.exec(before) ?? [];
  if (names !== undefined && values !== undefined) {
    const depth = (text: string): number => text.replace(/[^([{]/g, "").length - text.replace(/[^)\]}]/g, "").length;
    const commas = [...values].filter((c, i) => c === "," && depth(values.slice(0, i)) === 0).length;
    if (depth(values) === 0) return /^\s*([\w$]+)/.exec(names.split(",")[commas] ?? "")?.[1] ?? null;
  }
  return /([\w$]+)\s*(?::\s*[\w$.]+(?:<[^=:]*>)?(?:\[\])*\s*)?[=:]\s*(?:[\w$.]+\(\s*)?$/.exec(before)?.[1] ?? null;
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

/** A place in the user's source. */
export class Site {
  #trace: Trace;
  #frame: UserFrame | undefined;
  #cellLine: CellLine | null = null;

  /** Captures the stack above `below`; or, given a site, is the same place, where the derivative of an operation is made. */
  constructor(
    below: Site | ((...args: never[]) => unknown),
    /** The operation whose derivative this is; `null` for what the user wrote. */
    readonly derivativeOf: string | null = null,
  ) {
    this.#trace = below instanceof Site ? below.#trace : {};
    if (below instanceof Site) return;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = depth;
    Error.captureStackTrace(this.#trace, below);
    Error.stackTraceLimit = limit;
  }

  /**
   * Keeps the text of the stack in the place of the stack, which holds the functions of its frames and what their closures
   * hold: the tensors of its step. For the sites of what outlives its step; formatting takes as long as several operations.
   */
  settle(): void {
    this.#trace = settledTrace(this.stack);
  }

  /** The stack as V8 formats it. */
  get stack(): string {
    return this.#trace.stack ?? "";
  }

  /** The URL of the user's file; `<anonymous>` in a notebook cell. */
  get url(): string {
    return this.#place().url;
  }

  /** Whether a line of the user was among the frames. */
  get isKnown(): boolean {
    return this.#place() !== nowhere;
  }

  /** The line, from 1. In a notebook cell it counts in a text that nobody can read. */
  get line(): number {
    return this.#place().line;
  }

  /** The column, from 1, in {@linkcode Site.text} if that can be had; 0 if it is not certain. */
  get column(): number {
    return this.#inCell()?.column ?? this.#place().column;
  }

  /** What the user called there: the name of the library's function. */
  get called(): string | null {
    return this.#place().called;
  }

  /** The text of the user's line, if it can be had. Of a notebook cell a line can be had that lies in a function. */
  get text(): string | null {
    const { url, line } = this.#place();
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
    const expression = before.slice(startOfExpression(before), -1);
    return before.endsWith(".") && /^[\w$(]/.test(expression) ? expression : null;
  }

  /** The name that the user gave to what was constructed here: `pi` of `const pi = new MLP(..)`; null if there is none. */
  get assignedName(): string | null {
    const frames = framesOf(this.stack);
    const index = frames.findIndex(({ name, url }) =>
      isOutside(url) && !/^new |<instance_members|^Object\.<instance/.test(name ?? "")
    );
    const found = frames[index];
    if (!found) return null;
    const inCell = isCell(found.url) ? cellLine(frames, index, calledName(frames[index - 1]?.name ?? null)) : null;
    const { text, column } = inCell ?? { text: lineText(found.url, found.line), column: found.column };
    return nameBefore(text?.slice(0, Math.max(0, column - 1)) ?? "");
  }

  /** The name under which a notebook's cells have `value`, if it occurs in the functions around this place. */
  nameOf(value: object): string | null {
    return cellName(value, framesOf(this.stack));
  }

  /** What tells this place from every other. */
  get key(): string {
    const { url, line, column } = this.#place();
    return `${url}:${line}:${column}`;
  }

  /** The first frame outside the library: `file:line:column`; of a notebook cell the function. */
  toString(): string {
    const { url, line, column, index } = this.#place();
    if (!isCell(url)) return `${fileName(url)}:${line}:${column}`;
    const frames = framesOf(this.stack).slice(index);
    const inner = frames.slice(0, frames.findIndex((x) => !isCell(x.url)) >>> 0);
    // A function without a name lies in the one that called it only if the line was found there.
    const around = this.#inCell() ? inner : inner.slice(0, 1);
    const names = around.map((x) => /^(?:async |new )*([\w$]+|[A-Z][\w$]*\.[\w$]+)$/.exec(x.name ?? "")?.[1]);
    const within = names.find((x) => x !== undefined);
    return within ? `notebook cell, ${within}()` : "notebook cell";
  }

  /** Not kept until it is found: other places of the function may still tell. */
  #inCell(): CellLine | null {
    const { url, index, called } = this.#place();
    if (!isCell(url)) return null;
    return this.#cellLine ??= cellLine(framesOf(this.stack), index, called);
  }

  #place(): UserFrame {
    if (this.#frame === undefined) {
      const frames = framesOf(this.stack);
      const index = frames.findIndex((x) => isOutside(x.url));
      const called = frames.slice(0, Math.max(0, index)).map((x) => calledName(x.name)).findLast((x) => x !== null);
      this.#frame = index < 0 ? nowhere : { ...frames[index]!, index, called: called ?? null };
      // Every place that is looked at helps to find the others of its function.
      this.#inCell();
    }
    return this.#frame;
  }
}

/** The place of the call, whatever is inherited. */
export function callerSite(): Site {
  return new Site(callerSite);
}

let inherited: Site | null = null;

/** The site of a node made now: the inherited one inside {@linkcode withSite}, else the caller's. */
export function currentSite(below: (...args: never[]) => unknown): Site {
  return inherited ?? new Site(below);
}

/** Nodes made inside `fn`, which is one call of the user, share the site of the call: a stack is captured once. */
export function atCaller<T>(fn: () => T): T {
  return inherited ? fn() : withSite(new Site(atCaller), fn);
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
