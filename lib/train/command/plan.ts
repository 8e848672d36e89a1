/** From a command to the runs that it amounts to, before anything is made. */

import { dirname } from "node:path";
import { shown } from "../../graph/kinds.ts";
import type { Config, Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import { findRun, type ResumePoint } from "../files/find_run.ts";
import { runsOfSeries } from "../files/series.ts";
import { fromRun } from "../files/inputs.ts";
import { usedConfig } from "./saved_config.ts";
import { type Command, seedsOf } from "./command.ts";
import { algorithmOf, laidOver, newConfig, resumedConfig } from "./config.ts";
import { controls as controlTable, firstScenario, refuseForeign, settingsKnown } from "./tables.ts";
import { systemFor, systemToOpen } from "./worlds.ts";

/** A run that a command amounts to. */
export interface Plan {
  readonly system: System;
  readonly config: Config;
  /** Parent of the folders of new runs. */
  readonly out: string;
  /** The run to continue; null for a new one. */
  readonly resume: ResumePoint | null;
  readonly arguments: readonly string[];
}

/** A run for each seed, or for each run of a series that is resumed; at least one. Throws a {@linkcode UsageError}. */
export function plansOf(command: Command, args: readonly string[]): Promise<Plan[]> {
  const { resume } = command.controls;
  return resume === undefined || resume === null ? newPlans(command, args) : resumedPlans(command, resume, args);
}

async function newPlans({ given, seeds, controls }: Command, args: readonly string[]): Promise<Plan[]> {
  const file = controls.config ? await configOf(controls.config) : { settings: {}, seeds: [] };
  const { seed: _, ...flags } = given;
  const below = controls.config ? fromRun(dirname(controls.config), file.settings) : file.settings;
  const both: Settings = { ...below, ...flags };
  const scenario = scenarioOf(both);
  const system = await systemFor(scenario);
  const all = seeds.length > 0 ? seeds : file.seeds;
  const out = controls.out ?? controlTable.out.initial!;
  return algorithmsOf(system, { ...both, scenarioName: scenario }).flatMap((algorithm) => {
    // Of several algorithms each takes what it knows of the settings, which some of them must know.
    const own = (given: Settings): Settings =>
      both.algorithm === everyAlgorithm ? { ...settingsKnown(given, system, algorithm), algorithm } : given;
    refuseForeign(Object.keys(own(both)), system, scenario, algorithm);
    const settings = laidOver(system, algorithm, own(flags), own(below));
    return (all.length > 0 ? all : [undefined]).map((seed) => ({
      system,
      config: newConfig(system, scenario, { ...settings, ...seed !== undefined && { seed } }, controls.preset),
      out,
      resume: null,
      arguments: args,
    }));
  });
}

/** What `--algorithm` takes for a run by each of them. */
const everyAlgorithm = "all";

/** The algorithms that settings ask for. Throws a {@linkcode UsageError} for a setting that none of all knows. */
function algorithmsOf(system: System, settings: Settings): readonly string[] {
  if (settings.algorithm !== everyAlgorithm) return [algorithmOf(system, settings)];
  const names = Object.keys(system.algorithms);
  const { algorithm: _, ...others } = settings;
  const foreign = Object.keys(others).find((name) =>
    !names.some((algorithm) => name in settingsKnown(others, system, algorithm))
  );
  if (foreign !== undefined) refuseForeign([foreign], system, String(settings.scenarioName), names[0]!);
  return names;
}

/** What a `--config` says. YAML's reader is a fifth of what starting takes: it is loaded where there is such a file. */
async function configOf(path: string): Promise<ReturnType<typeof seedsOf>> {
  const { readConfigFile } = await import("./config_file.ts");
  return seedsOf(readConfigFile(path));
}

/** The scenario of settings. Throws a {@linkcode UsageError} if it is no name. */
export function scenarioOf({ scenarioName = firstScenario }: Settings): string {
  if (typeof scenarioName === "string" && scenarioName !== "") return scenarioName;
  throw new UsageError(`--scenario-name takes a name, not ${shown(scenarioName)}.`);
}

async function resumedPlans(
  { given, seeds, controls }: Command,
  path: string,
  args: readonly string[],
): Promise<Plan[]> {
  if (controls.out) throw new UsageError("--out cannot be given with --resume: the run goes on in its own folder.");
  for (const name of ["preset", "config"] as const) {
    if (!controls[name]) continue;
    throw new UsageError(`--${name} cannot be given with --resume: a run keeps its settings.`);
  }
  const series = runsOfSeries(path);
  if (seeds.length > 1 || (seeds.length > 0 && series.length > 0)) {
    throw new UsageError(`--seed ${seeds.join(",")} cannot be given with --resume: each run keeps its seed.`);
  }
  const plans: Plan[] = [];
  for (const folder of series.length > 0 ? series : [path]) {
    const resume = findRun(folder, `--resume ${folder}`);
    const run = usedConfig(resume);
    const system = await systemToOpen(run.scenarioName);
    refuseForeign(Object.keys(given), system, run.scenarioName, run.algorithm);
    plans.push({ system, config: resumedConfig(system, run, given), out: "", resume, arguments: args });
  }
  return plans;
}
