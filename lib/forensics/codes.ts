/** The one table of error codes: what each means, a program that has it, and the program mended. */

import { type Page, pagesOfCuts } from "./pages/cuts.ts";
import { pagesOfShapes } from "./pages/shapes.ts";
import { pagesOfValues } from "./pages/values.ts";

export type { Page };

/** Every error code with its page: G1xx cut, G2xx stale, G3xx shape and axis, G4xx non-finite, G5xx ownership. */
export const codes = { ...pagesOfCuts, ...pagesOfShapes, ...pagesOfValues } satisfies Record<`G${number}`, Page>;

/** An error code that has a page. */
export type KnownCode = keyof typeof codes;

function indented(text: string): string {
  return text.split("\n").map((line) => line && `    ${line}`).join("\n");
}

/**
 * The page of an error code as text: what it means, a wrong and a right program.
 *
 * @throws RangeError if there is no such code.
 *
 * @example
 * ```ts
 * import { explain } from "../../mod.ts";
 *
 * console.log(explain("G101"));
 * ```
 */
export function explain(code: string): string {
  if (!Object.hasOwn(codes, code)) {
    throw new RangeError(`there is no error code ${code}; the codes are ${Object.keys(codes).join(", ")}.`);
  }
  const { title, meaning, wrong, right } = codes[code as KnownCode];
  return `${code}: ${title}\n\n${meaning}\n\nWrong:\n\n${indented(wrong)}\n\nRight:\n\n${indented(right)}\n`;
}
