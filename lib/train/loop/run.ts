/** The loop of a run: iterate, log, show, save; and at the end what was learned and its curve. */

import { curveName, drawRunCurve } from "../look/curve.ts";
import { encodeJson, type RunFolder } from "../files/folder.ts";
import { type Manifest, manifestName } from "../files/manifest.ts";
import { pauses } from "./pause.ts";
import { bestRow, type MetricsRow, recentIterations, recentMean } from "../files/metrics.ts";
import { withoutPaths } from "../files/paths.ts";
import type { Progress } from "./progress.ts";
import type { Stop } from "./signals.ts";
import { scenarioTitle } from "../../systems/module_path.ts";
import type { Config } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import type { Metrics, Trainer } from "../../systems/trainer.ts";
import { auditUpdate } from "../../audit/movement.ts";
import { liveBytes } from "../../graph/live_bytes.ts";
import type { AuditReport } from "../../audit/report.ts";

/** When the runs of a command end before they are done, and what is told of them. */
export interface Limits {
  /** When `--max-time` is over, by `performance.now()`; Infinity without it. */
  readonly deadline: number;
  /** The iteration of `--until`; Infinity without it. */
  readonly until: number;
  /** Whether the first iteration is audited: `--audit`. */
  readonly audit: boolean;
}

/** Everything that a run works with. */
export interface Run extends Limits {
  readonly system: System;
  readonly config: Config;
  readonly trainer: Trainer;
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  readonly progress: Progress;
  readonly stop: Stop;
}

/**
 * Why a run ends: its iterations are done, its headline is reached, its evaluations get no better, the user wants it to, its time is
 * over, or it has come as far as it was to come for now.
 */
export type Ending = "iterations" | "headline" | "patience" | "signal" | "time" | "until";

/** How a run ended. */
export interface Result {
  readonly outcome: "finished" | "interrupted";
  readonly ending: Ending;
  readonly traces: Manifest["traces"];
  /** Iterations of this session. */
  readonly iterations: number;
  /** The headline of the last iteration; NaN where there was nothing to measure. */
  readonly last: number;
  /** See {@linkcode recentMean}. */
  readonly recent: number;
  /** The iteration with the best evaluation, if any was made. */
  readonly best: MetricsRow | null;
  /** What was written at the end, by name. */
  readonly files: readonly string[];
}

/**
 * Trains until there is an {@linkcode Ending}; the iteration under way is ended and saved. If anything fails, logs and
 * checkpoints stay as they are, the manifest gets the error's text, and the error is thrown on.
 */
export async function train(run: Run): Promise<Result> {
  const { trainer, folder, config, progress } = run;
  let tracedByFirst: number | null = null;
  const traces = () => ({
    total: trainer.traceCount,
    afterFirst: trainer.traceCount - (tracedByFirst ?? trainer.traceCount),
  });
  try {
    writeManifest(run, {});
    const rows = folder.rows();
    const before = rows.length;
    // However short the time, a session gets on by one iteration: a job that is always resumed comes to its end.
    let ending = endingOf({ ...run, deadline: Infinity }, rows);
    const pause = pauses();
    while (ending === null) {
      rows.push(await iterate({ ...run, audit: run.audit && rows.length === before }, pause));
      await pause();
      tracedByFirst ??= trainer.traceCount;
      ending = endingOf(run, rows);
      const moved = folder.follow(config, rows, new Date());
      if (moved !== null) progress.say(moved.text);
      const best = config.patience === null ? null : bestOf(run, rows)?.iteration ?? null;
      const isDue = ending !== null || trainer.iteration % config.saveEvery === 0 || best === trainer.iteration;
      if (moved?.isNew || (isDue && (ending !== null || !folder.isLost))) await save(run, best);
    }
    const outcome = ending === "signal" || ending === "time" || ending === "until" ? "interrupted" : "finished";
    const files = await writeResults(run, rows);
    endManifest(run, { outcome, error: null, traces: traces() });
    const { metric } = run.system.headline;
    const [last, recent] = [rows.at(-1)?.metrics[metric] ?? NaN, recentMean(rows, metric)];
    const best = bestOf(run, rows);
    return { outcome, ending, traces: traces(), iterations: rows.length - before, last, recent, best, files };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    try {
      // Since the last iteration that was logged it may have been renamed.
      folder.goAfter();
      endManifest(run, { outcome: "failed", error: withoutPaths(text), traces: traces() });
    } catch {
      // The disk that failed the run fails this too; the first error is the one to tell.
    }
    throw error;
  }
}

/** The row with the best evaluation. */
function bestOf({ system: { headline } }: Run, rows: readonly MetricsRow[]): MetricsRow | null {
  return bestRow(rows, headline.evaluation, headline.better);
}

/** Saves the state of the trainer, and says so in the manifest. The checkpoint of iteration `spared` stays. */
async function save(run: Run, spared: number | null): Promise<void> {
  const { trainer, folder, config } = run;
  folder.logTensors("gradients", await trainer.gradients?.() ?? {}, trainer.iteration, new Date());
  folder.save(trainer.iteration, await trainer.state(), config, spared);
  writeManifest(run, { toIteration: trainer.iteration });
}

/** Whether the run is to end after the iterations in `rows`, and why. */
function endingOf(run: Run, rows: readonly MetricsRow[]): Ending | null {
  const { system, config: { nIters, earlyStop, patience }, trainer, stop, deadline, until } = run;
  if (trainer.iteration >= nIters) return "iterations";
  const { metric, evaluation, better } = system.headline;
  if (patience !== null) {
    const best = bestOf(run, rows)?.iteration ?? 0;
    const later = rows.filter(({ iteration, metrics }) => iteration > best && evaluation in metrics);
    if (later.length >= patience) return "patience";
  }
  if (earlyStop !== null && rows.length >= recentIterations) {
    const recent = recentMean(rows, metric);
    if (better === "higher" ? recent >= earlyStop : recent <= earlyStop) return "headline";
  }
  if (stop.requested) return "signal";
  if (trainer.iteration >= until) return "until";
  return performance.now() >= deadline ? "time" : null;
}

/** An iteration, and what it moved. */
async function audited(trainer: Trainer, pause: () => Promise<void>): Promise<[Metrics, AuditReport]> {
  let measured: Metrics = {};
  const report = await auditUpdate(async () => measured = await trainer.iterate(pause), trainer.learning ?? []);
  return [measured, report];
}

/** One iteration, logged and shown. */
async function iterate(
  { system, trainer, folder, progress, config, audit }: Run,
  pause: () => Promise<void>,
): Promise<MetricsRow> {
  const start = performance.now();
  const [measured, report] = await (audit ? audited(trainer, pause) : [await trainer.iterate(pause)] as const);
  const seconds = (performance.now() - start) / 1000;
  const { iteration, framesPerIteration: frames } = trainer;
  const due = config.evalEvery > 0 && iteration % config.evalEvery === 0;
  const evaluated: Metrics = due ? await trainer.measure(config.seed) : {};
  const time = { "time/frames_per_second": frames / seconds, "time/iteration_seconds": seconds };
  const memory = { "memory/live_bytes": Object.values(liveBytes()).reduce((sum, bytes) => sum + bytes, 0) };
  const event = { iteration, frames: iteration * frames, metrics: { ...measured, ...evaluated, ...time, ...memory } };
  const own = await system.onIteration?.({ ...event, trainer }) ?? {};
  const row = { ...event, metrics: { ...event.metrics, ...checkedMetrics(own) } };
  folder.log(row, new Date());
  progress.iteration(iteration, row.metrics, frames, seconds);
  if (report) progress.say(`${report}`);
  return row;
}

/** What a listener gave. Throws a {@linkcode UsageError} unless it is numbers by name. */
function checkedMetrics(own: unknown): Metrics {
  const entries = typeof own === "object" && own !== null ? Object.entries(own) : [["it", own] as const];
  const wrong = entries.find(([, value]) => typeof value !== "number");
  if (!wrong) return own as Metrics;
  throw new UsageError(
    `onIteration() gives metrics to log, numbers by name, or nothing; ${wrong[0]} is ${
      wrong[1] instanceof Promise ? "a promise: await is missing" : typeof wrong[1]
    }.`,
  );
}

/** Writes what the run is for. Returns the names of the files. */
async function writeResults({ system, trainer, folder, config }: Run, rows: readonly MetricsRow[]): Promise<string[]> {
  const curve = curveName(system.headline);
  folder.write(curve, await drawRunCurve(rows, system, `${scenarioTitle(config.scenarioName)}, ${config.algorithm}`));
  const files = await trainer.files();
  for (const [name, content] of Object.entries(files)) folder.write(name, content);
  return [curve, ...Object.keys(files)];
}

function writeManifest({ folder, manifest }: Run, changes: Partial<Manifest>): void {
  folder.write(
    manifestName,
    encodeJson({ ...manifest, ...changes, events: folder.events, checkpoints: folder.checkpoints }),
  );
}

function endManifest(run: Run, end: Pick<Manifest, "outcome" | "error" | "traces">): void {
  writeManifest(run, { ...end, toIteration: run.trainer.iteration, ended: new Date().toISOString() });
}
