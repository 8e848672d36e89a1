/** What a run notes of its configuration beside config.json: in its checkpoints, and as a table among its events. */

import { type Config, isHarmless, type Settings } from "../../systems/settings.ts";

/** Of a configuration what a checkpoint notes: all on which its numbers depend. */
export function notedOf(config: Config): Settings {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !isHarmless(name)));
}

/** The tag of the configuration among the events. */
export const configTag = "config";

/** A configuration as a table in Markdown. */
export function configTable(config: Config): string {
  const rows = Object.entries(config).map(([name, value]) => `| ${name} | ${value} |`);
  return ["| setting | value |", "|---|---|", ...rows].join("\n");
}

/** What a {@linkcode configTable} says, as texts; null if that is nothing. */
export function settingsInTable(table: string): Settings | null {
  const rows = [...table.matchAll(/^\| (\w+) \| (.*) \|$/gm)].map(([, name, value]) => [name!, value!]);
  // The first row is the table's head.
  return rows.length > 1 ? Object.fromEntries(rows.slice(1)) : null;
}
