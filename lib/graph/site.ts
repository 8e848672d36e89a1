/** Call sites: every node remembers the user's line. Captured always, formatted only when somebody reads it. */

import { fileName, lineText } from "./source.ts";

const libraryRoot = new URL("../", import.meta.url).href;
/** Frames to keep: the library's own between a primitive and the user are a dozen at most (a layer in the step of a scan). */
const depth = 16;

interface Frame {
  /** The file's URL, `<anonymous>` in a notebook cell. */
  readonly url: string;
  readonly line: number;
  readonly column: number;
  /** What the user called: the outermost function of the library. */
  readonly called: string | null;
}

const nowhere: Frame = { url: "<unknown>", line: 0, column: 0, called: null };

/** `    at Tensor.value [as add] (file:///a.ts:1:2)`: the function and the place, if it is a place in a source. */
function parse(line: string): { name: string | null; url: string; line: number; column: number } | null {
  const [, name, place] = /^\s+at (?:async )?(?:(.*?) \()?(.*?)\)?$/.exec(line) ?? [];
  const [, url, row, column] = /^(.*):(\d+):(\d+)$/.exec(place ?? "") ?? [];
  if (url === undefined) return null;
  const called = /\[as (.+)\]/.exec(name ?? "")?.[1] ?? /([\w$]+)$/.exec(name ?? "")?.[1] ?? null;
  return { name: called, url, line: Number(row), column: Number(column) };
}

const isOutside = (url: string): boolean => !url.startsWith(libraryRoot) && !/^(ext|node|native|npm):/.test(url);

/** A place in the user's source. */
export class Site {
  readonly #trace: { stack?: string };
  #frame: Frame | undefined;

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

  /** The line, from 1. */
  get line(): number {
    return this.#place().line;
  }

  /** The column, from 1. */
  get column(): number {
    return this.#place().column;
  }

  /** What the user called there: the name of the library's function. */
  get called(): string | null {
    return this.#place().called;
  }

  /** The text of the user's line, if it can be had. */
  get text(): string | null {
    const { url, line, column, called } = this.#place();
    return lineText(url, line, column, called);
  }

  /** The name that the user gave to what was constructed here: `pi` of `const pi = new MLP(..)`; null if there is none. */
  get assignedName(): string | null {
    const frames = this.stack.split("\n").map((line) => ({ line, place: parse(line) }));
    const found = frames.find(({ line, place }) =>
      place !== null && isOutside(place.url) && !/at (new |<instance_members|Object\.<instance)/.test(line)
    );
    if (!found?.place) return null;
    const { url, line, column } = found.place;
    const before = lineText(url, line, column, "new")?.slice(0, column - 1) ?? "";
    return /([\w$]+)\s*(?::[^=:]+)?[=:]\s*$/.exec(before)?.[1] ?? null;
  }

  /** The first frame outside the library: `file:line:column`. */
  toString(): string {
    const { url, line, column } = this.#place();
    return url.includes("<anonymous>") ? "notebook cell" : `${fileName(url)}:${line}:${column}`;
  }

  #place(): Frame {
    if (this.#frame === undefined) {
      let called: string | null = null;
      this.#frame = nowhere;
      for (const frame of this.stack.split("\n").map(parse)) {
        if (frame === null) continue;
        if (isOutside(frame.url)) {
          this.#frame = { ...frame, called };
          break;
        }
        called = frame.name ?? called;
      }
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
