/**
 * `deno task report RUN [--iteration N]`: a notebook that repeats what a run did, in the run's folder.
 * `deno task report --new NAME`: an empty report, NAME.ipynb.
 */

import { parseArgs } from "node:util";
import { printable } from "../lib/systems/text.ts";
import { UsageError } from "../lib/systems/usage.ts";
import { shellWord } from "../lib/train/command/flags.ts";
import { writeEmptyReport, writeRunReport } from "../lib/train/look/report.ts";

const usage = "deno task report RUN [--iteration N], or deno task report --new NAME";
const helpText =
  `Writes a notebook that repeats what a run did, into the run's folder: the step that failed, else its last iteration.

Usage: ${usage}

  --iteration N   this iteration, from the checkpoint before it
  --new NAME      an empty report, NAME.ipynb
  --help          this text`;

function report(args: readonly string[]): string {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { new: { type: "string" }, iteration: { type: "string" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
  if (values.help) return helpText;
  const [run, ...more] = positionals;
  if (run === "" || values.new === "") throw new UsageError("An argument of report is empty: give a run, or a name.");
  if (values.new !== undefined && run === undefined) return told(writeEmptyReport(values.new));
  if (run === undefined || more.length > 0 || values.new !== undefined) throw new UsageError(`Usage: ${usage}`);
  const { iteration = null } = values;
  if (iteration !== null && !/^[1-9]\d*$/.test(iteration)) {
    throw new UsageError(`--iteration takes a whole number from 1, not ${iteration}.`);
  }
  return told(writeRunReport(run, iteration === null ? null : Number(iteration)));
}

function told(path: string): string {
  return `${path}\nOpen it in Jupyter with Deno's kernel, or run it: deno task notebooks ${shellWord(path)}`;
}

try {
  console.log(printable(report(Deno.args)));
} catch (error) {
  console.error(`error: ${printable((error as Error).message)}`);
  Deno.exit(error instanceof UsageError || error instanceof TypeError ? 2 : 1);
}
