/** Broken programs that follow the help of their error: the text of the help, put into the program. */

import type { PlumblineError } from "../../mod.ts";

/** A program's text, and what it was answered. */
export interface Answered {
  readonly text: string;
  /** The guilty line, from 1. */
  readonly line: number;
  readonly error: PlumblineError;
}

/** `text` with `old` replaced in line `line`; throws if it is not there. */
export function inLine(text: string, line: number, old: string, by: string): string {
  const lines = text.split("\n");
  const before = lines[line - 1]!;
  if (!before.includes(old)) throw new Error(`line ${line} has no ${old}: ${before}`);
  return lines.with(line - 1, before.replace(old, () => by)).join("\n");
}

/** `text` with `old` replaced wherever it stands; throws if it does not. */
export function everywhere(text: string, old: string, by: string): string {
  if (!text.includes(old)) throw new Error(`there is no ${old}`);
  return text.replaceAll(old, () => by);
}

/** The one help that begins with `start`, without it. */
export function helpOf({ error }: Answered, start: string): string | null {
  const found = error.help.filter((x) => x.startsWith(start));
  return found.length === 1 ? found[0]!.slice(start.length).trim() : null;
}

/** The place of the story that says `note`. */
function placeOf({ error }: Answered, note: string): { line: number; whole: string } | null {
  const i = error.parts.sites?.findIndex((x) => "site" in x && x.note?.startsWith(note)) ?? -1;
  const site = i < 0 ? undefined : error.sites[i];
  return site?.receiver && site.call ? { line: site.line, whole: `${site.receiver}.${site.call}` } : null;
}

/** A way to follow a help that is code as it stands: null if there is no such help. */
export type Way = (program: Answered) => string | null;

/** `keep the tensor:  loss.add(aux(x).mean())`: in the place of the line where the number entered. */
export const keepTheTensor: Way = (program) => {
  const code = helpOf(program, "keep the tensor:");
  const entered = placeOf(program, "enters here");
  return code && entered && !/ and compute | in place of /.test(code)
    ? inLine(program.text, entered.line, entered.whole, code)
    : null;
};

/** `leave out the detach():  h`. */
export const leaveOutTheStop: Way = (program) => {
  const code = helpOf(program, "leave out the detach():");
  return code && inLine(program.text, program.line, `${code}.detach()`, code);
};

/** `round() passes no gradient: let it pass by (straight through), as ..`, and a smooth step, `as ..`. */
export const takeTheOther: Way = ({ text, line, error }) => {
  const [, code] = /(?:straight through\)|smooth one), as (.*?)\.?$/.exec(error.help[0]!) ?? [];
  const [site] = error.sites;
  return code && site?.receiver ? inLine(text, line, `${site.receiver}.${site.call}`, code) : null;
};

/** `if intended:      stopGradient(h, "why")`. */
export const declareTheStop: Way = (program) => {
  const code = helpOf(program, "if intended:")?.replace(/ before it is read\.$/, "");
  const [, tensor] = /^stopGradient\((.*), "why"\)$/.exec(code ?? "") ?? [];
  if (!code || !tensor || tensor === "t") return null;
  const stop = program.text.split("\n")[program.line - 1]!.includes(`${tensor}.detach()`)
    ? `${tensor}.detach()`
    : tensor;
  const text = inLine(program.text, program.line, stop, code);
  return /\bstopGradient\b.*mod\.ts/.test(text) ? text : `import { stopGradient } from "../../../../mod.ts";\n${text}`;
};
