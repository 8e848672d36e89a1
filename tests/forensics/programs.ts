/**
 * The programs of tests/forensics/programs: each a script as a user writes it. What one must be answered stands in it, at the
 * end of the guilty line: `// expect G101`, or `// expect warning G205` for what does not stop a program. A sound program
 * exports its losses.
 */

import { pathToFileURL } from "node:url";
import { onWarning, PlumblineError } from "../../mod.ts";

/** A program's answer. */
export interface Outcome {
  readonly severity: "error" | "warning";
  readonly code: string;
  /** The line that is named, from 1; `null` if it is not one of the program's. */
  readonly line: number | null;
  readonly message: string;
  readonly error: PlumblineError;
}

/** What a program must be answered. */
export type Expected = Pick<Outcome, "severity" | "code" | "line">;

const folder = new URL("./programs/", import.meta.url);

/** The names of the programs of a folder, in order. */
export function programs(kind: "broken" | "sound"): string[] {
  const files = [...Deno.readDirSync(new URL(`${kind}/`, folder))].map((x) => x.name);
  return files.filter((x) => x.endsWith(".ts")).map((x) => x.slice(0, -3)).sort();
}

function urlOf(kind: "broken" | "sound", name: string): URL {
  return new URL(`${kind}/${name}.ts`, folder);
}

/** What the broken program `name` says of itself: its first line. */
export function titleOf(kind: "broken" | "sound", name: string): string {
  return /^\/\*\* (.*?) \*\//.exec(Deno.readTextFileSync(urlOf(kind, name)))?.[1] ?? "";
}

/** The mark of the broken program `name`. */
export function expected(name: string): Expected {
  const lines = Deno.readTextFileSync(urlOf("broken", name)).split("\n");
  const marks = lines.flatMap((text, i) => {
    const mark = /\/\/ expect (warning )?(G\d+)$/.exec(text);
    return mark ? [{ severity: mark[1] ? "warning" : "error", code: mark[2]!, line: i + 1 } as const] : [];
  });
  if (marks.length !== 1) throw new Error(`${name} has ${marks.length} marks.`);
  return marks[0]!;
}

/** What the library said of a program, and what the program exports. */
export interface Ran {
  readonly outcomes: Outcome[];
  readonly exports: Record<string, unknown>;
}

/** The text of a program. */
export function textOf(kind: "broken" | "sound", name: string): string {
  return Deno.readTextFileSync(urlOf(kind, name));
}

const ran = new Map<string, Promise<Ran>>();

/** Runs a program: once in a process, which imports it once. */
export function runProgram(kind: "broken" | "sound", name: string): Promise<Ran> {
  const url = urlOf(kind, name);
  const run = ran.get(url.href) ?? runFile(url);
  ran.set(url.href, run);
  return run;
}

/** Runs a text as if it were a program of `programs/broken`. */
export async function runText(text: string): Promise<Ran> {
  const library = new URL("../../mod.ts", import.meta.url).href;
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, text.replaceAll("../../../../mod.ts", library));
    return await runFile(pathToFileURL(path));
  } finally {
    await Deno.remove(path);
  }
}

async function runFile(url: URL): Promise<Ran> {
  const outcomes: Outcome[] = [];
  const say = (severity: Outcome["severity"], error: PlumblineError): void => {
    const { code, message, sites: [site] } = error;
    outcomes.push({ severity, code, line: site?.url === url.href ? site.line : null, message, error });
  };
  const end = onWarning((warning) => say("warning", warning));
  // Deno takes an import that waits for ONNX Runtime alone for one that will never end.
  const awake = setInterval(() => {}, 1000);
  try {
    return { outcomes, exports: await import(url.href) };
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    say("error", error);
    return { outcomes, exports: {} };
  } finally {
    end();
    clearInterval(awake);
  }
}
