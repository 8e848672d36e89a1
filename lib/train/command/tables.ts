/** The tables of a command: which settings a run has, and whose are the others. */

import {
  called,
  choice,
  type DurationOption,
  flag,
  flagOf,
  integer,
  type NumberOption,
  type Option,
  path,
  type Table,
  type ValuesOf,
} from "../../systems/option.ts";
import { scenarioNames, systems } from "../../systems/registry.ts";
import { type Config, running, type Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";

/** What is trained unless another is named. */
export const firstScenario: string = scenarioNames()[0]!;

/** Its values are not listed: `--help` shows the systems, and a world of one's own has the path of its file. */
const scenarioName = called(
  ["env", "envId", "envName", "environment", "scenario", "task", "world"],
  choice([], firstScenario, "what is trained: a name, or the path of a world of your own"),
);

function algorithmOf({ algorithms }: System): Option {
  const names = Object.keys(algorithms);
  return called(["algo", "alg", "agent"], choice(names, names[0]!, "how to learn"));
}

/** The settings of a run by the headings of `--help`, in the order of its config.json. */
export function headingsOf(
  system: System,
  algorithm: string,
): Readonly<Record<"task" | "learning" | "running", Table>> {
  return {
    task: { scenarioName, ...system.task },
    learning: { algorithm: algorithmOf(system), ...system.algorithms[algorithm]!.settings },
    running,
  };
}

/** The settings of a run. */
export function settingsOf(system: System, algorithm: string): Table {
  const { task, learning, running } = headingsOf(system, algorithm);
  return { ...task, ...learning, ...running };
}

/** What may be given of a run: its settings, and what says one of them in another way. */
export function givenOf(system: System, algorithm: string): Table {
  return { ...settingsOf(system, algorithm), ...otherwiseOf(system, algorithm) };
}

/** The flags that say a setting of an algorithm in another way. */
export function otherwiseOf({ algorithms }: System, algorithm: string): Table {
  const { otherwise = {} } = algorithms[algorithm]!;
  return Object.fromEntries(Object.entries(otherwise).map(([name, { row }]) => [name, row]));
}

/**
 * The settings of all runs that there can be, for reading arguments before it is known whose they are; the first have their
 * defaults, and the names by which any of them is called elsewhere.
 */
export function everySetting(): Table {
  const tables = systems.flatMap((system) => Object.keys(system.algorithms).map((name) => givenOf(system, name)));
  const all: Record<string, Option> = {};
  for (const [name, row] of tables.flatMap((table) => Object.entries(table))) {
    const first = all[name] ?? row;
    all[name] = { ...first, also: [...new Set([...first.also ?? [], ...row.also ?? []])] };
  }
  return all;
}

/** What concerns one command only. */
export const controls = {
  preset: choice([...new Set(systems.flatMap(({ presets }) => presets))], null, "settings to begin with"),
  config: called(
    ["configFile", "hyperparams"],
    path(null, "settings from YAML or JSON, below the flags; a run's config.json repeats it"),
  ),
  out: called(
    ["output", "outputDir", "outDir", "logDir", "logFolder", "tensorboardLog"],
    path("output", "folder for runs: PATH/<scenario>/<timestamp>/"),
  ),
  resume: called(
    ["resumeFrom", "continue", "restore", "load", "loadCheckpoint", "checkpoint"],
    path(null, "continue a run, from its folder or one of its checkpoints"),
  ),
  maxTime: called(
    ["timeLimit", "timeout", "maxSeconds"],
    { kind: "duration", help: "90s, 20m, 2h: end after the iteration in which it is over" } as DurationOption,
  ),
  until: {
    ...integer(1, 10_000_000, 1, "end after this iteration, saved, to be gone on with"),
    initial: null,
  } as NumberOption<null>,
  checkNumerics: flag("judge every step when it ends; on a GPU this waits for each step"),
  audit: flag("tell which parameters the first iteration moved, and why not the others"),
  dryRun: flag("check everything and write nothing"),
  printConfig: flag("print the configuration as JSON, as --config reads it"),
  help: flag("print this; with --scenario-name the flags of that scenario"),
};

/** The flags of a command that are no part of the configuration. */
export type Controls = ValuesOf<typeof controls>;

/** Those of the settings that an algorithm of a system knows. */
export function settingsKnown(given: Settings, system: System, algorithm: string): Settings {
  const own = givenOf(system, algorithm);
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => name === "scenarioName" || Object.hasOwn(own, name)),
  );
}

/** Throws a {@linkcode UsageError} for the first of `names` that has no part in any of the runs: it would be ignored. */
export function refuseIdle(names: readonly string[], runs: readonly { system: System; config: Config }[]): void {
  for (const name of names) {
    const needs = runs.map(({ system, config }) => {
      const need = givenOf(system, config.algorithm)[name]?.needs;
      return need?.isMet(config as unknown as Settings) === false ? need : null;
    });
    if (needs.length === 0 || needs.includes(null)) continue;
    throw new UsageError(`${flagOf(name)} has no part without ${needs[0]!.says}: leave it out, or give that.`);
  }
}

/** Throws a {@linkcode UsageError} for the first of `names` that is a setting of other systems or algorithms only. */
export function refuseForeign(names: readonly string[], system: System, scenario: string, algorithm: string): void {
  const own = givenOf(system, algorithm);
  const name = names.find((x) => !Object.hasOwn(own, x) && Object.hasOwn(everySetting(), x));
  if (name === undefined) return;
  const has = (algorithms: System["algorithms"]) =>
    Object.entries(algorithms)
      .filter(([, { settings, otherwise = {} }]) => Object.hasOwn(settings, name) || Object.hasOwn(otherwise, name))
      .map(([x]) => x);
  const here = has(system.algorithms);
  if (here.length > 0) {
    throw new UsageError(
      `${flagOf(name)} is a setting of ${
        here.join(", ")
      }, and this run learns by ${algorithm}: leave it out, or give ` +
        `--algorithm ${here[0]}.`,
    );
  }
  const owners = systems.flatMap(({ title, task, scenarios, algorithms }) => {
    const learns = has(algorithms);
    // What all algorithms of a system have is the system's.
    const all = Object.hasOwn(task, name) || learns.length > 1 && learns.length === Object.keys(algorithms).length;
    const who = all ? `the ${title}` : learns.join(", ");
    return who === "" ? [] : [`${who} (${Object.keys(scenarios).join(", ")})`];
  });
  const same = Object.keys(own).find((x) => own[x]!.also?.includes(name));
  throw new UsageError(
    `${flagOf(name)} is a setting of ${owners.join(" and of ")}, and ${scenario} has none: ${
      same === undefined ? "leave it out." : `did you mean ${flagOf(same)}?`
    }`,
  );
}
