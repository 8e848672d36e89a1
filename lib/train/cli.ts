/** The command line of `deno task train`, by `node:util` parseArgs and the table of options. */

import { parseArgs } from "node:util";
import { UsageError } from "./error.ts";
import {
  type Config,
  type Controls,
  controls,
  flagOf,
  groups,
  limitsOf,
  type Option,
  rangeOf,
  settings,
} from "./options.ts";
import { preset, type PresetName } from "./presets.ts";

/** A command as it was given: nothing is filled in, so that a resumed run knows what the user asked for. */
export interface Command {
  /** The settings that were given, not yet checked against their ranges. */
  readonly given: Partial<Config>;
  /** The controls that were given. */
  readonly controls: Partial<Controls>;
}

const options: ReadonlyMap<string, readonly [name: string, option: Option]> = new Map(
  Object.entries<Option>({ ...settings, ...controls }).map(([name, option]) => [flagOf(name).slice(2), [name, option]]),
);

/** Reads the arguments. Throws a {@linkcode UsageError} at the first that cannot be understood. */
export function parseCommand(args: readonly string[]): Command {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      [...options].map(([flag, [, option]]) => [flag, { type: option.kind === "switch" ? "boolean" : "string" }]),
    ),
  });
  const values = new Map<string, unknown>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      throw new UsageError(`"${token.value}" is not a flag: every argument of train begins with --, see --help.`);
    }
    const [name, option] = options.get(token.name) ?? unknownFlag(token.rawName);
    if (values.has(name)) throw new UsageError(`${token.rawName} is given twice.`);
    const value = valueOf(token, option);
    if (name in controls && option.kind === "choice" && !option.values.includes(value as string)) {
      throw new UsageError(`${token.rawName} takes ${rangeOf(option)}, not "${value}".`);
    }
    values.set(name, value);
  }
  const part = (table: object) => Object.fromEntries([...values].filter(([name]) => name in table));
  return { given: part(settings) as Partial<Config>, controls: part(controls) as Partial<Controls> };
}

function valueOf(token: { rawName: string; value?: string; inlineValue?: boolean }, option: Option): unknown {
  const { rawName, value, inlineValue } = token;
  if (option.kind === "switch") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value: leave "=${value}" out.`);
    return true;
  }
  if (value === undefined || value === "" || (!inlineValue && value.startsWith("--"))) {
    throw new UsageError(`${rawName} has no value: it takes ${rangeOf(option)}.`);
  }
  const isNumber = option.kind === "integer" || option.kind === "number";
  return isNumber && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
}

function unknownFlag(flag: string): never {
  const [nearest] = [...options.keys()]
    .map((name) => ({ name, distance: editDistance(flag.replace(/^-+/, "").replaceAll("_", "-"), name) }))
    .sort((a, b) => a.distance - b.distance);
  const close = nearest && nearest.distance <= Math.max(1, nearest.name.length / 3);
  throw new UsageError(`${flag} is no flag of train: ${close ? `did you mean --${nearest.name}?` : "see --help."}`);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1]!;
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? rows[i - 2]![j - 2]! + 1
        : Infinity;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

const placeholders = { integer: "N", number: "X", choice: "NAME", path: "PATH", switch: "" };

/** The text of `--help`. */
export function helpText(): string {
  const lines = [
    "Trains agents by multi-agent PPO and keeps everything about the run in a folder of its own.",
    "",
    "Usage: deno task train [flags]",
  ];
  const left = (name: string, option: Option) => `  ${flagOf(name)} ${placeholders[option.kind]}`.trimEnd();
  const rows = Object.values(groups).flatMap((table) => Object.entries(table));
  const width = Math.max(...rows.map(([name, option]) => left(name, option).length)) + 3;
  for (const [title, table] of Object.entries(groups)) {
    lines.push("", title);
    for (const [name, option] of Object.entries(table)) {
      lines.push(left(name, option).padEnd(width) + explain(option));
    }
  }
  lines.push(
    "",
    "In [brackets]: the default. Presets, where they differ from it:",
    ...presetLines(),
    "",
    "Examples",
    "  deno task train",
    "  deno task train --n-agents 4 --n-iters 20 --seed 1",
    "  deno task train --resume output/navigation/2030-01-31_12-00-00 --n-iters 40",
    "",
    "Ctrl-C ends the iteration, saves, and says how to resume; a second Ctrl-C stops at once.",
    "Exit codes: 0 done, 1 failed, 2 the command is wrong, 130 interrupted.",
  );
  return lines.join("\n");
}

/** The presets as flags; a scenario that has one recipe has one entry, navigation has its defaults and none. */
function presetLines(): string[] {
  return settings.scenarioName.values.flatMap((scenario) => {
    const flags = (name: PresetName): string[] =>
      Object.entries(preset(scenario, name))
        .filter(([key, value]) => value !== settings[key as keyof typeof settings].initial)
        .map(([key, value]) => `${flagOf(key)} ${value}`);
    const [seed, tuned] = [flags("seed"), flags("tuned")];
    const entries = `${seed}` === `${tuned}`
      ? [[scenario, seed] as const]
      : [[`${scenario}, seed`, seed] as const, [`${scenario}, tuned`, tuned] as const];
    return entries.flatMap(([title, flags]) => flags.length > 0 ? [`  ${title}`, ...wrap(flags)] : []);
  });
}

/** Words in lines of at most 100 characters, with an indent. */
function wrap(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines.at(-1) ?? "   "} ${word}`;
    if (longer.length <= 100 && lines.length > 0) lines[lines.length - 1] = longer;
    else lines.push(`    ${word}`);
  }
  return lines;
}

function explain(option: Option): string {
  switch (option.kind) {
    case "switch":
      return option.help;
    case "path":
      return option.initial === null ? option.help : `${option.help} [${option.initial}]`;
    case "choice":
      return `${option.help} (${option.values.join(", ")})${option.initial === null ? "" : ` [${option.initial}]`}`;
    default:
      return `${option.help} (${limitsOf(option).replace(/^from /, "")}) [${option.initial}]`;
  }
}
