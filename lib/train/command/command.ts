/** The arguments of `deno task train` as a command: what the user gave, and nothing else. */

import type { Option } from "../../systems/option.ts";
import { running, type Setting, type Settings } from "../../systems/settings.ts";
import { UsageError } from "../../systems/usage.ts";
import { isModulePath } from "../../systems/module_path.ts";
import { scenarioNames } from "../../systems/registry.ts";
import { checkOption, readArguments, shellWord } from "./flags.ts";
import { nearestScenario } from "./nearest.ts";
import { type Controls, controls, everySetting } from "./tables.ts";

/** A command as it was given: nothing is filled in, so that a resumed run knows what the user asked for. */
export interface Command {
  /** The settings that were given, not yet checked against their ranges; `seed` only where there is one. */
  readonly given: Settings;
  /** The seeds that were given, a run each; not yet checked. */
  readonly seeds: readonly number[];
  /** The controls that were given. */
  readonly controls: Partial<Controls>;
}

/** Reads the arguments. Throws a {@linkcode UsageError} at the first that cannot be understood. */
export function parseCommand(args: readonly string[]): Command {
  const settings = everySetting();
  const { values: { seed, ...values }, positionals: [stray] } = readArguments(
    "train",
    { ...settings, ...controls },
    args,
  );
  if (stray !== undefined) {
    throw new UsageError(`"${stray}" is not a flag: ${meantBy(stray)}`);
  }
  for (const [name, option] of Object.entries<Option>(controls)) {
    if (name in values) checkOption(name, option, values[name]);
  }
  const part = (table: object) => Object.fromEntries(Object.entries(values).filter(([name]) => name in table));
  return withSeeds(part(settings) as Settings, (seed ?? []) as readonly number[], part(controls) as Partial<Controls>);
}

/** What is said to an argument without a flag: most are what a flag takes. */
function meantBy(stray: string): string {
  const scenario = nearestScenario(stray, scenarioNames());
  if (scenario !== null) return `did you mean --scenario-name ${scenario}?`;
  if (!isModulePath(stray)) return "every argument of train begins with --, see --help.";
  return `did you mean ${/\.[cm]?[jt]s$/.test(stray) ? "--scenario-name" : "--resume"} ${shellWord(stray)}?`;
}

/** A command whose seeds, of which none may be there twice, are a run each; one alone is a setting. */
function withSeeds(
  settings: Settings,
  seeds: readonly number[],
  controls: Partial<Controls>,
): Command {
  if (new Set(seeds).size < seeds.length) throw new UsageError(`--seed ${seeds.join(",")} names a seed twice.`);
  return { given: { ...settings, ...seeds.length === 1 && { seed: seeds[0]! } }, seeds, controls };
}

/** The settings that a file holds, and its seeds. Throws a {@linkcode UsageError} if it is no table of settings. */
export function seedsOf(settings: Readonly<Record<string, unknown>>): { settings: Settings; seeds: readonly number[] } {
  const { seed, ...rest } = settings;
  const seeds = seed === undefined ? [] : Array.isArray(seed) ? seed as number[] : [seed as number];
  for (const x of seeds) checkOption("seed", running.seed, x);
  return { settings: rest as Readonly<Record<string, Setting>>, seeds };
}
