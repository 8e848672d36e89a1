/** metrics.jsonl: one JSON object a line, one line an iteration. */

import type { Metrics } from "../../systems/trainer.ts";

/** One line. A metric is NaN where there was nothing to measure (JSON: null). */
export interface MetricsRow {
  /** Counted from 1. */
  readonly iteration: number;
  /** Frames learned from since the beginning of the run. */
  readonly frames: number;
  /** By name: `train/episode_reward_sum`, `time/frames_per_second`. */
  readonly metrics: Metrics;
}

/** A row as a line, with its end. */
export function encodeRow({ iteration, frames, metrics }: MetricsRow): string {
  return `${JSON.stringify({ iteration, frames, ...metrics })}\n`;
}

function decodeRow(line: string): MetricsRow | null {
  try {
    const { iteration, frames, ...metrics } = JSON.parse(line) as Record<string, number | null>;
    if (!Number.isSafeInteger(iteration) || !Number.isSafeInteger(frames)) return null;
    const numbers = Object.entries(metrics).map(([name, value]) => [name, value ?? NaN]);
    return { iteration: iteration!, frames: frames!, metrics: Object.fromEntries(numbers) };
  } catch {
    return null;
  }
}

/** The rows of a file in order, and where each ends. A line that a kill has torn ends the list. */
export function* readRows(file: Uint8Array): Generator<{ end: number; row: MetricsRow }> {
  const newline = 0x0a;
  for (let at = 0;;) {
    const end = file.indexOf(newline, at) + 1;
    if (end === 0) return;
    const row = decodeRow(new TextDecoder().decode(file.subarray(at, end)));
    if (!row) return;
    at = end;
    yield { end, row };
  }
}

/** How many iterations a headline is averaged over where a run is judged. */
export const recentIterations = 5;

/** The mean of a metric over the last {@linkcode recentIterations}, of those that measured it; NaN if none did. */
export function recentMean(rows: readonly MetricsRow[], metric: string): number {
  const values = rows.slice(-recentIterations).map(({ metrics }) => metrics[metric] ?? NaN).filter(Number.isFinite);
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
