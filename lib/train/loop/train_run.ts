/** A run that a program asks for, rather than a person at a terminal. */

import { newConfig } from "../command/config.ts";
import { createTrainer } from "../create.ts";
import type { Host } from "./host.ts";
import type { Config } from "../command/options.ts";
import type { Output } from "./progress.ts";
import { readRun, type RunRecord } from "../look/records.ts";
import { type Plan, Session, start } from "./session.ts";

const silent: Output = { write: () => {}, terminal: false, colour: false, columns: Infinity };

/** Nobody watches, and nobody presses Ctrl-C. */
const alone: Host = {
  out: silent,
  err: silent,
  createTrainer,
  listenForStop: () => Promise.resolve({ requested: false }),
};

/**
 * Trains a run as `deno task train` does, and shows nothing: into a new folder `<out>/<scenario>/<time>/`, with the scenario's
 * preset below the settings that are given. It is read back at the end.
 *
 * @example
 * ```ts
 * import { trainRun } from "@plumbline/plumbline";
 *
 * const out = await Deno.makeTempDir();
 * const settings = { maxSteps: 10, framesPerBatch: 40, minibatchSize: 40, numEpochs: 1, nIters: 2 };
 * const run = await trainRun({ scenarioName: "navigation", ...settings, seed: 1 }, out);
 * console.log(run.state, run.iterations); // finished 2
 * ```
 * @throws UsageError if the settings do not fit; else what the training throws, whose folder stays, with its report.
 */
export async function trainRun(settings: Partial<Config>, out = "output"): Promise<RunRecord> {
  const plan: Plan = { config: newConfig(settings), out, resume: null, arguments: [] };
  const trainer = await createTrainer(plan.config);
  try {
    const { folder, error } = await start(plan, trainer, new Session(alone, Infinity));
    if (error !== null) throw error;
    return readRun(folder);
  } finally {
    trainer.dispose();
  }
}
