/** Runs read back from their folders, and their curves. */

import { join } from "node:path";
import { signature } from "../../graph/arguments.ts";
import { anything, having, listOf, optional, text } from "../../graph/kinds.ts";
import type { CurvePoint, CurveSeries } from "../../plot/curves.ts";
import { UsageError } from "../../systems/usage.ts";
import { type CheckpointFile, checkpointFolder, listCheckpoints } from "../files/checkpoint.ts";
import { reasonOf } from "../files/error.ts";
import { configName, isLocked, metricsName } from "../files/folder.ts";
import { changeOf, readConfig } from "../command/saved_config.ts";
import { lookAtManifest, manifestName, type Outcome } from "../files/manifest.ts";
import { damageText, type MetricsLog, type MetricsRow, readLog, recentMean } from "../files/metrics.ts";
import { readRegular, temporary } from "../files/regular.ts";
import { flagText } from "../command/flags.ts";
import { type Config, running, type Settings } from "../../systems/settings.ts";
import type { Headline } from "../../systems/system.ts";
import { scenarioTitle } from "../../systems/module_path.ts";
import { systemOfRun } from "../command/worlds.ts";
import { fixedLength } from "../command/config.ts";
import { type Departure, departureOf } from "../command/presets.ts";
import { counted, oneLine } from "../../systems/text.ts";

/** How a run stands; "unknown" where its manifest is damaged. */
export type RunState = Outcome | "not begun" | "unknown";

/** A run, read from its folder. */
export interface RunRecord {
  /** Where it is. */
  readonly folder: string;
  /** Its settings, with defaults for those that are newer than the run. */
  readonly config: Config;
  /** As its manifest says; a run that says `running` and is trained by nobody was `killed`. */
  readonly state: RunState;
  /** How many are logged. */
  readonly iterations: number;
  /** The mean of the headline over the last five iterations that measured it; null if none did. */
  readonly final: number | null;
  /** The best headline of an iteration; null if none measured it. */
  readonly best: number | null;
  /** Median over the iterations; null if there are none. */
  readonly framesPerSecond: number | null;
  /** ISO 8601; null for a run that has not begun. */
  readonly started: string | null;
  /** The metrics of each iteration. */
  readonly rows: readonly MetricsRow[];
  /** A sentence for each file of it that is damaged: what the rest says is here. */
  readonly problems: readonly string[];
}

const finite = (x: number): number | null => Number.isFinite(x) ? x : null;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Reads the run in `folder`. Throws a {@linkcode UsageError} if it is none, or damaged. */
export function readRun(folder: string): RunRecord {
  const config = readConfig(folder);
  const found = lookAtManifest(join(folder, manifestName));
  const manifest = found === "damaged" ? null : found;
  const log = readLog(metricsIn(folder));
  const rows = log.rows.map(({ row }) => row);
  const { metric, better } = systemOfRun(config.scenarioName).headline;
  const measured = rows.map(({ metrics }) => metrics[metric] ?? NaN).filter(Number.isFinite);
  const rates = rows.map(({ metrics }) => metrics["time/frames_per_second"] ?? NaN).filter(Number.isFinite);
  return {
    folder,
    config,
    state: found === "damaged" ? isLocked(folder) ? "running" : "unknown" : stateOf(found?.outcome ?? null, folder),
    iterations: rows.length,
    final: finite(recentMean(rows, metric)),
    best: measured.length === 0 ? null : measured.reduce((a, b) => (better === "higher" ? a > b : a < b) ? a : b),
    framesPerSecond: rates.length > 0 ? median(rates) : null,
    started: manifest?.earlier[0]?.started ?? manifest?.started ?? null,
    rows,
    problems: problemsOf(folder, config, found, log),
  };
}

function metricsIn(folder: string): Uint8Array {
  const path = join(folder, metricsName);
  try {
    return readRegular(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}.`);
  }
}

/** What of a run's files is not as the run wrote it, a sentence each. */
function problemsOf(
  folder: string,
  config: Config,
  manifest: ReturnType<typeof lookAtManifest>,
  log: MetricsLog,
): string[] {
  const path = (name: string): string => oneLine(join(folder, name));
  const damage = damageText(log, path(metricsName));
  const last = Math.max(log.rows.at(-1)?.row.iteration ?? 0, manifest === "damaged" ? 0 : manifest?.toIteration ?? 0);
  const checkpoint = checkpointsIn(folder).at(-1);
  const change = checkpoint ? changeOf(folder, checkpoint, config) : null;
  return [
    ...manifest === "damaged" ? [`${path(manifestName)} is damaged: how the run stands is not known.`] : [],
    ...damage === null ? [] : [`${damage}: left out.`],
    ...log.rows.length < last ? [`${path(metricsName)} has ${log.rows.length} of ${counted(last, "iteration")}.`] : [],
    ...change === null ? [] : [change],
  ];
}

function checkpointsIn(folder: string): CheckpointFile[] {
  try {
    return listCheckpoints(folder);
  } catch {
    // A run without such a folder is refused by who trains or plays it.
    return [];
  }
}

/** What the run is judged by. */
export function runHeadline({ config }: RunRecord): Headline {
  return systemOfRun(config.scenarioName).headline;
}

/** A session that says it is running, and does not hold its folder, was killed. */
function stateOf(outcome: Outcome | null, folder: string): RunState {
  if (outcome === null) return "not begun";
  return outcome === "running" && !isLocked(folder) ? "killed" : outcome;
}

const takesFolders = signature("readRuns()", { folders: listOf(text, "a list of folders") });

/**
 * All runs in `folders` and below, by folder, and a sentence for each that could not be read.
 *
 * @throws UsageError if one of `folders` cannot be opened.
 */
export function readRuns(folders: readonly string[]): { runs: RunRecord[]; problems: string[] } {
  takesFolders(arguments);
  const problems: string[] = [];
  const runs = [...new Set(folders.flatMap((folder) => [...findRuns(folder, problems)]))].sort().flatMap((folder) => {
    try {
      const run = readRun(folder);
      problems.push(...run.problems);
      return [run];
    } catch (error) {
      problems.push(
        error instanceof UsageError ? error.message : `${oneLine(folder)} could not be read: ${reasonOf(error)}.`,
      );
      return [];
    }
  });
  return { runs, problems };
}

/** What is in a folder. Throws a {@linkcode UsageError} if it cannot be opened. */
function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw new UsageError(`${oneLine(folder)} cannot be opened: ${reasonOf(error)}.`);
  }
}

/** What every run has. */
const parts = [configName, metricsName, checkpointFolder];

/**
 * The folders of runs in `folder` and below, those that lack one of their parts too. What cannot be opened below is put to the problems.
 * Throws a {@linkcode UsageError} if `folder` itself cannot.
 */
function* findRuns(folder: string, problems: string[]): Generator<string> {
  const entries = entriesOf(folder);
  const there = parts.filter((part) => entries.some(({ name }) => name === part));
  if (there.length >= 2) return yield folder;
  for (const { name, isDirectory } of entries) {
    // A series that is being made, or whose making was killed.
    if (!isDirectory || name.endsWith(temporary)) continue;
    try {
      yield* findRuns(join(folder, name), problems);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(error.message);
    }
  }
}

/** What does not tell one configuration of a scenario from another: runs that differ in these only are seeds of one. */
const incidental: readonly string[] = ["scenarioName", ...Object.keys(running)];

function settingsOf({ config }: RunRecord): Settings {
  // Where nothing ends with them more iterations are the same run, longer.
  const endless = fixedLength(systemOfRun(config.scenarioName), config) === null;
  const left = endless ? [...incidental, "nIters"] : incidental;
  return Object.fromEntries(Object.entries(config).filter(([name]) => !left.includes(name)));
}

/** The same for runs of one configuration. */
export function keyOf(run: RunRecord): string {
  return JSON.stringify([run.config.scenarioName, settingsOf(run)]);
}

/** So many settings tell configurations apart by themselves; where more differ, it is said what departs from a preset. */
const fewSettings = 2;

/** A name for each configuration: its scenario, and the flags by which it differs from others of the scenario. */
export function namesOf(runs: readonly RunRecord[]): Map<string, { scenario: string; settings: string }> {
  const scenarios = Map.groupBy(runs, ({ config }) => config.scenarioName);
  return new Map([...scenarios].flatMap(([scenario, runs]) => {
    const configurations = new Map(runs.map((run) => [keyOf(run), run]));
    const texts = flagsApart([...configurations.values()]);
    return [...configurations.keys()].map((key, i) => [key, { scenario, settings: texts[i]! }]);
  }));
}

/** For each of several configurations of a scenario the flags by which it differs from the others. */
function flagsApart(runs: readonly RunRecord[]): string[] {
  const all = runs.map(settingsOf);
  const names = [...new Set(all.flatMap(Object.keys))];
  const telling = names.filter((name) => new Set(all.map((x) => x[name])).size > 1);
  const flags = (entries: Departure["apart"]) => entries.map(([name, value]) => flagText(name, value));
  if (telling.length <= fewSettings) {
    return all.map((x) => flags(Object.entries(x).filter(([name]) => telling.includes(name))).join(" "));
  }
  const departures = runs.map(({ config: { scenarioName, algorithm } }, i) =>
    departureOf(systemOfRun(scenarioName), scenarioName, algorithm, all[i]!)
  );
  const texts = departures.map(({ apart }) => flags(apart));
  const common = texts.reduce((a, b) => a.filter((flag) => b.includes(flag)));
  return texts.map((text, i) => {
    // A departure is told from a preset of the run's own algorithm.
    const algorithm = telling.includes("algorithm") ? flags([["algorithm", runs[i]!.config.algorithm]]) : [];
    const preset = `--preset ${departures[i]!.preset}`;
    return [...algorithm, preset, ...text.filter((flag) => !common.includes(flag))].join(" ");
  });
}

const takesRuns = signature("runCurves()", {
  runs: listOf(
    having("a run, as readRuns() gives it,", {
      config: having("its configuration", { scenarioName: text }),
      rows: listOf(anything, "its rows"),
    }),
    "a list of runs",
  ),
  metric: optional(text),
});

/**
 * A curve of a metric (of what the runs are judged by unless told otherwise) for each configuration: the mean over its seeds, and a
 * band from the lowest to the highest.
 *
 * @example
 * ```ts
 * import { readRuns, rewardCurve, runCurves } from "@plumbline/plumbline";
 *
 * const { runs } = readRuns([await Deno.makeTempDir()]); // ["output"]
 * const spec = rewardCurve(runCurves(runs, "train/entropy"), { yTitle: "entropy (nats)" });
 * ```
 * @throws UsageError if no run has the metric.
 */
export function runCurves(runs: readonly RunRecord[], metric?: string): CurveSeries[] {
  takesRuns(arguments);
  if (metric !== undefined) refuseUnknown(metric, runs);
  const names = namesOf(runs);
  const several = new Set(runs.map(({ config }) => config.scenarioName)).size > 1;
  const groups = Map.groupBy(runs.filter(({ rows }) => rows.length > 0), keyOf);
  return [...groups].map(([key, group]) => {
    const { scenario, settings } = names.get(key)!;
    const title = [...several || settings === "" ? [scenarioTitle(scenario)] : [], settings].filter((x) => x !== "")
      .join(" ");
    return { name: `${title}${seedsText(group)}`, points: pointsOf(group, metric ?? runHeadline(group[0]!).metric) };
  });
}

function refuseUnknown(metric: string, runs: readonly RunRecord[]): void {
  const names = new Set(runs.flatMap(({ rows }) => rows.flatMap(({ metrics }) => Object.keys(metrics))));
  if (names.size === 0 || names.has(metric)) return;
  throw new UsageError(`no run has the metric ${metric}; they have ${[...names].join(", ")}.`);
}

function seedsText(group: readonly RunRecord[]): string {
  const seeds = new Set(group.map(({ config }) => config.seed)).size;
  if (group.length === 1) return "";
  return seeds === group.length ? `, ${seeds} seeds` : `, ${group.length} runs of ${counted(seeds, "seed")}`;
}

function pointsOf(group: readonly RunRecord[], metric: string): CurvePoint[] {
  const byIteration = Map.groupBy(group.flatMap(({ rows }) => rows), ({ iteration }) => iteration);
  return [...byIteration].map(([iteration, rows]) => {
    const values = rows.map(({ metrics }) => metrics[metric] ?? NaN).filter(Number.isFinite);
    const value = values.reduce((sum, x) => sum + x, 0) / values.length;
    const point = { iteration, frames: rows[0]!.frames, value };
    return group.length > 1 && values.length > 0
      ? { ...point, low: Math.min(...values), high: Math.max(...values) }
      : point;
  }).sort((a, b) => a.iteration - b.iteration);
}
