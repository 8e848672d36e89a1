/** How the runs of a sweep stand, as their folders say: what a sweep knows of them, and all that it needs to. */

import { join } from "node:path";
import { listCheckpoints } from "../files/checkpoint.ts";
import { isLocked, metricsName } from "../files/folder.ts";
import { lookAtManifest, manifestName, type Outcome } from "../files/manifest.ts";
import { type MetricsRow, readLog, recentMean } from "../files/metrics.ts";
import { readRegular } from "../files/regular.ts";
import type { SweepRun } from "./spec.ts";

/** How a run stands. */
export interface Standing {
  /** The iteration of its newest checkpoint, from which it would go on; 0 if it has none. */
  readonly saved: number;
  /** How its last session ended; null if it has not begun, or its manifest cannot be read. One that was killed says `running`. */
  readonly outcome: Outcome | null;
  /** Why, if it failed. */
  readonly error: string | null;
}

/** Reads how the run in a folder stands. */
export function standingOf(folder: string): Standing {
  const found = lookAtManifest(join(folder, manifestName));
  const manifest = found === "damaged" ? null : found;
  return { saved: savedIn(folder), outcome: manifest?.outcome ?? null, error: manifest?.error ?? null };
}

function savedIn(folder: string): number {
  try {
    return listCheckpoints(folder).at(-1)?.iteration ?? 0;
  } catch {
    // A run whose folder was taken away, or is damaged, is refused by who trains it: the others go on.
    return 0;
  }
}

/** Whether a run has come to where it was to come: to its own end, or to an iteration before. */
export function isThere({ saved, outcome }: Standing, until: number, { plan: { config } }: SweepRun): boolean {
  // What a run leaves at its end is written after its last checkpoint.
  return outcome === "finished" || (until < config.nIters && saved >= until);
}

/** What the run in a folder is judged by after `iteration`: the mean headline of the last iterations up to it. */
export function valueAt(folder: string, iteration: number, metric: string): number {
  return recentMean(rowsOf(folder).filter((row) => row.iteration <= iteration), metric);
}

function rowsOf(folder: string): MetricsRow[] {
  try {
    return readLog(readRegular(join(folder, metricsName))).rows.map(({ row }) => row);
  } catch {
    // A run whose folder is damaged is refused by who trains it: until then it has nothing to show.
    return [];
  }
}

/** More than a row of metrics has. */
const tailBytes = 16_384;

/** The last row that the run in a folder has logged, from the end of the file alone; null if there is none yet. */
export function lastRow(folder: string): MetricsRow | null {
  try {
    using file = Deno.openSync(join(folder, metricsName));
    const { size } = file.statSync();
    file.seekSync(Math.max(0, size - tailBytes), Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.min(size, tailBytes));
    const read = file.readSync(bytes) ?? 0;
    const start = size > tailBytes ? bytes.indexOf(0x0a) + 1 : 0;
    return readLog(bytes.subarray(start, read)).rows.at(-1)?.row ?? null;
  } catch {
    return null;
  }
}

/** Whether a process trains the run in a folder now; false on file systems without locks. */
export const isTrained: (folder: string) => boolean = isLocked;
