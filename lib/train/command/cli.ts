/** The command line of `deno task train`, by the table of options. */

import { UsageError } from "../files/error.ts";
import { checkOption, flagText, optionLines, readArguments } from "./flags.ts";
import { type Config, type Controls, controls, groups, type Option, settings } from "./options.ts";
import { preset, type PresetName } from "../presets.ts";

/** A command as it was given: nothing is filled in, so that a resumed run knows what the user asked for. */
export interface Command {
  /** The settings that were given, not yet checked against their ranges; `seed` only where there is one. */
  readonly given: Partial<Config>;
  /** The seeds that were given, a run each; not yet checked. */
  readonly seeds: readonly number[];
  /** The controls that were given. */
  readonly controls: Partial<Controls>;
}

/** Reads the arguments. Throws a {@linkcode UsageError} at the first that cannot be understood. */
export function parseCommand(args: readonly string[]): Command {
  const { values: { seed, ...values }, positionals: [stray] } = readArguments(
    "train",
    { ...settings, ...controls },
    args,
  );
  if (stray !== undefined) {
    throw new UsageError(`"${stray}" is not a flag: every argument of train begins with --, see --help.`);
  }
  for (const [name, option] of Object.entries<Option>(controls)) {
    if (name in values) checkOption(name, option, values[name]);
  }
  const part = (table: object) => Object.fromEntries(Object.entries(values).filter(([name]) => name in table));
  const seeds = (seed ?? []) as readonly number[];
  if (new Set(seeds).size < seeds.length) throw new UsageError(`--seed ${seeds.join(",")} names a seed twice.`);
  const given = { ...part(settings), ...seeds.length === 1 && { seed: seeds[0] } };
  return { given: given as Partial<Config>, seeds, controls: part(controls) as Partial<Controls> };
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = [
    "Trains agents by multi-agent PPO and keeps everything about the run in a folder of its own.",
    "",
    "Usage: deno task train [flags]",
    ...optionLines(groups),
  ];
  lines.push(
    "",
    "In [brackets]: the default; what is true or false has a --no- form. Presets, where they differ from it:",
    ...presetLines(),
    "",
    "Examples",
    "  deno task train",
    "  deno task train --n-agents 4 --n-iters 20 --seed 1",
    "  deno task train --scenario-name reverse_transport --seed 0,1,2 --max-time 2h",
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
        .map(([key, value]) => flagText(key, value));
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
