/**
 * `deno task notebooks`: executes notebooks from top to bottom, each in a kernel of its own, and fails if a cell throws or a
 * stored output does not come again. `--update` writes the new outputs into the files.
 *
 * `deno task notebooks notebooks/quickstart.ipynb --update --timeout 300`
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NotebookRun, runNotebook } from "./jupyter/notebook.ts";

/** The notebooks in `folder`, by name. */
export function listNotebooks(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name);
  return names.filter((name) => name.endsWith(".ipynb")).sort().map((name) => join(folder, name));
}

/** Runs `task` on every item, at most `limit` at a time. */
async function inParallel<T>(items: readonly T[], limit: number, task: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await task(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

async function report(path: string, update: boolean, run: NotebookRun): Promise<boolean> {
  const problems = update ? run.problems : [...run.problems, ...run.missing];
  if (update && problems.length === 0) await Deno.writeTextFile(path, run.updated);
  console.log(`${path}: ${run.executed} code cells ${problems.length === 0 ? "ok" : "FAILED"}`);
  for (const problem of problems) console.log(problem);
  return problems.length === 0;
}

const helpText =
  `Runs notebooks from top to bottom, each in a Deno kernel of its own; without paths, all of notebooks/. Fails if a
cell throws or an output that the file holds does not come again.

Usage: deno task notebooks [PATH...] [flags]

  --update      write the new outputs into the files
  --timeout N   seconds for each notebook [300]
  --help        this text`;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    options: {
      update: { type: "boolean", default: false },
      timeout: { type: "string", default: "300" },
      help: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(helpText);
    return true;
  }
  const seconds = Number(values.timeout);
  if (!(seconds > 0)) throw new Error(`--timeout must be a positive number of seconds, not ${values.timeout}.`);
  const paths = positionals.length > 0 ? positionals : listNotebooks("notebooks");
  let success = true;
  await inParallel(paths, Math.min(navigator.hardwareConcurrency, 4), async (path) => {
    const run = await runNotebook(path, seconds * 1000);
    success = await report(path, values.update, run) && success;
  });
  return success;
}

if (import.meta.main) {
  try {
    Deno.exit(await main() ? 0 : 1);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}
