/**
 * `deno task report RUN [--iteration N]`: a notebook that repeats what a run did, in the run's folder.
 * `deno task report --new NAME`: an empty report, NAME.ipynb.
 */

import { parseArgs } from "node:util";
import { UsageError } from "../lib/train/error.ts";
import { writeEmptyReport, writeRunReport } from "../lib/train/report.ts";

const usage = "deno task report RUN [--iteration N], or deno task report --new NAME";

function report(args: readonly string[]): string {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { new: { type: "string" }, iteration: { type: "string" } },
    allowPositionals: true,
  });
  const [run, ...more] = positionals;
  if (values.new !== undefined && run === undefined) return writeEmptyReport(values.new);
  if (run === undefined || more.length > 0 || values.new !== undefined) throw new UsageError(`Usage: ${usage}`);
  const { iteration = null } = values;
  if (iteration !== null && !/^[1-9]\d*$/.test(iteration)) {
    throw new UsageError(`--iteration takes a whole number from 1, not ${iteration}.`);
  }
  return writeRunReport(run, iteration === null ? null : Number(iteration));
}

try {
  console.log(`${report(Deno.args)}\nOpen it in Jupyter with Deno's kernel, or run it: deno task notebooks PATH`);
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(error instanceof UsageError || error instanceof TypeError ? 2 : 1);
}
