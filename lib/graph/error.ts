/** Errors that a user reads: a code, a sentence, the lines that tell the story, and help. */

import type { Site } from "./site.ts";

/** G1xx cut, G2xx stale, G3xx shape and axis, G4xx non-finite, G5xx ownership. */
export type ErrorCode = `G${number}`;

/** What a {@linkcode PlumblineError} is made of. */
export interface ErrorParts {
  /** The code, for `explain()`. */
  code: ErrorCode;
  /** One sentence: what is wrong. */
  message: string;
  /** The lines that tell the story, the guilty one first. */
  sites?: readonly Site[];
  /** What to do about it. */
  help?: string;
}

/** An error of the library: its facts are fields, its text is a sentence with the user's line and help. */
export class PlumblineError extends Error {
  /** The code, for `explain()`. */
  readonly code: ErrorCode;
  /** The lines that tell the story, the guilty one first. */
  readonly sites: readonly Site[];
  /** What to do about it. */
  readonly help: string | undefined;

  /** Renders `parts` into the message. */
  constructor(parts: ErrorParts) {
    const places = (parts.sites ?? []).map((site) => `\n  --> ${site}`);
    const help = parts.help === undefined ? "" : `\nhelp: ${parts.help}`;
    super(`${parts.code}: ${parts.message}${places.join("")}${help}`);
    this.name = "PlumblineError";
    this.code = parts.code;
    this.sites = parts.sites ?? [];
    this.help = parts.help;
  }
}
