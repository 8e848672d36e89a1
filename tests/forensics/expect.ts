/** What a program of the tests must raise. */

import { ok, strictEqual } from "node:assert";
import { onWarning, PlumblineError } from "../../mod.ts";

/** Runs `program`; it must throw `code` at the line of its file that contains `line`. Gives the error. */
export async function raises(code: string, line: string, program: () => unknown): Promise<PlumblineError> {
  let error: unknown;
  try {
    await program();
  } catch (thrown) {
    error = thrown;
  }
  ok(error instanceof PlumblineError, `expected ${code}, got ${error}`);
  strictEqual(error.code, code, error.message);
  ok(error.sites[0]?.text?.includes(line), `expected the line with "${line}":\n${error.message}`);
  return error;
}

/** Runs `program`; it must neither throw nor warn. */
export async function isSilent(program: () => unknown): Promise<void> {
  const warnings: string[] = [];
  const end = onWarning((warning) => warnings.push(warning.message));
  try {
    await program();
  } finally {
    end();
  }
  strictEqual(warnings.join("\n"), "");
}

/** Runs `program`; it must warn of `code` and not throw. */
export async function warnsOf(code: string, program: () => unknown): Promise<PlumblineError> {
  const warnings: PlumblineError[] = [];
  const end = onWarning((warning) => warnings.push(warning));
  try {
    await program();
  } finally {
    end();
  }
  const found = warnings.find((x) => x.code === code);
  ok(found, `expected a warning ${code}, got ${warnings.map((x) => x.code)}`);
  return found;
}
