/** `deno task train` without its trainer: from arguments to an exit code. */

import { join } from "node:path";
import { checkNumerics } from "../forensics/nonfinite_watch.ts";
import { PlumblineError } from "../graph/error.ts";
import { checkFits, loadCheckpoint } from "./checkpoint.ts";
import { type Command, helpText, parseCommand } from "./cli.ts";
import { batchOf, newConfig, resumedConfig } from "./config.ts";
import { UsageError, WriteError } from "./error.ts";
import { findRun, readConfig, type ResumePoint, RunFolder } from "./folder.ts";
import { beginManifest, type Manifest, manifestName, readManifest } from "./manifest.ts";
import { type Config, controls as controlTable } from "./options.ts";
import { presetText } from "./presets.ts";
import { type Output, Progress, rewardText } from "./progress.ts";
import { writeFailureReport } from "./report.ts";
import { type Result, type Run, train } from "./run.ts";
import { interruptedCode, type Stop } from "./signals.ts";
import { rewardMetric, type Trainer } from "../rl/trainer.ts";

/** What the command needs of its surroundings. */
export interface Host {
  /** Progress and results. */
  readonly out: Output;
  /** Errors. */
  readonly err: Output;
  /** Makes the trainer of a configuration. A {@linkcode UsageError} says that the configuration cannot be had here. */
  readonly createTrainer: (config: Config) => Promise<Trainer>;
  /** Begins to listen for Ctrl-C. */
  readonly listenForStop: (onFirst: () => void) => Stop;
}

/** What a command amounts to, before anything is made. */
interface Plan {
  readonly config: Config;
  /** Parent of the folders of new runs. */
  readonly out: string;
  /** The run to continue; null for a new one. */
  readonly resume: ResumePoint | null;
  readonly arguments: readonly string[];
}

/** Runs the command. Returns the exit code: 0 done, 1 failed, 2 the command is wrong, 130 interrupted. */
export async function main(args: readonly string[], host: Host): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command.controls.help) return print(host, helpText());
    const plan = planOf(command, args);
    if (command.controls.printConfig) return print(host, JSON.stringify(plan.config, null, 2));
    checkNumerics(command.controls.checkNumerics ?? false);
    const trainer = await host.createTrainer(plan.config);
    try {
      return command.controls.dryRun ? await dryRun(plan, trainer, host) : await start(plan, trainer, host);
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    host.err.write(`error: ${textOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function print({ out }: Host, text: string): number {
  out.write(`${text}\n`);
  return 0;
}

/** Errors that are meant to be read are sentences; of others, which are defects, the stack matters. */
function textOf(error: unknown): string {
  const readable = [UsageError, WriteError, PlumblineError].some((kind) => error instanceof kind);
  return readable || !(error instanceof Error)
    ? String((error as Error).message ?? error)
    : error.stack ?? error.message;
}

function planOf({ given, controls }: Command, args: readonly string[]): Plan {
  if (!controls.resume) {
    const out = controls.out ?? controlTable.out.initial!;
    return { config: newConfig(given, controls.preset), out, resume: null, arguments: args };
  }
  if (controls.out) throw new UsageError("--out cannot be given with --resume: the run goes on in its own folder.");
  if (controls.preset) throw new UsageError("--preset cannot be given with --resume: a run keeps its settings.");
  const resume = findRun(controls.resume);
  return { config: resumedConfig(readConfig(resume.folder), given), out: "", resume, arguments: args };
}

/** Puts the checkpoint, if there is one, into the trainer. */
async function restore({ resume }: Plan, trainer: Trainer): Promise<void> {
  if (!resume?.checkpoint) return;
  const { path } = resume.checkpoint;
  const { iteration, state } = loadCheckpoint(path);
  checkFits(state, await trainer.state(), path);
  await trainer.restore(state);
  if (trainer.iteration !== iteration) {
    throw new UsageError(`${path} says iteration ${iteration}, but its state is of iteration ${trainer.iteration}.`);
  }
}

async function dryRun(plan: Plan, trainer: Trainer, host: Host): Promise<number> {
  await restore(plan, trainer);
  const place = plan.resume
    ? `${plan.resume.folder}/, after iteration ${trainer.iteration}`
    : join(plan.out, plan.config.scenarioName, "<timestamp>/");
  return print(host, `${introduction(plan.config, trainer)}\nDry run: nothing was written. It would go to ${place}`);
}

async function start(plan: Plan, trainer: Trainer, host: Host): Promise<number> {
  const { config } = plan;
  const progress = new Progress(host.out, config.nIters);
  const { folder, manifest } = await openRun(plan, trainer, progress);
  try {
    progress.say(`${introduction(config, trainer)}\n${folder.path}`);
    const stop = host.listenForStop(() =>
      progress.say("Ending this iteration, then saving. Ctrl-C again stops at once.")
    );
    const result = await train({ config, trainer, folder, manifest, progress, stop });
    progress.say(conclusion(folder.path, config, trainer, result));
    return result.outcome === "finished" ? 0 : interruptedCode;
  } catch (error) {
    progress.end();
    const report = await reportOf(error, { config, folder, manifest, trainer }, host);
    host.err.write(
      `error: ${textOf(error)}\n${report}What was saved is intact. To go on from there: ${
        resumeCommand(folder.path)
      }\n`,
    );
    return 1;
  } finally {
    folder.close();
  }
}

/** Writes the report of a run that ended in an error of the library, and says where it is. */
async function reportOf(
  error: unknown,
  { config, folder, manifest, trainer }: Pick<Run, "config" | "folder" | "manifest" | "trainer">,
  { err }: Host,
): Promise<string> {
  if (!(error instanceof PlumblineError)) return "";
  try {
    const path = await writeFailureReport({ config, folder: folder.path, manifest }, error, trainer.iteration + 1);
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
  const session = { arguments: plan.arguments, ...trainer.facts };
  try {
    if (!plan.resume) {
      const manifest = await beginManifest({ ...session, fromIteration: 0 }, null, new Date());
      return { folder: RunFolder.create(plan.out, plan.config, new Date()), manifest };
    }
    const folder = RunFolder.open(plan.resume.folder);
    try {
      await restore(plan, trainer);
      const { iteration } = trainer;
      const before = readManifest(join(folder.path, manifestName));
      const manifest = await beginManifest({ ...session, fromIteration: iteration }, before, new Date());
      tellDifferences(iteration, folder.rewind(iteration).length, before, trainer, progress);
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

/** Says what a resumed run cannot be expected to keep. */
function tellDifferences(
  iteration: number,
  logged: number,
  before: Manifest | null,
  { facts }: Trainer,
  progress: Progress,
): void {
  if (before && before.adapter !== facts.adapter) {
    progress.say(
      `This run was made on ${before.adapter} and goes on on ${facts.adapter}: ` +
        "the numbers will agree to rounding, not bit for bit.",
    );
  }
  if (logged < iteration) {
    progress.say(`The logs hold ${logged} of the ${iteration} iterations before the checkpoint: the others are lost.`);
  }
}

function introduction(config: Config, { facts }: Trainer): string {
  const { frames, minibatches } = batchOf(config);
  return [
    `${config.scenarioName}, ${config.nAgents} agents, ${config.algorithm}, seed ${config.seed}: ` +
    `${facts.parameters.toLocaleString("en-US")} parameters`,
    `batch: ${facts.envs} envs x ${facts.steps} steps = ${frames} frames; ` +
    `${config.numEpochs} epochs of ${minibatches} minibatches`,
    `preset: ${presetText(config)}`,
    `${facts.engine}: ${facts.adapter}${facts.note === undefined ? "" : ` (${facts.note})`}`,
  ].join("\n");
}

function conclusion(path: string, config: Config, trainer: Trainer, { outcome, traces, reward }: Result): string {
  const after = traces.afterFirst === 0 ? "none" : `${traces.afterFirst} of them`;
  const lines = [
    outcome === "finished"
      ? `Done: ${trainer.iteration} iterations. Final ${rewardMetric}: ${rewardText(reward)}`
      : `Stopped after iteration ${trainer.iteration} of ${config.nIters}. ${rewardMetric}: ${rewardText(reward)}`,
    `Programs traced: ${traces.total}, ${after} after the first iteration.`,
    `${path} holds metrics.jsonl, reward.svg, policy.onnx, checkpoints/ and events for TensorBoard.`,
    outcome === "finished"
      ? `To go on: ${resumeCommand(path)} --n-iters ${2 * config.nIters}`
      : `To resume: ${resumeCommand(path)}`,
  ];
  return lines.join("\n");
}

function resumeCommand(path: string): string {
  const safe = /^[\w./:@%+,\\-]+$/.test(path);
  return `deno task train --resume ${safe ? path : `'${path.replaceAll("'", `'\\''`)}'`}`;
}
