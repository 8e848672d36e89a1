/** `deno task sweep`: from arguments and a file to the runs of a sweep, and a launcher that trains them. */

import { counted, printable } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { shellWord } from "../command/flags.ts";
import { helpOf } from "../command/tool.ts";
import { textOf } from "../files/error.ts";
import type { Host } from "../loop/host.ts";
import { interruptedCode } from "../loop/signals.ts";
import { type Asked, askedFor, helpFor, mostThreads, nextOf, readAsked } from "./asked.ts";
import { Display } from "./display.ts";
import { drive, type Driven } from "./drive.ts";
import { dryRun } from "./dry_run.ts";
import { engines } from "./engines.ts";
import { SweepFolder } from "./folder.ts";
import type { Engine } from "./launcher.ts";
import { isThere } from "./standing.ts";

/** What the command needs of its surroundings. */
export interface Surroundings extends Pick<Host, "out" | "err" | "listenForStop"> {
  /** The program that trains a run, and its first arguments. */
  readonly train: readonly string[];
  /** This program, and its first arguments. */
  readonly sweep: readonly string[];
  /** Where runs can be trained, the usual first; {@linkcode engines} unless a test has others. */
  readonly engines?: readonly Engine[];
}

/** Runs the command. Returns the exit code: 0 done, 1 a run failed, 2 the command is wrong, 130 interrupted. */
export async function sweepMain(args: readonly string[], host: Surroundings): Promise<number> {
  const known = host.engines ?? engines;
  try {
    const { file, values } = readAsked(args, known);
    if (file === null) {
      host.out.write(`${helpOf(helpFor(known))}\n`);
      return 0;
    }
    const asked = await askedFor(file, values, known);
    if (!asked.values.dryRun) return await work(asked, host);
    return await dryRun(asked, host) ? 0 : interruptedCode;
  } catch (error) {
    host.err.write(`error: ${printable(textOf(error))}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Trains. */
async function work(asked: Asked, host: Surroundings): Promise<number> {
  const { noted, runs, engine, engineValues, values } = asked;
  const deadline = performance.now() + 1000 * (values.maxTime ?? Infinity);
  const folder = SweepFolder.open(asked.folder, noted);
  try {
    folder.complete(runs);
    const display = new Display(host.out, noted.name);
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    const stop = await host.listenForStop(resolve);
    const about = {
      name: noted.name,
      folder: folder.path,
      threads: mostThreads(asked),
      command: host.train,
      next: nextOf(asked, host.sweep, host.engines ?? engines),
      out: host.out,
    };
    const launcher = await engine.open({ ...about, runs: runs.length }, engineValues);
    display.say(headOf(asked));
    const watched = { stop, stopped, deadline, maxRuns: values.maxRuns ?? Infinity, watch: values.watch };
    let driven: Driven;
    try {
      driven = await drive({ folder, runs, launcher, display, ...watched });
    } finally {
      await launcher.close?.();
    }
    display.clear();
    host.out.write(`${printable(endOf(asked, driven, launcher.farewell ?? []))}\n`);
    if (driven.problems.size > 0) return 1;
    return driven.ending === "signal" ? interruptedCode : 0;
  } finally {
    folder.close();
  }
}

/** What is trained and where, in a few lines. */
function headOf({ noted, folder, runs, engine, engineValues }: Asked): string {
  const settings = new Set(runs.map(({ setting }) => setting)).size;
  const threads = mostThreads({ noted, runs });
  const room = engine.roomFor(engineValues, threads);
  const most = Number.isFinite(room) ? `, ${Math.min(room, runs.length)} at a time` : "";
  const seeds = counted(noted.seeds.length, "seed");
  return [
    `${noted.name}: ${noted.search}, ${counted(settings, "setting")} with ${seeds}, ${counted(runs.length, "run")}`,
    `on ${engine.name}${most}, ${counted(threads, "thread")} each`,
    `${folder}`,
  ].join("\n");
}

/** What it came to, and what is left. */
function endOf({ folder, again }: Asked, { ending, runs, problems }: Driven, farewell: readonly string[]): string {
  const done = runs.filter(({ run, standing }) => isThere(standing, run.plan.config.nIters, run)).length;
  const seen = [
    `${done} of ${counted(runs.length, "run")} done${problems.size > 0 ? `, ${problems.size} failed:` : "."}`,
    ...[...problems].map(([id, problem]) => `  ${id}: ${problem}`),
    `To see what it came to: deno task runs ${shellWord(folder)}`,
  ];
  const why = { done: "", signal: "Stopped. ", time: "--max-time is over. ", runs: "--max-runs are done. " };
  switch (ending) {
    case "handed over":
      return [...seen, ...farewell].join("\n");
    case "done":
      return [...seen, ...problems.size > 0 ? [`To try those again that failed: ${again}`] : []].join("\n");
    default:
      return [`${why[ending]}${seen[0]}`, ...seen.slice(1), ...farewell, `To go on: ${again}`].join("\n");
  }
}
