/** What commands act on: a run, one of its checkpoints, or a scenario by its name. */

import { createEnvironment, createTrainer } from "../create.ts";
import { newConfig, parseWorld } from "../command/config.ts";
import { UsageError } from "../files/error.ts";
import { findRun, readConfig, type ResumePoint, runsOfSeries } from "../files/folder.ts";
import { type Config, flagOf, task } from "../command/options.ts";
import { checkpointOf, restore } from "../loop/session.ts";
import type { PPOTrainer } from "../../rl/ppo_trainer.ts";
import type { Environment } from "../../worlds/environment.ts";

/** What the user pointed at. */
export interface Target {
  readonly config: Config;
  /** The run, and the checkpoint of it that is meant; null for a scenario. */
  readonly run: ResumePoint | null;
}

/** The flags that make the world of a scenario; a run has its own, and each scenario its defaults. */
export const worldOptions: Omit<typeof task, "scenarioName"> = Object.fromEntries(
  Object.entries(task).filter(([name]) => name !== "scenarioName").map((
    [name, row],
  ) => [name, { ...row, initial: null }]),
) as unknown as Omit<typeof task, "scenarioName">;

/**
 * What `text` points at: a path, or the name of a scenario. `given` are the flags that were given; `device` replaces that of
 * the run. Throws a {@linkcode UsageError} if it is neither, or the flags do not go with it.
 */
export function findTarget(text: string, given: Partial<Config>): Target {
  const scenario = task.scenarioName.values.find((name) => name === text);
  const device = given.device === undefined ? {} : { device: given.device };
  if (scenario !== undefined) {
    // The world as the scenario has it, not as a tuned preset acts in it.
    const config = newConfig({ scenarioName: scenario }, "seed");
    return { config: parseWorld({ ...config, ...pick(given, worldOptions), ...device }), run: null };
  }
  const [world] = Object.keys(pick(given, worldOptions));
  if (world !== undefined) {
    throw new UsageError(
      `${flagOf(world)} goes with the name of a scenario: a run keeps the world that it was trained in.`,
    );
  }
  const [first] = runsOfSeries(text);
  if (first !== undefined) throw new UsageError(`${text} is a series of runs: give one of them, such as ${first}.`);
  if (!/[\\/.]/.test(text) && !exists(text)) {
    throw new UsageError(
      `"${text}" is no run and no scenario: give the folder of a run, one of its checkpoints, or one of ` +
        `${task.scenarioName.values.join(", ")}.`,
    );
  }
  const run = findRun(text);
  return { config: { ...readConfig(run.folder), ...device }, run };
}

/** The world of a target as controllers know it, who act at every step; on no device yet. */
export function worldOf({ config }: Target): Environment {
  return createEnvironment({ ...config, actionRepeat: 1 });
}

/**
 * The trainer of a run, as it was at the checkpoint. Throws a {@linkcode UsageError} if there is none; `instead` is what
 * the user of a scenario may give in place of a run.
 */
export async function openTrainer({ config, run }: Target, instead = ""): Promise<PPOTrainer> {
  if (run === null) {
    throw new UsageError(`${config.scenarioName} is a scenario, which has no policy: give a run${instead}.`);
  }
  if (run.checkpoint === null) {
    throw new UsageError(`${run.folder} has no checkpoint yet: there is no policy to take from it.`);
  }
  // Read first: a run that is being trained soon removes it.
  const checkpoint = checkpointOf(run);
  const trainer = await createTrainer(config);
  await restore(checkpoint, trainer);
  return trainer;
}

/**
 * The trainer of the run in a folder as it was at its newest checkpoint, or at the one that `path` names: its `policy`, its
 * `environment`, and all that is needed to go on. The device of the run becomes that of the process.
 *
 * @example
 * ```ts
 * import { loadTrainer, trainRun } from "@plumbline/plumbline";
 *
 * const small = { maxSteps: 10, framesPerBatch: 40, minibatchSize: 40, numEpochs: 1, nIters: 1 };
 * const { folder } = await trainRun(small, await Deno.makeTempDir());
 * const trainer = await loadTrainer(folder);
 * console.log((await trainer.evaluate(5, 0)).reward.length); // 5
 * ```
 * @throws UsageError if there is no run, or it has no checkpoint yet.
 */
export async function loadTrainer(path: string): Promise<PPOTrainer> {
  const run = findRun(path);
  return await openTrainer({ config: readConfig(run.folder), run });
}

function pick(given: Partial<Config>, table: object): Partial<Config> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name in table));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
