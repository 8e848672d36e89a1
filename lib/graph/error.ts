/** Errors that a user reads: a code, a sentence, the lines that tell the story, and help. */

import { isCell } from "./cell.ts";
import { Site } from "./site.ts";

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

function here(): Site {
  return new Site(here);
}

function placeOf(x: Site | Place): Place {
  return "site" in x ? x : { site: x };
}

/** Lines of a notebook cell have no numbers. */
const numberOf = (site: Site): string => isCell(site.url) ? "" : String(site.line);

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

function story(places: readonly Place[]): string[] {
  const gutter = Math.max(1, ...places.map((x) => numberOf(x.site).length));
  return places.flatMap((place, i) => [
    ...heading(place, places[i - 1]),
    ...excerpt(place, i === 0 ? "^" : "-", gutter),
  ]);
}

function distinct(places: readonly Place[]): Place[] {
  const seen = new Set<string>();
  return places.filter(({ site, note }) => {
    if (!site.isKnown) return false;
    const isNew = !seen.has(`${site.key} ${note ?? ""}`) && (note !== undefined || !seen.has(site.key));
    seen.add(site.key).add(`${site.key} ${note ?? ""}`);
    return isNew;
  });
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

  /** Renders `parts` into the message. */
  constructor(parts: ErrorParts) {
    const { code, message, path, audit, severity = "error" } = parts;
    const told = parts.sites ?? [];
    const places = distinct((told.length > 0 ? told : [here()]).map(placeOf));
    const help = typeof parts.help === "string" ? [parts.help] : parts.help ?? [];
    super([
      `${severity}[${code}]: ${message}`,
      ...story(places),
      ...(path ? [`path: ${path}`] : []),
      ...(audit ? [`audit: ${audit}`] : []),
      ...help.map((x) => `help: ${x}`),
    ].join("\n"));
    this.name = "PlumblineError";
    this.code = code;
    this.sites = places.map((x) => x.site);
    this.params = parts.params ?? [];
    this.help = help;
    this.parts = parts;
  }

  /** The facts, for machines. */
  toJSON(): Record<string, unknown> {
    const { message, path, audit, severity = "error" } = this.parts;
    const places = (this.parts.sites ?? []).map(placeOf);
    return {
      code: this.code,
      severity,
      message,
      sites: places.map(({ site, note }) => ({
        file: site.url,
        line: site.line,
        column: site.column,
        text: site.text,
        note: note ?? null,
      })),
      params: this.params,
      path: path ?? null,
      audit: audit ?? null,
      help: this.help,
    };
  }
}
