/** Call sites: every node remembers the user's line. Captured always, formatted only when somebody reads it. */

const libraryRoot = new URL("../", import.meta.url).href;
const depth = 10;

/** A place in the user's source. */
export class Site {
  readonly #trace: { stack?: string };
  #frame: string | undefined;

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

  /** The first frame outside the library: `file:line:column`. */
  toString(): string {
    if (this.#frame === undefined) {
      const frames = this.stack.split("\n").filter((line) => /^\s+at /.test(line));
      const outside = frames.find((line) => !line.includes(libraryRoot)) ?? frames.at(-1);
      this.#frame = outside?.replace(/^\s+at (?:async )?/, "").replace(/^.*\((.*)\)$/, "$1") ?? "<unknown>";
    }
    return this.#frame;
  }
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
