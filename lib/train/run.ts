/** The loop of a run: iterate, log, show, save; and at the end the policy and the reward curve. */

import { drawRewardCurve } from "./curve.ts";
import { encodeJson, type RunFolder } from "./folder.ts";
import { type Manifest, manifestName } from "./manifest.ts";
import type { Config } from "./options.ts";
import type { Progress } from "./progress.ts";
import type { Stop } from "./signals.ts";
import { rewardMetric, type Trainer } from "../rl/trainer.ts";

/** Everything that a run works with. */
export interface Run {
  readonly config: Config;
  readonly trainer: Trainer;
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  readonly progress: Progress;
  readonly stop: Stop;
}

/** How a run ended. */
export interface Result {
  readonly outcome: "finished" | "interrupted";
  readonly traces: Manifest["traces"];
  /** The reward of the last iteration; NaN if no episode ended in it. */
  readonly reward: number;
}

/**
 * Trains up to `config.nIters`, or until a stop is requested: then the iteration is ended and saved. If anything fails,
 * logs and checkpoints stay as they are, the manifest gets the error's text, and the error is thrown on.
 */
export async function train(run: Run): Promise<Result> {
  const { trainer, folder, stop, config } = run;
  let tracedByFirst: number | null = null;
  const traces = () => ({
    total: trainer.traceCount,
    afterFirst: trainer.traceCount - (tracedByFirst ?? trainer.traceCount),
  });
  try {
    writeManifest(run, {});
    while (trainer.iteration < config.nIters && !stop.requested) {
      await iterate(run);
      tracedByFirst ??= trainer.traceCount;
      const { iteration } = trainer;
      if (iteration % config.saveEvery === 0 || iteration === config.nIters || stop.requested) {
        folder.save(iteration, await trainer.state());
      }
    }
    const outcome = trainer.iteration < config.nIters ? "interrupted" : "finished";
    const reward = await writeResults(run);
    endManifest(run, { outcome, error: null, traces: traces() });
    return { outcome, traces: traces(), reward };
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

/** One iteration, logged and shown. */
async function iterate({ trainer, folder, progress }: Run): Promise<void> {
  const start = performance.now();
  const measured = await trainer.iterate();
  const seconds = (performance.now() - start) / 1000;
  const { iteration, framesPerIteration: frames } = trainer;
  const metrics = { ...measured, "time/frames_per_second": frames / seconds, "time/iteration_seconds": seconds };
  folder.log({ iteration, frames: iteration * frames, metrics }, new Date());
  progress.iteration(iteration, measured[rewardMetric], frames, seconds);
  // A trainer that never waits for the event loop would keep signals from being heard.
  await new Promise((resolve) => setTimeout(resolve));
}

/** Writes what the run is for. Returns the last reward. */
async function writeResults({ trainer, folder, config }: Run): Promise<number> {
  folder.write("policy.onnx", await trainer.policyOnnx());
  const rows = folder.rows();
  folder.write("reward.svg", await drawRewardCurve(rows, `${config.scenarioName}, ${config.algorithm}`));
  return rows.at(-1)?.metrics[rewardMetric] ?? NaN;
}

function writeManifest({ folder, manifest }: Run, changes: Partial<Manifest>): void {
  folder.write(manifestName, encodeJson({ ...manifest, ...changes }));
}

function endManifest(run: Run, end: Pick<Manifest, "outcome" | "error" | "traces">): void {
  writeManifest(run, { ...end, toIteration: run.trainer.iteration, ended: new Date().toISOString() });
}
