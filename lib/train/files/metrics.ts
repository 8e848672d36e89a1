/**
 * metrics.jsonl: one JSON object a line, one line an iteration. `crc` at the end of each is the CRC-32C of what stands before it: a line
 * that was damaged is not believed, and the others are.
 */

import type { Metrics } from "../../systems/trainer.ts";
import { crc32c } from "./crc.ts";

/** One line. A metric is NaN where there was nothing to measure (JSON: null). */
export interface MetricsRow {
  /** Counted from 1. */
  readonly iteration: number;
  /** Frames learned from since the beginning of the run. */
  readonly frames: number;
  /** By name: `train/episode_reward_sum`, `time/frames_per_second`. */
  readonly metrics: Metrics;
}

const checksum = (text: string): string => crc32c(new TextEncoder().encode(text)).toString(16).padStart(8, "0");

/** A row as a line, with its end. */
export function encodeRow({ iteration, frames, metrics }: MetricsRow): string {
  const text = JSON.stringify({ iteration, frames, ...metrics }).slice(0, -1);
  return `${text},"crc":"${checksum(text)}"}\n`;
}

const isMetric = (x: unknown): x is number | null => typeof x === "number" || x === null;

/** The row of a line; null if that is damaged. `isOld`: runs that are older than the checksum have none. */
function decodeRow(line: string, isOld: boolean): MetricsRow | null {
  const [, text = null, crc] = /^(.*),"crc":"([0-9a-f]{8})"\}\n$/.exec(line) ?? [];
  if (text === null ? !isOld : checksum(text) !== crc) return null;
  try {
    const { iteration, frames, ...metrics } = JSON.parse(text === null ? line : `${text}}`) as Record<string, unknown>;
    if (!Number.isSafeInteger(iteration) || !Number.isSafeInteger(frames)) return null;
    if (!Object.values(metrics).every(isMetric)) return null;
    const numbers = Object.entries(metrics).map(([name, value]) => [name, value ?? NaN]);
    return { iteration: iteration as number, frames: frames as number, metrics: Object.fromEntries(numbers) };
  } catch {
    return null;
  }
}

/** What a file of metrics holds. */
export interface MetricsLog {
  /** The rows in order, each of a later iteration than the one before, and where each ends. */
  readonly rows: readonly { readonly end: number; readonly row: MetricsRow }[];
  /** The numbers of the lines that cannot be read, or stand where they do not belong, from 1. */
  readonly damaged: readonly number[];
  /** Where the last of them begins; -1 if there is none. */
  readonly lastDamage: number;
  /** Whether it ends within a line, as a kill leaves it. */
  readonly isTorn: boolean;
}

const mark = new TextEncoder().encode('"crc":');

/** Where the first line of a file begins that has a checksum: all after it have one too. */
function startOfChecked(file: Uint8Array): number {
  for (let at = file.indexOf(mark[1]!); at > 0; at = file.indexOf(mark[1]!, at + 1)) {
    if (mark.every((x, i) => file[at - 1 + i] === x)) return file.lastIndexOf(0x0a, at) + 1;
  }
  return Infinity;
}

/** Reads a file of metrics. A damaged line costs no other. */
export function readLog(file: Uint8Array): MetricsLog {
  const newline = 0x0a;
  const rows: { end: number; row: MetricsRow }[] = [];
  const damaged: number[] = [];
  const firstChecked = startOfChecked(file);
  let [at, lastDamage] = [0, -1];
  for (let line = 1;; line++) {
    const end = file.indexOf(newline, at) + 1;
    if (end === 0) return { rows, damaged, lastDamage, isTorn: at < file.length };
    const row = decodeRow(new TextDecoder().decode(file.subarray(at, end)), at < firstChecked);
    if (row && row.iteration > (rows.at(-1)?.row.iteration ?? 0)) rows.push({ end, row });
    else {
      damaged.push(line);
      lastDamage = at;
    }
    at = end;
  }
}

/** The rows of a file in order, and where each ends. */
export function readRows(file: Uint8Array): MetricsLog["rows"] {
  return readLog(file).rows;
}

/** `metrics.jsonl has a damaged line (3)`, for messages; null where there is none. */
export function damageText({ damaged }: Pick<MetricsLog, "damaged">, name: string): string | null {
  if (damaged.length === 0) return null;
  const shown = damaged.slice(0, 5).join(", ") + (damaged.length > 5 ? ", .." : "");
  return damaged.length === 1
    ? `${name} has a damaged line, ${shown}`
    : `${name} has ${damaged.length} damaged lines, ${shown}`;
}

/** How many iterations a headline is averaged over where a run is judged. */
export const recentIterations = 5;

/** The mean of a metric over the last {@linkcode recentIterations}, of those that measured it; NaN if none did. */
export function recentMean(rows: readonly MetricsRow[], metric: string): number {
  const values = rows.slice(-recentIterations).map(({ metrics }) => metrics[metric] ?? NaN).filter(Number.isFinite);
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

/** The row whose `metric` is best, the first of equals; null if none has it. */
export function bestRow(rows: readonly MetricsRow[], metric: string, better: "higher" | "lower"): MetricsRow | null {
  const worth = ({ metrics }: MetricsRow): number => (metrics[metric] ?? NaN) * (better === "higher" ? 1 : -1);
  const measured = rows.filter((row) => Number.isFinite(worth(row)));
  return measured.length === 0 ? null : measured.reduce((best, row) => worth(row) > worth(best) ? row : best);
}
