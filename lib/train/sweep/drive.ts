/** The loop of a sweep, the same for all engines: what is next is begun, what has ended is looked at, until there is nothing left. */

import { join } from "node:path";
import { infoOf } from "../files/atomic.ts";
import { reasonOf } from "../files/error.ts";
import { numberText, oneLine } from "../../systems/text.ts";
import { reportName } from "../look/report.ts";
import type { Stop } from "../loop/signals.ts";
import type { Display, Shown } from "./display.ts";
import type { SweepFolder } from "./folder.ts";
import type { Launcher, Told } from "./launcher.ts";
import { type Known, searchOf } from "./search.ts";
import { pointText, type SweepRun } from "./spec.ts";
import { isThere, lastRow, type Standing, standingOf, valueAt } from "./standing.ts";

/** What a sweep is worked at with. */
export interface Work {
  readonly folder: SweepFolder;
  readonly runs: readonly SweepRun[];
  readonly launcher: Launcher;
  readonly display: Display;
  readonly stop: Stop;
  /** Kept when the user wants it to end. */
  readonly stopped: Promise<void>;
  /** When `--max-time` is over, by `performance.now()`. */
  readonly deadline: number;
  /** How many runs may be begun or gone on with. */
  readonly maxRuns: number;
  /** Whether to stay until all has ended, where the engine goes on by itself. */
  readonly watch: boolean;
}

/** Why it ended: nothing is left to do, the user wanted it to, the limit of time or of runs; or the engine goes on alone. */
export type Ending = "done" | "signal" | "time" | "runs" | "handed over";

/** What became of a sweep. */
export interface Driven {
  readonly ending: Ending;
  readonly runs: readonly Known[];
  /** What is to be said of runs that failed, by their ids. */
  readonly problems: ReadonlyMap<string, string>;
}

/** Mutable while it is worked at. */
interface Entry {
  readonly run: SweepRun;
  readonly folder: string;
  standing: Standing;
  busy: boolean;
  failed: boolean;
  /** The iteration to which it is trained now. */
  until: number;
  /** How often this process has begun it since it last came to where it was to come. */
  tries: number;
  note: string;
  /** Its newest iteration, of all that the sweep has gained. */
  reached: number;
}

/** Works at a sweep. */
export async function drive(work: Work): Promise<Driven> {
  const { folder, launcher, display, deadline } = work;
  const entries = work.runs.map((run): Entry => {
    const path = folder.folderOf(run);
    const standing = standingOf(path);
    const until = run.plan.config.nIters;
    return {
      run,
      folder: path,
      standing,
      busy: false,
      failed: false,
      until,
      tries: 0,
      note: "",
      reached: standing.saved,
    };
  });
  const before = entries.reduce((sum, x) => sum + x.reached, 0);
  const byId = new Map(entries.map((entry) => [entry.run.id, entry]));
  const search = searchOf(
    folder.noted,
    work.runs,
    (known, iteration, { metric }) => valueAt(known.folder, iteration, metric),
  );
  const problems = new Map<string, string>();
  const tried = new Set<string>();
  const show = (): void => {
    const busy = entries.filter((x) => x.busy);
    const shown = busy.map((x): Shown => ({ run: x.run, row: lastRow(x.folder), until: x.until, note: x.note }));
    for (const [i, x] of busy.entries()) x.reached = shown[i]!.row?.iteration ?? x.reached;
    const gained = entries.reduce((sum, x) => sum + x.reached, 0) - before;
    display.show(shown, {
      done: entries.filter((x) => isDone(x)).length,
      failed: problems.size,
      runs: entries.length,
      gained,
      left: Math.max(0, search.iterations - before - gained),
    });
  };
  for (const id of await launcher.begun()) {
    const entry = byId.get(id);
    if (entry) entry.busy = true;
  }
  for (;;) {
    const told = await launcher.look();
    for (const entry of entries) if (entry.busy) take(entry, told.get(entry.run.id), display, problems);
    const ending = work.stop.requested ? "signal" : performance.now() >= deadline ? "time" : null;
    if (ending !== null) {
      // Who only watches may leave; a limit of time is the sweep's.
      if (!launcher.detached || (work.watch && ending === "time")) await stopAll(work, entries);
      return { ending, runs: entries, problems };
    }
    const running = entries.filter((x) => x.busy).length;
    const allowed = Math.min(launcher.room - running, work.maxRuns - tried.size);
    const jobs = search.next(entries, Math.max(0, allowed));
    for (const { id, until } of jobs) {
      const entry = byId.get(id)!;
      Object.assign(entry, { busy: true, until, note: "", tries: entry.tries + 1 });
      tried.add(id);
    }
    if (jobs.length > 0) await launcher.start(jobs);
    if (running + jobs.length === 0) {
      const isLeft = work.maxRuns <= tried.size && search.next(entries, 1).length > 0;
      return { ending: isLeft ? "runs" : "done", runs: entries, problems };
    }
    if (launcher.detached && !work.watch) return { ending: "handed over", runs: entries, problems };
    show();
    await Promise.race([launcher.changed(), work.stopped]);
  }
}

/**
 * So often a run is begun whose process ends without a word of why: one that was killed, for want of memory or by hand, goes on from
 * where it was saved. A run that says that it has failed would do so again.
 */
const mostTries = 2;

/** Whether a run has come to its own end. */
const isDone = ({ run, standing }: Pick<Entry, "run" | "standing">): boolean =>
  isThere(standing, run.plan.config.nIters, run);

/** Takes what the engine says of a run that was under way. */
function take(entry: Entry, told: Told | undefined, display: Display, problems: Map<string, string>): void {
  if (told !== undefined && told.state !== "ended") {
    entry.note = told.state === "waiting" ? `waiting${told.why ? `: ${told.why}` : ""}` : told.where ?? "";
    return;
  }
  entry.busy = false;
  entry.standing = standingOf(entry.folder);
  entry.reached = entry.standing.saved;
  const { run: { id, at, plan: { system: { headline } } }, until } = entry;
  const where = Object.keys(at).length === 0 ? id : `${id} (${pointText(at)})`;
  if (isThere(entry.standing, until, entry.run)) {
    const value = numberText(valueAt(entry.folder, until, headline.metric));
    entry.tries = 0;
    display.say(`${where}: ${headline.name} ${value} after iteration ${entry.standing.saved}`);
    return;
  }
  if (entry.standing.outcome !== "failed" && entry.tries < mostTries) {
    if (told?.problem !== undefined) display.say(`${where} goes on where it was saved: ${told.problem}`);
    return;
  }
  entry.failed = true;
  problems.set(id, problemOf(entry, told?.problem));
  display.say(`${where} failed: ${problems.get(id)}`);
}

/** What is said of a run that did not come to where it was to come. */
function problemOf({ folder, standing }: Entry, told: string | undefined): string {
  const report = join(folder, reportName);
  const own = standing.outcome === "failed" && standing.error !== null ? oneLine(standing.error.split("\n")[0]!) : null;
  const what = own ?? told ?? "its process ended before it was done, and did not say why.";
  return infoOf(report) === null ? what : `${what.replace(/\.?$/, ".")} ${report} repeats it, as a notebook.`;
}

/** Ends what is under way, and waits for it. */
async function stopAll({ launcher, display }: Work, entries: readonly Entry[]): Promise<void> {
  const busy = entries.filter((x) => x.busy);
  if (busy.length > 0) {
    display.say(`Ending the iterations under way of ${busy.map((x) => x.run.id).join(", ")}, then saving.`);
  }
  try {
    await launcher.stop();
  } catch (error) {
    display.say(`Not all could be stopped: ${reasonOf(error)}.`);
  }
  for (const entry of busy) {
    entry.standing = standingOf(entry.folder);
    entry.busy = false;
  }
}
