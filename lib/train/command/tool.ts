/** What the commands beside `train` share: their flags from a table, `--help`, `--out`, and errors as sentences. */

import { dirname } from "node:path";
import { printable } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { infoOf } from "../files/atomic.ts";
import { reasonOf, textOf } from "../files/error.ts";
import { checkOption, optionLines, readArguments, valuesOf } from "./flags.ts";
import type { Host } from "../loop/host.ts";
import { flag, flagOf, type Table } from "../../systems/option.ts";

/** A command. */
export interface Tool {
  /** As in `deno task <name>`. */
  readonly name: string;
  /** A sentence for `--help`. */
  readonly summary: string;
  /** What follows the name: `RUN [flags]`. */
  readonly usage: string;
  /** How many arguments are not flags. */
  readonly positionals: readonly [least: number, most: number];
  readonly options: Table;
  readonly examples: readonly string[];
  /** More lines for `--help`. */
  readonly notes?: readonly string[];
  /**
   * Does it, and returns what is printed. `given` are the flags that the user wrote, `values` all of them; a number or path
   * without a default is null if it is not given.
   */
  readonly run: (call: Call) => Promise<string>;
}

/** A command as it was called. */
export interface Call {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly given: Readonly<Record<string, unknown>>;
}

const help = { help: flag("print this") };

/** Runs the command. Returns the exit code: 0 done, 1 failed, 2 the command is wrong. */
export async function runTool(
  tool: Tool,
  args: readonly string[],
  { out, err }: Pick<Host, "out" | "err">,
): Promise<number> {
  try {
    const { values: { help: wantsHelp, ...given }, positionals } = readArguments(
      tool.name,
      { ...tool.options, ...help },
      args,
    );
    if (wantsHelp) {
      out.write(`${helpText(tool)}\n`);
      return 0;
    }
    if (positionals.includes("")) {
      throw new UsageError(`An argument of ${tool.name} is empty: give a name, or leave it out.`);
    }
    const [least, most] = tool.positionals;
    if (positionals.length < least || positionals.length > most) {
      throw new UsageError(`Usage: deno task ${tool.name} ${tool.usage}; see --help.`);
    }
    for (const [name, value] of Object.entries(given)) checkOption(name, tool.options[name]!, value);
    const values = valuesOf(tool.options, given);
    out.write(`${printable(await tool.run({ positionals, values, given }))}\n`);
    return 0;
  } catch (error) {
    err.write(`error: ${printable(textOf(error))}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/**
 * Throws a {@linkcode UsageError} unless a file can be at the `path` that the flag `name` gives: before the work, not after.
 */
export function checkPlace(name: string, path: string): void {
  const folder = dirname(path);
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(folder).isDirectory;
  } catch (error) {
    throw new UsageError(`${flagOf(name)} ${path}: the folder ${folder} cannot be opened: ${reasonOf(error)}.`);
  }
  if (!isFolder) throw new UsageError(`${flagOf(name)} ${path}: ${folder} is no folder.`);
  if (/[\\/]$/.test(path) || infoOf(path)?.isDirectory) {
    throw new UsageError(`${flagOf(name)} ${path} names a folder: give the name of a file in it.`);
  }
}

function helpText(tool: Tool): string {
  return helpOf({ ...tool, options: { ...tool.options, ...help } });
}

/** The text of `--help`. */
export function helpOf(
  { name, summary, usage, options, notes, examples, codes }:
    & Pick<Tool, "name" | "summary" | "usage" | "options" | "notes" | "examples">
    & { readonly codes?: string },
): string {
  return [
    summary,
    "",
    `Usage: deno task ${name} ${usage}`,
    ...optionLines({ "Flags": options }),
    ...notes ? ["", ...notes] : [],
    "",
    "Examples",
    ...examples.map((line) => `  deno task ${name} ${line}`.trimEnd()),
    "",
    codes ?? "Exit codes: 0 done, 1 failed, 2 the command is wrong.",
  ].join("\n");
}
