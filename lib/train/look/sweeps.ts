/** Sweeps read back from their folders: what each setting came to over its seeds, the best first, and which axis matters. */

import { join } from "node:path";
import { signature } from "../../graph/arguments.ts";
import { text } from "../../graph/kinds.ts";
import type { Setting } from "../../systems/settings.ts";
import { interval95, summarise } from "../../systems/statistics.ts";
import { UsageError } from "../../systems/usage.ts";
import { notedSweep, sweepName } from "../sweep/folder.ts";
import { readRuns, runHeadline, type RunRecord } from "./records.ts";

/** A run of a sweep. */
export interface SweptRun {
  /** The values of the sweep's axes. */
  readonly at: Readonly<Record<string, Setting>>;
  /** What it came to: the mean headline of its last five iterations. NaN if none measured it. */
  readonly value: number;
  /** The run itself. */
  readonly run: RunRecord;
}

/** The runs of one setting, which differ in their seeds. */
export interface SweptSetting {
  /** The values of the sweep's axes. */
  readonly at: Readonly<Record<string, Setting>>;
  /** The mean over the runs that came to something; NaN if none did. */
  readonly value: number;
  /** The 95% interval of the mean, by Student's t; null for one run. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Those that came to something. */
  readonly seeds: number;
  /** The iterations that all its runs have. */
  readonly iterations: number;
  /** Its runs, by their folders. */
  readonly runs: readonly RunRecord[];
}

/** A sweep, read from its folder. */
export interface SweepRecord {
  /** What it is called. */
  readonly name: string;
  /** How settings were chosen: "grid", "random", "asha". */
  readonly search: string;
  /** The axes by their names. */
  readonly axes: readonly string[];
  /** What its runs are judged by; null where there are none. */
  readonly headline: {
    /** The metric of an iteration. */
    readonly metric: string;
    /** In a word. */
    readonly name: string;
    /** With its unit. */
    readonly title: string;
    /** Whether more is better. */
    readonly better: "higher" | "lower";
  } | null;
  /** The best first. */
  readonly settings: readonly SweptSetting[];
  /** Every run, by its folder. */
  readonly points: readonly SweptRun[];
  /** How much of what settings differ by goes with each axis alone, from 0 to 1, the most first. See {@linkcode influenceOf}. */
  readonly influence: readonly { readonly axis: string; readonly share: number }[];
  /** A sentence for each run that could not be read, or is damaged. */
  readonly problems: readonly string[];
}

const takesFolder = signature("readSweep()", { folder: text });

/**
 * Reads the sweep in a folder, as `deno task sweep` leaves it, finished or not.
 *
 * @example
 * ```ts ignore
 * import { axisPanels, display, readSweep } from "@plumbline/plumbline";
 *
 * const { settings, points } = readSweep("output/sweeps/rates");
 * console.log(settings[0]!.at, settings[0]!.value);
 * display(axisPanels(points));
 * ```
 * @throws UsageError if there is none, or what says that it is one is damaged.
 */
export function readSweep(folder: string): SweepRecord {
  takesFolder(arguments);
  const noted = notedSweep(folder);
  if (noted === null) throw new UsageError(`${folder} is no sweep: it has no ${sweepName}.`);
  const axes = Object.keys(noted.axes);
  const { runs, problems } = readRuns([folder]);
  const points = runs.map((run): SweptRun => ({
    at: Object.fromEntries(axes.map((name) => [name, run.config[name]!])),
    value: run.final ?? NaN,
    run,
  }));
  const headline = runs.length > 0 ? runHeadline(runs[0]!) : null;
  const groups = [...Map.groupBy(points, ({ at }) => JSON.stringify(Object.values(at))).values()];
  const settings = groups.map(settingOf).sort(byValue(headline?.better ?? "higher"));
  const influence = influenceOf(axes, settings);
  return { name: noted.name, search: noted.search, axes, headline, settings, points, influence, problems };
}

function settingOf(group: readonly SweptRun[]): SweptSetting {
  const values = group.map(({ value }) => value).filter(Number.isFinite);
  const summary = values.length > 0 ? summarise(values) : null;
  return {
    at: group[0]!.at,
    value: summary?.mean ?? NaN,
    interval: summary && interval95(summary),
    seeds: values.length,
    iterations: Math.min(...group.map(({ run }) => run.iterations)),
    runs: group.map(({ run }) => run),
  };
}

/** Those that came to nothing are last. */
function byValue(better: "higher" | "lower"): (a: SweptSetting, b: SweptSetting) => number {
  const worth = ({ value }: SweptSetting): number =>
    Number.isNaN(value) ? -Infinity : better === "higher" ? value : -value;
  return (a, b) => worth(a) === worth(b) ? 0 : worth(b) - worth(a);
}

/** Values that are drawn from a range are put together, so many groups of as many. */
const groupsOfRange = 4;

/**
 * For each axis that varies, its main effect: the share of the variance of what settings came to that lies between the means of its
 * values (eta squared). In a full grid the shares of all axes add up to at most 1; what is left goes with axes together, or is chance.
 */
export function influenceOf(
  axes: readonly string[],
  settings: readonly Pick<SweptSetting, "at" | "value">[],
): { axis: string; share: number }[] {
  const measured = settings.filter(({ value }) => Number.isFinite(value));
  const mean = (of: readonly { readonly value: number }[]): number =>
    of.reduce((sum, x) => sum + x.value, 0) / of.length;
  const all = mean(measured);
  const total = measured.reduce((sum, { value }) => sum + (value - all) ** 2, 0);
  if (!(total > 0)) return [];
  return axes.flatMap((axis) => {
    const groups = groupsOf(axis, measured);
    if (groups.length < 2) return [];
    const between = groups.reduce((sum, group) => sum + group.length * (mean(group) - all) ** 2, 0);
    return [{ axis, share: between / total }];
  }).sort((a, b) => b.share - a.share);
}

/** Settings by their values of an axis; where nearly all differ, by the order of those. */
function groupsOf<T extends Pick<SweptSetting, "at" | "value">>(axis: string, settings: readonly T[]): T[][] {
  const groups = [...Map.groupBy(settings, ({ at }) => at[axis]).values()];
  if (groups.length <= settings.length / 2 || groups.length <= groupsOfRange) return groups;
  const sorted = settings.toSorted((a, b) => Number(a.at[axis]) - Number(b.at[axis]));
  return Array.from(
    { length: groupsOfRange },
    (_, i) =>
      sorted.slice(Math.floor(i * sorted.length / groupsOfRange), Math.floor((i + 1) * sorted.length / groupsOfRange)),
  ).filter((group) => group.length > 0);
}

/** Whether a folder is that of a sweep. */
export function isSweep(folder: string): boolean {
  try {
    return Deno.statSync(join(folder, sweepName)).isFile;
  } catch {
    // What is wrong with it is said by whoever opens it.
    return false;
  }
}
