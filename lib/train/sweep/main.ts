/** `deno task sweep`: from arguments and a file to the runs of a sweep, and a launcher that trains them. */

import { basename, extname, join } from "node:path";
import { choice, flag, integer, type NumberOption, path, type Table, type ValuesOf } from "../../systems/option.ts";
import { counted, numberText, printable } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { checkOption, flagText, readArguments, shellWord, valuesOf } from "../command/flags.ts";
import type { DurationOption } from "../../systems/option.ts";
import { helpOf } from "../command/tool.ts";
import { infoOf } from "../files/atomic.ts";
import { textOf } from "../files/error.ts";
import type { Host } from "../loop/host.ts";
import { clock } from "../loop/progress.ts";
import { interruptedCode } from "../loop/signals.ts";
import { Display } from "./display.ts";
import { drive, type Driven } from "./drive.ts";
import { engines } from "./engines.ts";
import { type Noted, readSweep, sameSweep, SweepFolder, sweepName } from "./folder.ts";
import type { Engine } from "./launcher.ts";
import { priceOf, workOf } from "./price.ts";
import { searchOf } from "./search.ts";
import { pointText, readSweepFile, runsOf, type Spec, type SweepFile, type SweepRun } from "./spec.ts";
import { isThere, standingOf } from "./standing.ts";

/** What concerns one command only; the file may say it too. */
const flags = {
  on: choice(engines.map(({ name }) => name), engines[0]!.name, "where the runs are trained"),
  maxTime: { kind: "duration", help: "90s, 20m, 2h: end after the iterations in which it is over" } as DurationOption,
  maxRuns: { ...integer(1, 1_000_000, 1, "begin or go on with so many runs, no more"), initial: null } as NumberOption,
  watch: flag("stay until all has ended, where an engine goes on by itself"),
};

/** What the command line takes beside. */
const controls = {
  out: path(join("output", "sweeps"), "folder for sweeps: PATH/<name>/<run>/"),
  dryRun: flag("print the runs and what they would cost, measured, and write nothing"),
  help: flag("print this"),
};

const engineOptions: Table = Object.assign({}, ...engines.map(({ options }) => options));

const text = {
  name: "sweep",
  summary: "Trains many runs: every combination of settings, some that are drawn, or those of many that do well.",
  usage: "FILE.yaml|SWEEP [flags]",
  options: { ...flags, ...engineOptions, ...controls },
  notes: [
    "FILE.yaml says what is swept; SWEEP is the folder of a sweep to go on with. The same command goes on with what is not",
    "done: a sweep that is stopped or killed loses nothing. Keys of the file:",
    "  settings    what all runs have, as --config of train takes it: { scenarioName: wheel, nIters: 20 }; preset beside it",
    "  axes        by setting, a list or a range: { lr: { log: [1e-4, 1e-2], steps: 5 }, gamma: [0.9, 0.99] }",
    "  seeds       how many seeds each setting is run with, or a list of them",
    "  search      grid, random or asha; with draws: 20, drawSeed, and for asha firstRung and eta",
    "  name        of the folder, that of the file unless it is given; and the flags above: on: local, maxTime: 2h",
    "Ctrl-C ends the iterations under way, saves, and says how to go on.",
  ],
  examples: ["sweep.yaml --dry-run", "sweep.yaml", "sweep.yaml --max-time 2h", "output/sweeps/sweep"],
  codes: "Exit codes: 0 done, 1 a run failed, 2 the command is wrong, 130 interrupted.",
};

/** Programs with their first arguments. */
export interface Programs {
  /** The one that trains a run. */
  readonly train: readonly string[];
  /** This one. */
  readonly sweep: readonly string[];
}

/** Runs the command. Returns the exit code. */
export async function sweepMain(
  args: readonly string[],
  host: Pick<Host, "out" | "err" | "listenForStop">,
  programs: Programs,
): Promise<number> {
  try {
    const { values, positionals } = readArguments("sweep", text.options, args);
    if (values.help) {
      host.out.write(`${helpOf(text)}\n`);
      return 0;
    }
    const [file, ...others] = positionals;
    if (file === undefined || file === "" || others.length > 0) {
      throw new UsageError(`Usage: deno task sweep ${text.usage}; see --help.`);
    }
    for (const [name, value] of Object.entries(values)) checkOption(name, (text.options as Table)[name]!, value);
    const asked = await askedFor(file, values);
    return asked.values.dryRun ? await tell(asked, host, programs.train) : await work(asked, host, programs);
  } catch (error) {
    host.err.write(`error: ${printable(textOf(error))}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** A sweep that was asked for, checked as far as that goes without writing. */
interface Asked {
  readonly noted: Noted;
  readonly folder: string;
  readonly runs: readonly SweepRun[];
  readonly engine: Engine;
  readonly values: ValuesOf<typeof flags> & ValuesOf<typeof controls>;
  readonly engineValues: Readonly<Record<string, unknown>>;
  /** What goes on with it. */
  readonly again: string;
}

async function askedFor(file: string, given: Readonly<Record<string, unknown>>): Promise<Asked> {
  const isFolder = infoOf(file)?.isDirectory === true;
  const read = isFolder ? null : readFile(file);
  const values = valuesOf({ ...flags, ...controls }, { ...read?.flags, ...given }) as Asked["values"];
  const engine = engines.find(({ name }) => name === values.on)!;
  const ofEngine = { ...read?.engines[engine.name], ...ownOptions(engine, given) };
  const engineValues = valuesOf(engine.options, ofEngine);
  const folder = read === null ? file.replace(/[\\/]+$/, "") : join(values.out!, nameOf(file, read));
  const spec: Spec = read === null ? sweepIn(file) : { ...read.spec, name: basename(folder) };
  const there = read === null ? spec as Noted : sameSweep(folder, spec);
  const runs = await named(file, () => runsOf(there ?? spec));
  const { threads } = await engine.check(engineValues, runs.length);
  const again = `deno task sweep ${[file, ...flagsAgain(given)].map(shellWord).join(" ")}`;
  return { noted: there ?? { ...spec, threads }, folder, runs, engine, values, engineValues, again };
}

function readFile(file: string): SweepFile {
  return namedSync(file, () => readSweepFile(file, flags, Object.fromEntries(engines.map((x) => [x.name, x.options]))));
}

/** What a folder says that it holds. Throws a {@linkcode UsageError} if that is no sweep. */
function sweepIn(folder: string): Noted {
  const found = readSweep(folder);
  if (found !== null) return found;
  throw new UsageError(`${folder} is no sweep: it has no ${sweepName}. Give that of one, or a file of YAML.`);
}

/** A sentence of which the file is to be told. */
function inFile(file: string, error: unknown): unknown {
  if (!(error instanceof UsageError) || error.message.startsWith(file)) return error;
  return new UsageError(`${file}: ${error.message}`);
}

async function named<T>(file: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw inFile(file, error);
  }
}

function namedSync<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw inFile(file, error);
  }
}

/** The name of a sweep: a part of a path. Throws a {@linkcode UsageError} if it cannot be. */
function nameOf(file: string, { spec }: SweepFile): string {
  const name = spec.name ?? basename(file, extname(file));
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_. -]*$/u.test(name)) return name;
  throw new UsageError(
    `${file}: a sweep is called by letters, digits, "_", "-" and ".", not ${JSON.stringify(name)}: give it a name.`,
  );
}

/** The flags of an engine. Throws a {@linkcode UsageError} for those of another one. */
function ownOptions(engine: Engine, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const own = Object.entries(given).filter(([name]) => Object.hasOwn(engineOptions, name));
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
function flagsAgain(given: Readonly<Record<string, unknown>>): string[] {
  const kept = ["on", "out", "watch", ...Object.keys(engineOptions)];
  const valueText = (name: string, value: unknown): string =>
    (text.options as Table)[name]!.kind === "duration" ? `${value}s` : String(value);
  return Object.entries(given).filter(([name]) => kept.includes(name)).flatMap(([name, value]) =>
    value === true || value === false ? [flagText(name, value)] : [flagText(name, true), valueText(name, value)]
  );
}

/** The threads of the run that has the most: by them it is known how many fit. */
function mostThreads({ runs, noted }: Pick<Asked, "runs" | "noted">): number {
  return Math.max(...runs.map(({ plan }) => plan.config.threads ?? noted.threads));
}

/** Trains. */
async function work(
  asked: Asked,
  host: Pick<Host, "out" | "listenForStop">,
  programs: Programs,
): Promise<number> {
  const { noted, runs, engine, engineValues, values } = asked;
  const deadline = performance.now() + 1000 * (values.maxTime ?? Infinity);
  const folder = SweepFolder.open(asked.folder, noted);
  try {
    folder.complete(runs);
    const display = new Display(host.out, noted.name);
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    const stop = await host.listenForStop(resolve);
    const about = { name: noted.name, folder: folder.path, threads: mostThreads(asked), command: programs.train };
    const next = nextOf(asked, programs.sweep);
    const launcher = await engine.open({ ...about, runs: runs.length, next, out: host.out }, engineValues);
    display.say(headOf(asked, launcher.room));
    const watched = { stop, stopped, deadline, maxRuns: values.maxRuns ?? Infinity, watch: values.watch };
    let driven: Driven;
    try {
      driven = await drive({ folder, runs, launcher, display, ...watched });
    } finally {
      await launcher.close?.();
    }
    display.clear();
    host.out.write(`${printable(endOf(asked, driven, launcher.farewell ?? []))}\n`);
    if (driven.problems.size > 0) return 1;
    return driven.ending === "signal" ? interruptedCode : 0;
  } finally {
    folder.close();
  }
}

/** The command that begins what is next in this sweep, where it depends on what runs come to and nobody stays to see that. */
function nextOf({ noted, folder, engine, engineValues, values }: Asked, sweep: readonly string[]): string[] | null {
  if (noted.search !== "asha" || values.watch) return null;
  const given = Object.fromEntries(Object.entries(engineValues).filter(([, value]) => value !== null));
  return [...sweep, folder, ...flagsAgain({ on: engine.name, ...given })];
}

/** What is trained and where, in a few lines. */
function headOf({ noted, folder, runs, engine }: Asked, room: number): string {
  const settings = new Set(runs.map(({ setting }) => setting)).size;
  const threads = mostThreads({ noted, runs });
  const most = Number.isFinite(room) ? `, ${Math.min(room, runs.length)} at a time` : "";
  const seeds = counted(noted.seeds.length, "seed");
  return [
    `${noted.name}: ${noted.search}, ${counted(settings, "setting")} with ${seeds}, ${counted(runs.length, "run")}`,
    `on ${engine.name}${most}, ${counted(threads, "thread")} each`,
    `${folder}`,
  ].join("\n");
}

/** What it came to, and what is left. */
function endOf({ folder, again }: Asked, { ending, runs, problems }: Driven, farewell: readonly string[]): string {
  const done = runs.filter(({ run, standing }) => isThere(standing, run.plan.config.nIters, run)).length;
  const seen = [
    `${done} of ${counted(runs.length, "run")} done${problems.size > 0 ? `, ${problems.size} failed:` : "."}`,
    ...[...problems].map(([id, problem]) => `  ${id}: ${problem}`),
    `To see what it came to: deno task runs ${shellWord(folder)}`,
  ];
  const why = { done: "", signal: "Stopped. ", time: "--max-time is over. ", runs: "--max-runs are done. " };
  switch (ending) {
    case "handed over":
      return [...seen, ...farewell].join("\n");
    case "done":
      return [...seen, ...problems.size > 0 ? [`To try those again that failed: ${again}`] : []].join("\n");
    default:
      return [`${why[ending]}${seen[0]}`, ...seen.slice(1), `To go on: ${again}`].join("\n");
  }
}

/** So many runs are measured. */
const mostPriced = 3;

/** `--dry-run`. */
async function tell(asked: Asked, { out }: Pick<Host, "out">, train: readonly string[]): Promise<number> {
  const { noted, folder, runs, engineValues, engine } = asked;
  out.write(`${printable([...tableOf(asked), "Measuring a few iterations .."].join("\n"))}\n`);
  const threads = mostThreads(asked);
  const isThere = infoOf(folder) !== null;
  const priced = pricedOf(runs).map(({ plan, ...run }): SweepRun => ({
    ...run,
    plan: { ...plan, config: { ...plan.config, threads: plan.config.threads ?? threads } },
  }));
  const prices = [];
  for (const run of priced) prices.push(await priceOf(run, train));
  const { iterations } = searchOf(noted, runs, () => NaN);
  const saved = isThere ? runs.reduce((sum, run) => sum + savedOf(join(folder, run.id)), 0) : 0;
  const seconds = workOf(prices, Math.max(0, iterations - saved), runs.length);
  const room = engine.roomFor(engineValues, threads);
  const lines = [
    ...prices.map(({ id, iteration, beginning }) =>
      `${id}: ${numberText(iteration)} s an iteration, and ${numberText(beginning)} s to begin`
    ),
    `${iterations.toLocaleString("en-US")} iterations${noted.search === "asha" ? ", about" : ""}` +
    `${saved > 0 ? `, of which ${saved.toLocaleString("en-US")} are done` : ""}: ${clock(seconds)} of work` +
    (Number.isFinite(room) ? `, ${clock(seconds / Math.min(room, runs.length))} with ${room} at a time.` : "."),
    `Dry run: nothing was written. It would go to ${folder}/`,
  ];
  out.write(`${printable(lines.join("\n"))}\n`);
  return 0;
}

function savedOf(folder: string): number {
  return infoOf(folder) === null ? 0 : standingOf(folder).saved;
}

/** The runs that are measured: the first, the last, and one between, of different settings. */
function pricedOf(runs: readonly SweepRun[]): SweepRun[] {
  const firsts = [...Map.groupBy(runs, ({ setting }) => setting).values()].map((group) => group[0]!);
  const places = Array.from({ length: mostPriced }, (_, i) => Math.round(i * (firsts.length - 1) / (mostPriced - 1)));
  return [...new Set(places)].map((i) => firsts[i]!);
}

/** More settings than these are not all printed. */
const mostShown = 40;

/** The settings of a sweep, a line each. */
function tableOf({ noted, runs }: Asked): string[] {
  const groups = [...Map.groupBy(runs, ({ setting }) => setting).values()];
  const line = (group: readonly SweepRun[]): string => {
    const [{ id, at, plan: { config } }] = group as [SweepRun];
    const ids = group.length === 1 ? id : `${id} to ${group.at(-1)!.id}`;
    return `${ids}   ${[pointText(at), counted(config.nIters, "iteration")].filter((x) => x !== "").join(", ")}`;
  };
  const left = groups.length - mostShown;
  return [
    `${noted.name}: ${noted.search}, ${counted(groups.length, "setting")}, ${counted(runs.length, "run")}`,
    ...groups.slice(0, mostShown).map((group) => `  ${line(group)}`),
    ...left > 0 ? [`  .. and ${left} more`] : [],
  ];
}
