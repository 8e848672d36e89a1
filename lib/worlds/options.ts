/** Checks that the scenarios share: what an option of a world may be. */

import { isStrayPromise, shown } from "../graph/kinds.ts";

/** What a value has to fulfil, and that in words. */
export type Check = readonly [fits: (x: unknown) => boolean, what: string];

/** The checks of options; those without one are true or false. */
export type Checks<Options> = { readonly [K in keyof Options]?: Check };

function number(fits: (x: number) => boolean, what: string): Check {
  return [(x) => typeof x === "number" && fits(x), what];
}

/** A whole number from `low` to `high`. */
export function whole(low: number, high: number): Check {
  const range = high === Infinity ? `${low} or more` : `from ${low} to ${high}`;
  return number((x) => Number.isInteger(x) && x >= low && x <= high, `a whole number, ${range}`);
}

/** A number from `low` on. */
export function atLeast(low: number): Check {
  return number((x) => x >= low && x < Infinity, `a number, ${low} or more`);
}

/** A number above 0. */
export const positive: Check = number((x) => x > 0 && x < Infinity, "a number above 0");
/** Any number. */
export const finite: Check = number(Number.isFinite, "a finite number");
/** A number from 0 on. */
export const notNegative: Check = atLeast(0);

/** What fulfils `check`, or null. */
export function orNull([fits, what]: Check): Check {
  return [(x) => x === null || fits(x), `${what}, or null`];
}

/**
 * The options of a scenario with their defaults. One that is given as undefined is not given.
 *
 * @throws RangeError with a sentence if one is unknown or fails its check.
 */
export function withDefaults<Options extends object>(
  scenario: string,
  defaults: Required<Options>,
  checks: Checks<Options>,
  options: Options,
): Required<Options> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [key, value] of given) {
    if (!Object.hasOwn(defaults, key)) {
      throw new RangeError(
        `${scenario}: there is no option \`${key}\`; there are ${Object.keys(defaults).join(", ")}.`,
      );
    }
    const [fits, what] = checks[key as keyof Options] ?? [(x: unknown) => typeof x === "boolean", "true or false"];
    if (fits(value)) continue;
    const missing = isStrayPromise(value) ? ": `await` is missing" : "";
    throw new RangeError(`${scenario}: ${key} is ${what}, not ${shown(value)}${missing}.`);
  }
  return { ...defaults, ...Object.fromEntries(given) };
}
