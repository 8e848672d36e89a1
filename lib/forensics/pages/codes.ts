/** The one table of error codes: what each means, a program that has it, and the program mended. */

import { signature } from "../../graph/arguments.ts";
import type { ErrorCode } from "../../graph/error.ts";
import { text } from "../../graph/kinds.ts";
import { writtenFor } from "../pytorch/names.ts";
import { type Page, pagesOfCuts } from "./cuts.ts";
import { pagesOfShapes } from "./shapes.ts";
import { pagesOfSurroundings } from "./surroundings.ts";
import { pagesOfValues } from "./values.ts";

export type { Page };

/** Every error code with its page: G1xx cut, G2xx stale, G3xx shape and axis, G4xx non-finite, G5xx ownership, G6xx surroundings. */
export const codes: Readonly<Record<ErrorCode, Page>> = {
  ...pagesOfCuts,
  ...pagesOfShapes,
  ...pagesOfValues,
  ...pagesOfSurroundings,
};

function indented(text: string): string {
  return text.split("\n").map((line) => line && `    ${line}`).join("\n");
}

const takesCode = signature("explain()", { code: text });

/**
 * The page of an error code as text: what it means, a wrong and a right program. Of a name of PyTorch, as
 * `torch.nn.Conv3d`, what to write here, or that it is called the same.
 *
 * @throws RangeError if there is no such code or name.
 *
 * @example
 * ```ts
 * import { explain } from "@plumbline/plumbline";
 *
 * console.log(explain("G101"));
 * console.log(explain("torch.nansum")); // torch.nansum: where(x.isNaN(), 0, x).sum(axis).
 * ```
 */
export function explain(code: string): string {
  takesCode(arguments);
  const page = Object.hasOwn(codes, code) && codes[code as ErrorCode];
  if (!page) {
    const written = writtenFor(code);
    if (written !== null) return `${code}: ${written}`;
    throw new RangeError(
      `there is no error code ${code}; the codes are ${Object.keys(codes).join(", ")}. Of PyTorch's names those are ` +
        "explained that people look for, as torch.randn.",
    );
  }
  const { title, meaning, wrong, right } = page;
  return `${code}: ${title}\n\n${wrapped(meaning)}\n\nWrong:\n\n${indented(wrong)}\n\nRight:\n\n${indented(right)}\n`;
}

/** A paragraph in lines of at most a hundred characters, for terminals, which break words anywhere. */
function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (longer.length <= 100) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join("\n");
}
