/** What `deno task sweep` is asked for: its flags, its file, and the sweep that they come to, checked without writing anything. */

import { basename, extname, join } from "node:path";
import {
  choice,
  type DurationOption,
  flag,
  integer,
  type NumberOption,
  path,
  type Table,
  type ValuesOf,
} from "../../systems/option.ts";
import { UsageError } from "../../systems/usage.ts";
import { checkOption, flagText, readArguments, shellWord, valuesOf } from "../command/flags.ts";
import type { helpOf } from "../command/tool.ts";
import { infoOf } from "../files/atomic.ts";
import { type Noted, notedSweep, sameSweep, sweepName } from "./folder.ts";
import type { Engine } from "./launcher.ts";
import { isSweepName, readSweepFile, runsOf, type Spec, type SweepFile, type SweepRun } from "./spec.ts";

/** What concerns one command only; the file may say it too. */
const flags = (engines: readonly Engine[]) => ({
  on: choice(engines.map(({ name }) => name), engines[0]!.name, "where the runs are trained"),
  maxTime: { kind: "duration", help: "90s, 20m, 2h: end after the iterations in which it is over" } as DurationOption,
  maxRuns: { ...integer(1, 1_000_000, 1, "begin or go on with so many runs, no more"), initial: null } as NumberOption,
  watch: flag("stay until all has ended, where an engine goes on by itself"),
});

/** What the command line takes beside. */
const controls = {
  out: path(join("output", "sweeps"), "folder for sweeps: PATH/<name>/<run>/"),
  dryRun: flag("print the runs and what they would cost, measured, and write nothing"),
  help: flag("print this"),
};

/** The flags of all engines. */
function engineOptions(engines: readonly Engine[]): Table {
  return Object.assign({}, ...engines.map(({ options }) => options));
}

/** What `--help` says. */
export function helpFor(engines: readonly Engine[]): Parameters<typeof helpOf>[0] {
  return {
    name: "sweep",
    summary: "Trains many runs: every combination of settings, some that are drawn, or those of many that do well.",
    usage: "FILE.yaml|SWEEP [flags]",
    options: { ...flags(engines), ...engineOptions(engines), ...controls },
    notes: [
      "FILE.yaml says what is swept; SWEEP is the folder of a sweep to go on with. The same command goes on with",
      "what is not done: a sweep that is stopped or killed loses nothing. Keys of the file:",
      "  settings    what all runs have, as --config of train takes it: { scenarioName: wheel, nIters: 20 }",
      "  preset      settings to begin with, as --preset of train",
      "  axes        by setting, a list or a range: { lr: { log: [1e-4, 1e-2], steps: 5 }, gamma: [0.9, 0.99] }",
      "  seeds       how many seeds each setting is run with, or a list of them",
      "  search      grid, random or asha; with draws: 20, drawSeed, and for asha firstRung and eta",
      "  name        of the folder, that of the file unless it is given",
      "and the flags above, on: local, maxTime: 2h; those of an engine under its name, local: { processes: 2 }.",
      "Ctrl-C ends the iterations under way, saves, and says how to go on.",
    ],
    examples: ["sweep.yaml --dry-run", "sweep.yaml", "sweep.yaml --max-time 2h", "output/sweeps/sweep"],
    codes: "Exit codes: 0 done, 1 a run failed, 2 the command is wrong, 130 interrupted.",
  };
}

/** Reads the arguments; the file is null where help is wanted. Throws a {@linkcode UsageError}. */
export function readAsked(
  args: readonly string[],
  engines: readonly Engine[],
): { readonly file: string | null; readonly values: Readonly<Record<string, unknown>> } {
  const { options, usage } = helpFor(engines);
  const { values, positionals } = readArguments("sweep", options, args);
  if (values.help) return { file: null, values };
  const [file, ...others] = positionals;
  if (file === undefined || file === "" || others.length > 0) {
    throw new UsageError(`Usage: deno task sweep ${usage}; see --help.`);
  }
  for (const [name, value] of Object.entries(values)) checkOption(name, options[name]!, value);
  return { file, values };
}

/** A sweep that was asked for, checked as far as that goes without writing. */
export interface Asked {
  readonly noted: Noted;
  readonly folder: string;
  readonly runs: readonly SweepRun[];
  readonly engine: Engine;
  readonly values: ValuesOf<ReturnType<typeof flags>> & ValuesOf<typeof controls>;
  readonly engineValues: Readonly<Record<string, unknown>>;
  /** What goes on with it. */
  readonly again: string;
}

/** The sweep of a file, or of a folder, with the flags that were given. Throws a {@linkcode UsageError}. */
export async function askedFor(
  file: string,
  given: Readonly<Record<string, unknown>>,
  engines: readonly Engine[],
): Promise<Asked> {
  const isFolder = infoOf(file)?.isDirectory === true;
  const tables = Object.fromEntries(engines.map((x) => [x.name, x.options]));
  const read = isFolder ? null : await named(file, () => readSweepFile(file, flags(engines), tables));
  const values = valuesOf({ ...flags(engines), ...controls }, { ...read?.flags, ...given }) as Asked["values"];
  const engine = engines.find(({ name }) => name === values.on)!;
  const ofEngine = { ...read?.engines[engine.name], ...ownOptions(engine, given, engines) };
  const engineValues = valuesOf(engine.options, ofEngine);
  const folder = read === null ? file.replace(/[\\/]+$/, "") : join(values.out!, nameOf(file, read));
  const spec: Spec = read === null ? sweepIn(file) : { ...read.spec, name: basename(folder) };
  const there = read === null ? spec as Noted : sameSweep(folder, spec);
  const runs = await named(file, () => runsOf(there ?? spec));
  const { threads } = await engine.check(engineValues, runs.length);
  const again = `deno task sweep ${[file, ...flagsAgain(given, engines)].map(shellWord).join(" ")}`;
  return { noted: there ?? { ...spec, threads }, folder, runs, engine, values, engineValues, again };
}

/** What a folder says that it holds. Throws a {@linkcode UsageError} if that is no sweep. */
function sweepIn(folder: string): Noted {
  const found = notedSweep(folder);
  if (found !== null) return found;
  throw new UsageError(`${folder} is no sweep: it has no ${sweepName}. Give that of one, or a file of YAML.`);
}

/** A sentence of which the file is to be told. */
async function named<T>(file: string, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof UsageError) || error.message.startsWith(file)) throw error;
    throw new UsageError(`${file}: ${error.message}`);
  }
}

/** The name of a sweep: a part of a path. Throws a {@linkcode UsageError} if it cannot be. */
function nameOf(file: string, { spec }: SweepFile): string {
  const name = spec.name ?? basename(file, extname(file));
  if (isSweepName(name)) return name;
  throw new UsageError(
    `${file}: a sweep is called by letters, digits, "_", "-" and ".", not ${JSON.stringify(name)}: give it a name.`,
  );
}

/** The flags of an engine. Throws a {@linkcode UsageError} for those of another one. */
function ownOptions(
  engine: Engine,
  given: Readonly<Record<string, unknown>>,
  engines: readonly Engine[],
): Readonly<Record<string, unknown>> {
  const own = Object.entries(given).filter(([name]) => Object.hasOwn(engineOptions(engines), name));
  for (const [name] of own) {
    if (Object.hasOwn(engine.options, name)) continue;
    const owner = engines.find(({ options }) => Object.hasOwn(options, name))!;
    throw new UsageError(
      `${flagText(name, true)} goes with --on ${owner.name}, and this is ${engine.name}: leave it out.`,
    );
  }
  return Object.fromEntries(own);
}

/** What was given beside the file, to be given again. */
function flagsAgain(given: Readonly<Record<string, unknown>>, engines: readonly Engine[]): string[] {
  const kept = ["on", "out", "watch", ...Object.keys(engineOptions(engines))];
  const { options } = helpFor(engines);
  const valueText = (name: string, value: unknown): string =>
    options[name]!.kind === "duration" ? `${value}s` : String(value);
  return Object.entries(given).filter(([name]) => kept.includes(name)).flatMap(([name, value]) =>
    value === true || value === false ? [flagText(name, value)] : [flagText(name, true), valueText(name, value)]
  );
}

/**
 * The command that begins what is next in a sweep, where that depends on what runs come to and nobody stays to see it; null where it
 * does not. `sweep` is the program, with its first arguments.
 */
export function nextOf(
  { noted, folder, engine, engineValues, values }: Asked,
  sweep: readonly string[],
  engines: readonly Engine[],
): string[] | null {
  if (noted.search !== "asha" || values.watch) return null;
  const given = Object.fromEntries(Object.entries(engineValues).filter(([, value]) => value !== null));
  return [...sweep, folder, ...flagsAgain({ on: engine.name, ...given }, engines)];
}

/** The threads of the run that has the most: by them it is known how many fit. */
export function mostThreads({ runs, noted }: Pick<Asked, "runs" | "noted">): number {
  return Math.max(...runs.map(({ plan }) => plan.config.threads ?? noted.threads));
}
