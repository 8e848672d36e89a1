/** One run of a command: its folder is opened, it is trained, and what it came to is told. */

import { basename, join } from "node:path";
import { PlumblineError } from "../../graph/error.ts";
import { infoOf } from "../files/atomic.ts";
import {
  checkFinite,
  checkFits,
  type Checkpoint,
  checkpointFolder,
  checkpointName,
  listCheckpoints,
  loadCheckpointOf,
  withSteps,
} from "../files/checkpoint.ts";
import { fixedLength } from "../command/config.ts";
import { UsageError } from "../../systems/usage.ts";
import { textOf, WriteError } from "../files/error.ts";
import { shellWord } from "../command/flags.ts";
import { argumentWithoutPaths } from "../files/paths.ts";
import type { ResumePoint } from "../files/find_run.ts";
import { RunFolder } from "../files/folder.ts";
import { inputsOf } from "../files/inputs.ts";
import type { Host } from "./host.ts";
import { beginManifest, type Manifest, manifestName, readManifest } from "../files/manifest.ts";
import { recentIterations } from "../files/metrics.ts";
import type { Plan } from "../command/plan.ts";
import { readConfig } from "../command/saved_config.ts";
import { counted, numberText, oneLine, printable } from "../../systems/text.ts";
import { presetText } from "../command/presets.ts";
import { Progress } from "./progress.ts";
import { writeFailureReport } from "../look/report.ts";
import { type Limits, type Result, type Run, train } from "./run.ts";
import type { Stop } from "./signals.ts";
import type { Trainer } from "../../systems/trainer.ts";

/** What became of a plan. */
export interface Ended {
  readonly folder: string;
  /** Null if it failed. */
  readonly result: Result | null;
  /** Why it failed, which was told; null if it did not. */
  readonly error: unknown;
}

const endless: Limits = { deadline: Infinity, until: Infinity, audit: false };

/** What the runs of one command share: they end by one Ctrl-C, and by one time. */
export class Session {
  #progress: Progress | null = null;
  #stop: Promise<Stop> | null = null;

  /** Nothing ends them but their own ends and Ctrl-C, unless there are limits. */
  constructor(readonly host: Host, readonly limits: Limits = endless) {}

  /** Listens for Ctrl-C, from the first call on. */
  listen(): Promise<Stop> {
    return this.#stop ??= this.host.listenForStop(() =>
      this.#progress?.say("Ending this iteration, then saving. Ctrl-C again stops at once.")
    );
  }

  /** Whether `--max-time` is over. */
  get late(): boolean {
    return performance.now() >= this.limits.deadline;
  }

  /** The display of the next run. */
  show({ system, config }: Plan): Progress {
    return this.#progress = new Progress(
      this.host.out,
      config.nIters,
      system,
      system.algorithms[config.algorithm]?.beside,
    );
  }
}

/** The checkpoint of a run that goes on; null if there is none yet. */
export function checkpointOf(resume: ResumePoint | null): Checkpoint | null {
  if (!resume?.checkpoint) return null;
  const known = readManifest(join(resume.folder, manifestName))?.checkpoints;
  return loadCheckpointOf(resume.folder, resume.checkpoint, known);
}

/** Puts the checkpoint, if there is one, into the trainer. */
export async function restore(checkpoint: Checkpoint | null, trainer: Trainer): Promise<void> {
  if (checkpoint === null) return;
  const { path, iteration } = checkpoint;
  const fresh = await trainer.state();
  const state = withSteps(checkpoint.state, fresh);
  checkFits(state, fresh, path);
  checkFinite(state, path);
  await trainer.restore(state);
  if (trainer.iteration !== iteration) {
    throw new UsageError(`${path} says iteration ${iteration}, but its state is of iteration ${trainer.iteration}.`);
  }
}

/** Trains what is planned. Throws a {@linkcode UsageError} if it cannot begin; errors on the way are told to the user. */
export async function start(plan: Plan, trainer: Trainer, session: Session): Promise<Ended> {
  const { host, limits } = session;
  const { system, config } = plan;
  if (limits.audit && !trainer.learning) {
    throw new UsageError("--audit cannot be given: what trains this system does not say what learns.");
  }
  const progress = session.show(plan);
  const { folder, manifest } = await openRun(plan, trainer, progress);
  try {
    progress.say(`${introduction(plan, trainer)}\n${folder.path}`);
    const stop = await session.listen();
    const result = await train({ system, config, trainer, folder, manifest, progress, stop, ...limits });
    progress.say(conclusion(folder.path, plan, trainer, result));
    return { folder: folder.path, result, error: null };
  } catch (error) {
    progress.end();
    const report = await reportOf(error, { folder, manifest, trainer }, host);
    const saved = infoOf(folder.path) === null
      ? `${folder.path} is gone, and with it what was saved of this run.`
      : `What was saved is intact. To go on from there: ${resumeCommand(folder.path)}`;
    host.err.write(`${printable(`error: ${textOf(error)}\n${report}${saved}`)}\n`);
    return { folder: folder.path, result: null, error };
  } finally {
    folder.close();
  }
}

/** Writes the report of a run that ended in an error of the library, and says where it is. */
async function reportOf(
  error: unknown,
  { folder: { path: folder }, manifest, trainer }: Pick<Run, "folder" | "manifest" | "trainer">,
  { err }: Host,
): Promise<string> {
  if (!(error instanceof PlumblineError)) return "";
  try {
    const run = { config: readConfig(folder), folder, manifest };
    const path = await writeFailureReport(run, error, trainer.iteration + 1);
    return `${path} repeats it, as a notebook.\n`;
  } catch (problem) {
    err.write(`The report could not be written: ${textOf(problem)}\n`);
    return "";
  }
}

/** Everything that can be wrong with the folder or the checkpoint shows here, before anything is changed. */
async function openRun(
  plan: Plan,
  trainer: Trainer,
  progress: Progress,
): Promise<{ folder: RunFolder; manifest: Manifest }> {
  const session = { arguments: plan.arguments.map(argumentWithoutPaths), ...trainer.facts };
  try {
    if (!plan.resume) {
      const manifest = await beginManifest({ ...session, fromIteration: 0 }, null, 0, new Date());
      return {
        folder: RunFolder.create(plan.out, plan.config, new Date(), inputsOf(plan.system, plan.config)),
        manifest,
      };
    }
    const folder = RunFolder.open(plan.resume.folder);
    try {
      checkUntouched(plan.resume);
      await restore(checkpointOf(plan.resume), trainer);
      const { iteration } = trainer;
      const before = readManifest(join(folder.path, manifestName));
      const reached = Math.max(iteration, folder.rows().at(-1)?.iteration ?? 0);
      const manifest = await beginManifest({ ...session, fromIteration: iteration }, before, reached, new Date());
      tellDifferences(iteration, before, trainer, progress);
      tellLosses(iteration, folder, progress);
      folder.rewind(iteration).forEach((text) => progress.say(text));
      folder.writeConfig(plan.config);
      return { folder, manifest };
    } catch (error) {
      folder.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof WriteError ? new UsageError(error.message) : error;
  }
}

/**
 * Throws a {@linkcode UsageError} if somebody has gone on with a run between {@linkcode findRun} and now, when its folder is this
 * process's: to go on from what was found would undo that.
 */
function checkUntouched({ folder, newest }: ResumePoint): void {
  const now = listCheckpoints(folder).at(-1)?.iteration ?? 0;
  if (now === newest) return;
  throw new UsageError(
    `${folder} was trained by another process meanwhile, to iteration ${now}: give the command again to go on from there.`,
  );
}

/** Says what a resumed run cannot be expected to keep. */
function tellDifferences(iteration: number, before: Manifest | null, { facts }: Trainer, progress: Progress): void {
  if (iteration > 0 && before && before.adapter !== facts.adapter) {
    progress.say(
      `This run was made on ${oneLine(before.adapter)} and goes on on ${facts.adapter}: ` +
        "the numbers will agree to rounding, not bit for bit.",
    );
  }
}

/** Says, before it is done, what a run loses that goes back to the end of `iteration`. */
function tellLosses(iteration: number, folder: RunFolder, progress: Progress): void {
  const rows = folder.rows();
  const later = rows.filter((row) => row.iteration > iteration);
  const kept = rows.length - later.length;
  if (kept < iteration) {
    progress.say(`The logs hold ${kept} of the ${iteration} iterations before the checkpoint: the others are lost.`);
  }
  const [first, last] = [later.at(0), later.at(-1)].map((row) => row?.iteration);
  const iterations = first === last ? `iteration ${first}` : `iterations ${first} to ${last}`;
  const checkpoints = listCheckpoints(folder.path).filter((x) => x.iteration > iteration);
  const lost = [
    ...later.length > 0 ? [`the logs of ${iterations}`] : [],
    ...checkpoints.map(({ path }) => basename(path)),
  ];
  if (lost.length > 0) progress.say(`Going back to iteration ${iteration} removes ${lost.join(", ")}.`);
}

/** What is trained, in a few lines. */
export function introduction({ system, config }: Plan, { facts }: Trainer): string {
  return [
    ...system.describe(config, facts),
    `preset: ${presetText(system, config)}`,
    `${facts.engine}: ${facts.adapter}${facts.note === undefined ? "" : ` (${facts.note})`}`,
  ].join("\n");
}

function conclusion(path: string, plan: Plan, trainer: Trainer, result: Result): string {
  const { traces, files } = result;
  const after = traces.afterFirst === 0 ? "none" : `${traces.afterFirst} of them`;
  const lines = [
    endingText(plan, trainer.iteration, result),
    ...result.iterations === 0 ? [] : [`Programs traced: ${traces.total}, ${after} after the first iteration.`],
    `${path} holds metrics.jsonl, ${files.join(", ")}, checkpoints/ and events for TensorBoard.`,
    goOnText(path, plan, result),
  ];
  return lines.join("\n");
}

function endingText(
  { system: { headline }, config: { nIters, earlyStop, patience } }: Plan,
  iteration: number,
  { ending, last, recent, best }: Result,
): string {
  const count = Math.min(recentIterations, iteration);
  const mean = count > 1 ? `, mean of the last ${count}: ${numberText(recent)}` : "";
  const shown = Number.isNaN(last) ? `none in the last iteration` : numberText(last);
  const numbers = `${headline.name}: ${shown}${mean}`;
  const where = `after iteration ${iteration} of ${nIters}`;
  switch (ending) {
    case "iterations":
      return `Done: ${counted(iteration, "iteration")}. Last ${numbers}`;
    case "headline":
      return `Done ${where}: the mean ${headline.name} of the last ${recentIterations}, ${numberText(recent)}, has ` +
        `reached --early-stop ${earlyStop}. Last ${headline.name}: ${numberText(last)}`;
    case "patience": {
      const since = counted(patience!, "evaluation") + (patience === 1 ? " was" : " in a row were");
      const than = best === null
        ? "no number"
        : `no better than the ${numberText(best.metrics[headline.evaluation])} of ${checkpointFolder}/${
          checkpointName(best.iteration)
        }, which is kept`;
      return `Done ${where}: ${since} ${than}. Last ${headline.name}: ${numberText(last)}`;
    }
    case "signal":
      return `Stopped ${where}. Last ${numbers}`;
    case "time":
      return `Stopped ${where}: --max-time is over. Last ${numbers}`;
    case "until":
      return `Stopped ${where}, as --until says. Last ${numbers}`;
  }
}

function goOnText(path: string, { system, config }: Plan, { ending, outcome, recent }: Result): string {
  if (ending === "patience") return `To go on: ${resumeCommand(path)} --patience ${2 * config.patience!}`;
  if (outcome === "interrupted") return `To resume: ${resumeCommand(path)}`;
  if (ending === "headline") {
    const further = system.headline.better === "higher" ? Math.floor(recent) + 1 : Math.ceil(recent) - 1;
    return `To go on: ${resumeCommand(path)} --early-stop ${further}`;
  }
  const fixed = fixedLength(system, config);
  return fixed === null
    ? `To go on: ${resumeCommand(path)} --n-iters ${2 * config.nIters}`
    : `It is complete: more iterations would change ${fixed}. A longer one begins anew: --n-iters ${2 * config.nIters}`;
}

/** The command that goes on with the run, or the series of runs, in `path`. */
export function resumeCommand(path: string): string {
  return `deno task train --resume ${shellWord(path)}`;
}
