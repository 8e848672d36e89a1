/** The loop of a run: iterate, log, show, save; and at the end the policy and the reward curve. */

import { drawRewardCurve } from "../look/curve.ts";
import { encodeJson, type RunFolder } from "../files/folder.ts";
import { type Manifest, manifestName } from "../files/manifest.ts";
import type { Config } from "../command/options.ts";
import { pauses } from "./pause.ts";
import { evaluationMetric, type MetricsRow, recentIterations, recentReward } from "../files/metrics.ts";
import type { Progress } from "./progress.ts";
import type { Stop } from "./signals.ts";
import { summarise } from "../look/statistics.ts";
import type { Episodes } from "../../rl/evaluation.ts";
import { type Metrics, rewardMetric, type Trainer } from "../../rl/trainer.ts";

/** Episodes of an evaluation during a run. */
const evaluationEpisodes = 100;

/** Everything that a run works with. */
export interface Run {
  readonly config: Config;
  readonly trainer: Trainer;
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  readonly progress: Progress;
  readonly stop: Stop;
  /** When `--max-time` is over, by `performance.now()`; Infinity without it. */
  readonly deadline: number;
}

/** Why a run ends: its iterations are done, its reward is reached, the user wants it to, or its time is over. */
export type Ending = "iterations" | "reward" | "signal" | "time";

/** How a run ended. */
export interface Result {
  readonly outcome: "finished" | "interrupted";
  readonly ending: Ending;
  readonly traces: Manifest["traces"];
  /** Iterations of this session. */
  readonly iterations: number;
  /** The reward of the last iteration; NaN if no episode ended in it. */
  readonly reward: number;
  /** See {@linkcode recentReward}. */
  readonly recent: number;
}

/**
 * Trains until there is an {@linkcode Ending}; the iteration under way is ended and saved. If anything fails, logs and
 * checkpoints stay as they are, the manifest gets the error's text, and the error is thrown on.
 */
export async function train(run: Run): Promise<Result> {
  const { trainer, folder, config } = run;
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
      rows.push(await iterate(run, pause));
      await pause();
      tracedByFirst ??= trainer.traceCount;
      ending = endingOf(run, rows);
      if (ending !== null || trainer.iteration % config.saveEvery === 0) {
        folder.logTensors("gradients", await trainer.gradients?.() ?? {}, trainer.iteration, new Date());
        folder.save(trainer.iteration, await trainer.state());
      }
    }
    const outcome = ending === "iterations" || ending === "reward" ? "finished" : "interrupted";
    await writeResults(run, rows);
    endManifest(run, { outcome, error: null, traces: traces() });
    const reward = rows.at(-1)?.metrics[rewardMetric] ?? NaN;
    return { outcome, ending, traces: traces(), iterations: rows.length - before, reward, recent: recentReward(rows) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    try {
      endManifest(run, { outcome: "failed", error: text, traces: traces() });
    } catch {
      // The disk that failed the run fails this too; the first error is the one to tell.
    }
    throw error;
  }
}

/** Whether the run is to end after the iterations in `rows`, and why. */
function endingOf({ config, trainer, stop, deadline }: Run, rows: readonly MetricsRow[]): Ending | null {
  const { nIters, earlyStop } = config;
  if (trainer.iteration >= nIters) return "iterations";
  if (earlyStop !== null && rows.length >= recentIterations && recentReward(rows) >= earlyStop) return "reward";
  if (stop.requested) return "signal";
  return performance.now() >= deadline ? "time" : null;
}

/** One iteration, logged and shown. */
async function iterate(
  { trainer, folder, progress, config }: Run,
  pause: () => Promise<void>,
): Promise<MetricsRow> {
  const start = performance.now();
  const measured = await trainer.iterate(pause);
  const seconds = (performance.now() - start) / 1000;
  const { iteration, framesPerIteration: frames } = trainer;
  const due = config.evalEvery > 0 && iteration % config.evalEvery === 0;
  const evaluated: Metrics = due ? evaluationMetrics(await trainer.evaluate(evaluationEpisodes, config.seed)) : {};
  const time = { "time/frames_per_second": frames / seconds, "time/iteration_seconds": seconds };
  const row = { iteration, frames: iteration * frames, metrics: { ...measured, ...evaluated, ...time } };
  folder.log(row, new Date());
  progress.iteration(iteration, measured[rewardMetric], frames, seconds, evaluated[evaluationMetric]);
  return row;
}

/** Episodes of the deterministic policy, as metrics. */
function evaluationMetrics({ reward, length, terminated }: Episodes): Metrics {
  const entries = { [evaluationMetric]: reward, "eval/episode_length": length, "eval/terminated": terminated };
  return Object.fromEntries(Object.entries(entries).map(([name, values]) => [name, summarise(values).mean]));
}

/** Writes what the run is for. */
async function writeResults({ trainer, folder, config }: Run, rows: readonly MetricsRow[]): Promise<void> {
  folder.write("policy.onnx", await trainer.policyOnnx());
  folder.write("reward.svg", await drawRewardCurve(rows, `${config.scenarioName}, ${config.algorithm}`));
}

function writeManifest({ folder, manifest }: Run, changes: Partial<Manifest>): void {
  folder.write(manifestName, encodeJson({ ...manifest, ...changes }));
}

function endManifest(run: Run, end: Pick<Manifest, "outcome" | "error" | "traces">): void {
  writeManifest(run, { ...end, toIteration: run.trainer.iteration, ended: new Date().toISOString() });
}
