/** What a broken program is answered, and whether a mended one learns. */

import { deepStrictEqual as equal, ok } from "node:assert";
import type { Parameter } from "../../mod.ts";
import { lastLesson } from "../../lib/forensics/steps/losses.ts";
import type { Answered } from "./follow.ts";
import { type Ran, runText } from "./programs.ts";

/** Programs talk; the tests listen only to the library. */
export async function quietly<T>(fn: () => Promise<T>): Promise<T> {
  const { debug, warn } = console;
  console.debug = console.warn = () => {};
  try {
    return await fn();
  } finally {
    Object.assign(console, { debug, warn });
  }
}

/** The first thing that was said of a program of this text. */
export function answerOf({ outcomes: [outcome] }: Ran, text: string): Answered {
  ok(outcome, text);
  return { text, line: outcome.line!, error: outcome.error };
}

/** Runs a program that is mended: nothing is said of it, and all of `modules`, as it names them, have learned. */
export async function learns(text: string, modules: string): Promise<void> {
  const { outcomes, exports } = await quietly(() => runText(`${text}\nexport const learning = [${modules}];`));
  equal(outcomes.map((x) => x.message), [], text);
  const found = exports.learning as (Parameter | { parameters(): Parameter[] })[];
  const parameters = found.flatMap((x) => "parameters" in x ? x.parameters() : [x]);
  const idle = parameters.filter((x) => lastLesson(x) < 0).map((x) => x.label);
  equal(idle, [], text);
}
