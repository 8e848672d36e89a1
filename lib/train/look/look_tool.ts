/** What the commands that look at a run or a scenario share: the flags are those of its system, and so is the deed. */

import { flagOf, type Option, type Table } from "../../systems/option.ts";
import { systems } from "../../systems/registry.ts";
import { running, type Settings } from "../../systems/settings.ts";
import type { Look, Subject, System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import { checkOption, valuesOf } from "../command/flags.ts";
import type { Tool } from "../command/tool.ts";
import { findTarget, subjectOf, type Target, taskOptions } from "./target.ts";

/** What tells one such command from another. */
export interface LookParts<Result> extends Pick<Tool, "name" | "summary" | "usage" | "examples"> {
  /** Flags of the command itself, whatever the system. */
  readonly own?: Table;
  /** Whether it also looks at scenarios, by a name and the flags that make a world. */
  readonly scenarios: boolean;
  readonly look: (system: System) => Look<Result>;
  /** Before the work: throws a UsageError for what is wrong with the command's own flags. */
  readonly prepare?: (target: Target, values: Readonly<Record<string, unknown>>) => void;
  /** What is printed, after the files are written. */
  readonly tell: (result: Result, target: Target, values: Readonly<Record<string, unknown>>) => string;
}

/** Makes the command. */
export function lookTool<Result>(parts: LookParts<Result>): Tool {
  const { name, summary, usage, examples, own = {}, scenarios, look, prepare, tell } = parts;
  const tableOf = (system: System): Table => ({
    ...look(system).options,
    ...own,
    ...scenarios ? taskOptions(system) : {},
    device: running.device,
  });
  return {
    name,
    summary,
    usage,
    examples,
    positionals: [1, 1],
    options: united(systems.map(tableOf)),
    notes: [
      ...new Set(systems.flatMap((system) => look(system).notes)),
      ...scenarios ? ["The flags that make a world go with the name of a scenario."] : [],
    ],
    async run({ positionals: [text], given }) {
      const target = await findTarget(text!, given as Settings);
      const table = tableOf(target.system);
      const foreign = Object.keys(given).find((flag) => !Object.hasOwn(table, flag));
      if (foreign !== undefined) {
        throw new UsageError(`${flagOf(foreign)} does not go with ${target.config.scenarioName}: leave it out.`);
      }
      for (const [name, value] of Object.entries(given)) checkOption(name, table[name]!, value);
      const values = valuesOf(table, given);
      prepare?.(target, values);
      const subject: Subject = subjectOf(target);
      return tell(await look(target.system).run(subject, values), target, values);
    },
  };
}

/** Rows by name, the last of a name; one of several words takes those of all tables: which of them go with a system is looked at later. */
function united(tables: readonly Table[]): Table {
  const all: Record<string, Option> = {};
  for (const [name, row] of tables.flatMap((table) => Object.entries(table))) {
    const other = all[name];
    all[name] = row.kind === "choice" && other?.kind === "choice"
      ? { ...row, values: [...new Set([...other.values, ...row.values])] }
      : row;
  }
  return all;
}
