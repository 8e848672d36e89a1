/** Errors that a user reads: a code, a sentence, the lines that tell the story, and help. */

import { isCell } from "./frames.ts";
import { callerSite, type Site } from "./site.ts";
import { type Aval, describe } from "./types.ts";

/** G1xx cut, G2xx stale, G3xx shape and axis, G4xx non-finite, G5xx ownership, G6xx surroundings. */
export type ErrorCode = `G${number}`;

/** A line of the story and what happens there. */
export interface Place {
  /** The line. */
  readonly site: Site;
  /** What happens there, in a few words. */
  readonly note?: string;
}

/** What a {@linkcode PlumblineError} is made of. */
export interface ErrorParts {
  /** The code, for `explain()`. */
  code: ErrorCode;
  /** One sentence: what is wrong. */
  message: string;
  /** The lines that tell the story, the guilty one first; the user's call that threw, if none are given. */
  sites?: readonly (Site | Place)[];
  /** Tensors that a call cannot take: it is the call that is marked, and told where they were made. */
  made?: readonly (Aval & { readonly site: Site })[];
  /** The parameters that it is about. */
  params?: readonly string[];
  /** From the loss to the parameter: `loss <- add#22 <- aux.w1`. */
  path?: string;
  /** The audit in one line. */
  audit?: string;
  /** What to do about it: one way, or several. */
  help?: string | readonly string[];
  /** A warning is not thrown. */
  severity?: "error" | "warning";
}

const keptText = "the state stays as it was before the step";

/** The user's call of the function that throws. */
function here(): Site {
  return callerSite();
}

/** What the user called, as a message names it: `gather()`; `otherwise` if that is not known. */
export function calledHere(otherwise: string): string {
  const { called } = callerSite();
  return called === null ? otherwise : `${called}()`;
}

function placeOf(x: Site | Place): Place {
  return "site" in x ? x : { site: x };
}

/** Lines of a notebook cell have no numbers. */
const numberOf = (site: Site): string => isCell(site.url) ? "" : String(site.line);

const lineOf = (site: Site): string => isCell(site.url) ? site.key : `${site.url}:${site.line}`;

/** A place for machines. */
function factsOf(site: Site): Record<string, unknown> {
  return { file: site.url, line: site.line, column: site.column, text: site.text };
}

/** The user's line with a caret under the call. */
function excerpt({ site, note }: Place, mark: string, gutter: number): string[] {
  const { text, column, call } = site;
  const margin = " ".repeat(gutter);
  if (text === null) return note ? [`${margin} = ${note}`] : [];
  const line = `${numberOf(site).padStart(gutter)} | ${text}`;
  if (call === null) return [line, ...(note ? [`${margin} = ${note}`] : [])];
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const carets = mark.repeat(call.length);
  return [line, `${margin} | ${indent}${carets}${note ? ` ${note}` : ""}`];
}

/** The place, and what is called there if its line cannot be shown. */
function heading(place: Place, before: Place | undefined): string[] {
  const { site } = place;
  const where = (x: Site): string => isCell(x.url) ? String(x) : x.url;
  if (before && site.text !== null && where(site) === where(before.site)) return [];
  const call = site.text === null && site.called !== null ? `, at ${site.called}()` : "";
  return [`  ${before ? ":::" : "-->"} ${site}${call}`];
}

/** Lines to tell of the calls that led to a place: the nearest ones, and the last. */
const mostCallers = 4;

/** How the program came to the first of `places`, where that is not told yet. */
function callersOf(places: readonly Place[]): Place[] {
  const lines = new Set(places.map(({ site }) => lineOf(site)));
  const found = places[0]!.site.callers.filter((x) => !lines.has(lineOf(x)) && lines.add(lineOf(x)));
  const told = found.length <= mostCallers ? found : [...found.slice(0, mostCallers - 1), found.at(-1)!];
  return told.map((site) => ({ site, note: "called from here" }));
}

function story(places: readonly Place[]): string[] {
  const [first, ...others] = places;
  if (!first) return [];
  const told = [first, ...callersOf(places), ...others];
  const gutter = Math.max(1, ...told.map((x) => numberOf(x.site).length));
  return told.flatMap((place, i) => [
    ...heading(place, told[i - 1]),
    ...excerpt(place, i === 0 ? "^" : "-", gutter),
  ]);
}

/** The lines of the user; if there are none, the first of the library's. */
function known(places: readonly Place[]): readonly Place[] {
  const found = places.filter(({ site }) => site.isKnown);
  return found.length > 0 ? found : places.slice(0, 1);
}

function distinct(places: readonly Place[]): Place[] {
  const seen = new Set<string>();
  return places.filter(({ site, note }) => {
    const isNew = !seen.has(`${site.key} ${note ?? ""}`) && (note !== undefined || !seen.has(site.key));
    seen.add(site.key).add(`${site.key} ${note ?? ""}`);
    return isNew;
  });
}

/** The places of an error: of one about the arguments of a call the call, and where they were made. */
function placesOf({ sites = [], made = [] }: ErrorParts): Place[] {
  const told = known(sites.length > 0 ? sites.map(placeOf) : [{ site: here() }]);
  const about = made.map((x) => ({ site: x.site, note: `${describe(x)} is made here` }));
  return distinct([...told, ...about.filter(({ site }) => site.isKnown && site.key !== told[0]!.site.key)]);
}

/** An error of the library: its facts are fields, its text is a sentence with the user's lines and help. */
export class PlumblineError extends Error {
  /** The code, for `explain()`. */
  readonly code: ErrorCode;
  /** The lines that tell the story, the guilty one first. */
  readonly sites: readonly Site[];
  /** The parameters that it is about. */
  readonly params: readonly string[];
  /** What to do about it. */
  readonly help: readonly string[];
  /** Everything that it was made of. */
  readonly parts: ErrorParts;
  readonly #places: readonly Place[];

  /** Renders `parts` into the message. */
  constructor(parts: ErrorParts) {
    const { code, message, path, audit, severity = "error" } = parts;
    const places = placesOf(parts);
    const help = typeof parts.help === "string" ? [parts.help] : parts.help ?? [];
    const text = [
      `${severity}[${code}]: ${message}`,
      ...story(places),
      ...(path ? [`path: ${path}`] : []),
      ...(audit ? [`audit: ${audit}`] : []),
      ...help.map((x) => `help: ${x}`),
    ].join("\n");
    super(text);
    this.name = "PlumblineError";
    // Below a cell the story is all that can be read: lines of cells are counted in a text that nobody has. In programs Deno
    // tells errors without frames from others only by their text.
    if (places.some(({ site }) => isCell(site.url))) this.stack = `${new.target.name}: ${text}`;
    this.code = code;
    this.#places = places;
    this.sites = places.map((x) => x.site);
    this.params = parts.params ?? [];
    this.help = help;
    this.parts = parts;
  }

  /** What `console.log(error)` shows: the text, not the graph that it is about. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.stack ?? `${this.name}: ${this.message}`;
  }

  /** The facts, for machines. */
  toJSON(): Record<string, unknown> {
    const { message, path, audit, severity = "error" } = this.parts;
    return {
      code: this.code,
      severity,
      message,
      sites: this.#places.map(({ site, note }) => ({ ...factsOf(site), note: note ?? null })),
      calledFrom: this.sites[0]?.callers.map(factsOf) ?? [],
      params: this.params,
      path: path ?? null,
      audit: audit ?? null,
      help: this.help,
    };
  }
}

/** The engine itself has failed, and what it holds is gone with it: the device was lost. */
export class EngineFault extends Error {}

/**
 * What every error of a step says that left the state as it was; `later` steps that were built on it are gone too. Gives the
 * error.
 */
export function saysStateIsKept<E>(error: E, later = 0): E {
  if (!(error instanceof Error) || error instanceof EngineFault || error.message.includes(keptText)) return error;
  const told = error instanceof PlumblineError ? error.parts.message : error.message;
  const without = later === 0 ? "" : `, without ${later === 1 ? "the one" : `the ${later}`} after it that built on it`;
  const longer = `${told.replace(/\.?$/, ".")} Nothing was lost: ${keptText}${without}.`;
  const change = (text: string): string => text.replace(told, () => longer);
  if (error.stack) error.stack = change(error.stack);
  error.message = change(error.message);
  if (error instanceof PlumblineError) error.parts.message = longer;
  return error;
}
