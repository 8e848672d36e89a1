/** What a sweep is: the settings that all its runs have, the axes, the seeds, and how it searches, as a YAML file says it. */

import { shown } from "../../graph/kinds.ts";
import { HostRandom } from "../../tensor/host_random.ts";
import {
  choice,
  fits,
  flagOf,
  integer,
  notThis,
  type NumberOption,
  type Option,
  rangeOf,
  type Table,
  words,
} from "../../systems/option.ts";
import { running, type Setting, type Settings } from "../../systems/settings.ts";
import { counted, isShowable, oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import type { Controls } from "../command/tables.ts";
import { readConfigFile } from "../command/config_file.ts";
import { secondsOf } from "../command/duration.ts";
import { nearest } from "../command/nearest.ts";
import { type Plan, plansOf, scenarioOf } from "../command/plan.ts";
import { algorithmOf } from "../command/config.ts";
import { givenOf, refuseForeign } from "../command/tables.ts";
import { systemFor } from "../command/worlds.ts";
import { type Axis, axisOf, combinationsOf, drawnFrom, gridOf, type Point } from "./axes.ts";

/** How settings are chosen. */
export type Search = "grid" | "random" | "asha";

/** A sweep as its folder notes it: two files that come to the same are the same sweep. */
export interface Spec {
  readonly name: string;
  readonly settings: Settings;
  readonly preset: string | null;
  /** As the file has them. */
  readonly axes: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly search: Search;
  /** How many settings are drawn; null for a grid. */
  readonly draws: number | null;
  readonly drawSeed: number;
  /** The iterations of the first rung, and what the following have as many times of; null unless halving. */
  readonly firstRung: number | null;
  readonly eta: number | null;
}

/** A number that has no value unless it is given. */
const wanted = (min: number, max: number, help: string): NumberOption => ({
  ...integer(min, max, min, help),
  initial: null,
});

/** The keys of the file that say what the sweep is; those of the command's flags are beside them. */
export const specRows = {
  name: words(null, "what its folder is called: the file's name unless it is given"),
  settings: words(null, "settings that all runs have, as --config takes them"),
  preset: words(null, "settings to begin with"),
  axes: words(null, "settings that are swept, by their names"),
  seeds: wanted(1, 100_000, "how many seeds each setting is run with, or a list of them"),
  search: choice(["grid", "random", "asha"], "grid", "all combinations, some that are drawn, or those that do well"),
  draws: wanted(1, 100_000, "random, asha: how many settings are drawn"),
  drawSeed: integer(0, 2 ** 32 - 1, 0, "random, asha: the same seed, the same settings"),
  firstRung: wanted(1, 10_000_000, "asha: iterations after which settings are judged first"),
  eta: wanted(2, 100, "asha: the best of so many go on, for as many times the iterations"),
};

/** What else a file may say: values of the command's flags by their names, and of an engine's by its name. */
export interface SweepFile {
  readonly spec: Omit<Spec, "name"> & { readonly name: string | null };
  readonly flags: Readonly<Record<string, unknown>>;
  readonly engines: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The value of a key of the file by its option: a time is written as on the command line. Throws a {@linkcode UsageError}. */
function checkedKey(key: string, option: Option, given: unknown): unknown {
  const value = option.kind === "duration" ? typeof given === "string" ? secondsOf(given) : null : given;
  const isEmpty = value === "" || (option.kind === "path" && !isShowable(String(value)));
  if (fits(option, value) && !isEmpty) return value;
  const takes = option.kind === "toggle" || option.kind === "switch" ? "true or false" : rangeOf(option);
  throw new UsageError(`${key} takes ${takes}, ${notThis(option, given)}`);
}

/** A table of the file. Throws a {@linkcode UsageError} where it is none. */
function tableOf(key: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${key} takes values by name, not ${shown(value)}.`);
}

/** The values of a part of the file, each by the row of its name. Throws a {@linkcode UsageError} for a name that has none. */
function checkedTable(where: string, values: Readonly<Record<string, unknown>>, table: Table): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      if (Object.hasOwn(table, key)) return [key, checkedKey(`${where}${key}`, table[key]!, value)];
      const close = nearest(key, table);
      const hint = close === null
        ? `; there are ${Object.keys(table).join(", ")}.`
        : `: did you mean "${where}${close}"?`;
      throw new UsageError(`"${where}${oneLine(key)}" is no key of a sweep${hint}`);
    }),
  );
}

/**
 * Reads a file of YAML. `flags` are those of the command that it may give, `engines` the flags of each engine by its name. What its
 * settings and axes may be is not checked yet. Throws a {@linkcode UsageError}.
 */
export function readSweepFile(path: string, flags: Table, engines: Readonly<Record<string, Table>>): SweepFile {
  return sweepOf(readConfigFile(path, ""), flags, engines);
}

/** The same of what was read. */
export function sweepOf(
  file: Readonly<Record<string, unknown>>,
  flags: Table,
  engines: Readonly<Record<string, Table>>,
): SweepFile {
  const { settings = {}, axes = {}, seeds, ...others } = file;
  const ofEngines = Object.fromEntries(Object.entries(others).filter(([key]) => Object.hasOwn(engines, key)));
  const rest = Object.fromEntries(Object.entries(others).filter(([key]) => !Object.hasOwn(engines, key)));
  const named = Object.fromEntries(Object.keys(engines).map((key) => [key, words(null, "")]));
  const known = checkedTable("", rest, { ...specRows, ...flags, ...named });
  const { name = null, preset = null, search = "grid", draws = null, drawSeed = 0, firstRung = null, eta = null } =
    known as Partial<SweepFile["spec"]>;
  const spec = { name, settings: tableOf("settings", settings) as Settings, preset, axes: tableOf("axes", axes) };
  const how = { search, draws, drawSeed, firstRung, eta };
  return {
    spec: checkedSearch({ ...spec, seeds: seedsOf(seeds, spec.settings), ...how }),
    flags: Object.fromEntries(Object.entries(known).filter(([key]) => Object.hasOwn(flags, key))),
    engines: Object.fromEntries(
      Object.entries(ofEngines).map((
        [key, value],
      ) => [key, checkedTable(`${key}.`, tableOf(key, value), engines[key]!)]),
    ),
  };
}

/** The parts of a sweep that may be none. */
const mayBeNone: readonly string[] = ["preset", "draws", "firstRung", "eta"];

/** The sweep that was noted in a folder, checked as a file is; all its parts are there. Throws a {@linkcode UsageError}. */
export function specOf(noted: Readonly<Record<string, unknown>>): Spec {
  const missing = Object.keys(specRows).find((key) => !Object.hasOwn(noted, key));
  if (missing !== undefined) throw new UsageError(`it does not say ${missing}.`);
  const given = Object.entries(noted).filter(([key, value]) => value !== null || !mayBeNone.includes(key));
  const { spec } = sweepOf(Object.fromEntries(given), {}, {});
  if (isSweepName(spec.name)) return { ...spec, name: spec.name };
  throw new UsageError(`its name is ${shown(spec.name)}.`);
}

/** Whether a sweep may be called so: its name is a part of a path. */
export function isSweepName(name: string | null): name is string {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_. -]*$/u.test(name ?? "");
}

function seedsOf(given: unknown, settings: Settings): readonly number[] {
  if (Object.hasOwn(settings, "seed")) {
    throw new UsageError("settings.seed is one seed for all: give seeds, how many or a list, beside settings.");
  }
  if (given === undefined) return [0];
  if (Array.isArray(given)) {
    const wrong = given.find((x) => !fits(running.seed, x));
    if (wrong !== undefined) throw new UsageError(`seeds takes ${rangeOf(running.seed)}, not ${shown(wrong)}.`);
    if (new Set(given).size < given.length || given.length === 0) {
      throw new UsageError(given.length === 0 ? "seeds is an empty list." : `seeds ${given.join(", ")} has one twice.`);
    }
    return given as number[];
  }
  checkedKey("seeds", specRows.seeds, given);
  return Array.from({ length: given as number }, (_, i) => i);
}

/** Throws a {@linkcode UsageError} for keys that do not go with the search. */
function checkedSearch(spec: SweepFile["spec"]): SweepFile["spec"] {
  const { search, draws, firstRung, eta } = spec;
  if (search === "grid" && draws !== null) {
    throw new UsageError(
      "draws says how many settings are drawn, and a grid has them all: give search: random or asha.",
    );
  }
  if (search !== "grid" && draws === null) {
    throw new UsageError(`search: ${search} draws settings: say how many, draws: 20.`);
  }
  for (const [key, value] of Object.entries({ firstRung, eta })) {
    if (value !== null && search !== "asha") {
      throw new UsageError(`${key} goes with search: asha, and this is ${search}.`);
    }
  }
  return spec;
}

/** A run of a sweep. */
export interface SweepRun {
  /** The name of its folder in that of the sweep: `0007-s1`, of the seventh setting with seed 1. */
  readonly id: string;
  /** The number of its setting, from 0. */
  readonly setting: number;
  /** The values of the axes. */
  readonly at: Point;
  readonly plan: Plan;
}

/** What a run of a sweep is called. */
const idOf = (setting: number, seed: number): string => `${String(setting + 1).padStart(4, "0")}-s${seed}`;

/** How many runs a sweep may have. */
const mostRuns = 100_000;

/** The points that a sweep tries. Throws a {@linkcode UsageError} for axes that are none, and for too many of them. */
export async function pointsOf({ settings, axes, seeds, search, draws, drawSeed }: Spec): Promise<Point[]> {
  const made: Axis[] = [];
  for (const [name, given] of Object.entries(axes)) {
    if (Object.hasOwn(settings, name)) {
      throw new UsageError(`settings and axes both have ${name}: leave one of them out.`);
    }
    if (name === "seed") throw new UsageError("axes.seed: seeds are no axis: give seeds beside axes.");
    made.push(axisOf(name, given, await rowOf(name, settings, axes)));
  }
  checkCount(search === "grid" ? combinationsOf(made) : draws!, seeds.length);
  return search === "grid" ? gridOf(made) : drawnFrom(made, draws!, new HostRandom(drawSeed));
}

/** Throws a {@linkcode UsageError} for more runs than a sweep may have, before they are made. */
function checkCount(settings: number, seeds: number): void {
  if (settings * seeds <= mostRuns) return;
  throw new UsageError(
    `The sweep has ${settings.toLocaleString("en-US")} settings with ${counted(seeds, "seed")} each: ` +
      `${mostRuns.toLocaleString("en-US")} runs are the most. Give fewer steps, or search: random.`,
  );
}

/** What a swept setting may be: the row of its system and algorithm, of the first ones where those are swept too. */
async function rowOf(name: string, settings: Settings, axes: Spec["axes"]): Promise<Option> {
  const first = (key: string): Settings => {
    const axis = axes[key];
    return Array.isArray(axis) && axis.length > 0 ? { [key]: axis[0] as Setting } : {};
  };
  const all = { ...settings, ...first("scenarioName"), ...first("algorithm") };
  const scenario = scenarioOf(all);
  const system = await systemFor(scenario);
  if (all.algorithm === "all") refuseAll();
  const algorithms = Array.isArray(axes.algorithm) ? axes.algorithm as string[] : [algorithmOf(system, all)];
  for (const algorithm of algorithms) {
    const table = givenOf(system, algorithmOf(system, { algorithm }));
    if (Object.hasOwn(table, name)) return table[name]!;
  }
  refuseForeign([name], system, scenario, algorithms[0]!);
  const close = nearest(name, givenOf(system, algorithms[0]!));
  throw new UsageError(`axes: "${oneLine(name)}" is no setting${close === null ? "." : `: did you mean "${close}"?`}`);
}

function refuseAll(): never {
  throw new UsageError("algorithm: all makes several runs of one: sweep them, axes: { algorithm: [..] }.");
}

/** The runs of a sweep, setting by setting, all of which can be trained. Throws a {@linkcode UsageError}. */
export async function runsOf(spec: Spec): Promise<SweepRun[]> {
  const points = await pointsOf(spec);
  const controls: Partial<Controls> = spec.preset === null ? {} : { preset: spec.preset };
  const runs: SweepRun[] = [];
  for (const [setting, at] of points.entries()) {
    const given = { ...spec.settings, ...at };
    if (given.algorithm === "all") refuseAll();
    try {
      const plans = await plansOf({ given, seeds: spec.seeds, controls }, []);
      runs.push(...plans.map((plan) => ({ id: idOf(setting, plan.config.seed), setting, at, plan })));
    } catch (error) {
      if (!(error instanceof UsageError) || Object.keys(at).length === 0) throw error;
      throw new UsageError(`With ${pointText(at)}: ${error.message}`);
    }
  }
  checkAlike(spec, runs);
  return runs;
}

/** Values of axes as a person reads them. */
export function pointText(at: Point): string {
  return Object.entries(at).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** Throws a {@linkcode UsageError} for a search by halving whose runs cannot be compared. */
function checkAlike({ search, firstRung }: Spec, runs: readonly SweepRun[]): void {
  if (search !== "asha") return;
  const [first] = runs as readonly [SweepRun];
  const { headline } = first.plan.system;
  const other = runs.find(({ plan }) => plan.system.headline.metric !== headline.metric);
  if (other) {
    throw new UsageError(
      `search: asha compares runs by one number, and these have ${headline.name} and ${other.plan.system.headline.name}.`,
    );
  }
  const lengths = new Set(runs.map(({ plan }) => plan.config.nIters));
  if (lengths.size > 1) {
    throw new UsageError(`search: asha compares runs of one length, and these have nIters ${[...lengths].join(", ")}.`);
  }
  const { nIters } = first.plan.config;
  if (firstRung !== null && firstRung >= nIters) {
    throw new UsageError(
      `firstRung ${firstRung} is to be less than the ${nIters} iterations of a run (${flagOf("nIters")}).`,
    );
  }
}
