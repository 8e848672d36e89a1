/** What a sweep shows while it works: a line for each run that is under way and one for all, or plain lines as things happen. */

import { counted, numberText, printable } from "../../systems/text.ts";
import { clock, type Output } from "../loop/progress.ts";
import type { MetricsRow } from "../files/metrics.ts";
import type { SweepRun } from "./spec.ts";

/** A run that is under way. */
export interface Shown {
  readonly run: SweepRun;
  /** What it has logged last; null if nothing yet. */
  readonly row: MetricsRow | null;
  /** The iteration to which it trains. */
  readonly until: number;
  /** What the engine says of it: "waiting: Priority". */
  readonly note: string;
}

/** How far all of it is. */
export interface Tally {
  readonly done: number;
  readonly failed: number;
  /** All runs. */
  readonly runs: number;
  /** Iterations that are done since the sweep was begun or gone on with, and those that are left. */
  readonly gained: number;
  readonly left: number;
}

/** So many runs have a line each: a terminal has no more that could be rewritten. */
const mostLines = 16;

/** Milliseconds between two lines that are plain, where nothing happens. */
const quiet = 30_000;

/** See the file's first line. */
export class Display {
  #lines = 0;
  readonly #began = performance.now();
  #last = -Infinity;

  /** Shows a sweep of that name. */
  constructor(readonly output: Output, readonly name: string) {}

  /** Lines of their own, which stay. */
  say(text: string): void {
    this.clear();
    this.output.write(`${printable(text)}\n`);
  }

  /** Shows how it stands. */
  show(shown: readonly Shown[], tally: Tally): void {
    const all = this.#all(shown.length, tally);
    if (!this.output.terminal) {
      if (performance.now() - this.#last < quiet) return;
      this.#last = performance.now();
      return this.output.write(`${printable([...shown.slice(0, mostLines).map(lineOf), all].join("\n"))}\n`);
    }
    const { columns } = this.output;
    const cut = (line: string): string => printable(line.length >= columns ? line.slice(0, columns - 1) : line);
    const more = shown.length - mostLines;
    const own = shown.slice(0, mostLines).map(lineOf);
    const lines = [...own, ...more > 0 ? [`.. and ${more} more`] : [], all].map(cut);
    this.clear();
    this.output.write(`${lines.join("\n")}\n`);
    this.#lines = lines.length;
  }

  /** Takes away what is rewritten. */
  clear(): void {
    if (this.#lines > 0) this.output.write(`\x1b[${this.#lines}A\r\x1b[J`);
    this.#lines = 0;
  }

  #all(running: number, { done, failed, runs, gained, left }: Tally): string {
    const seconds = (performance.now() - this.#began) / 1000;
    const rate = gained / seconds;
    return [
      `${this.name}: ${done} of ${counted(runs, "run")} done`,
      ...failed > 0 ? [`${failed} failed`] : [],
      `${running} under way`,
      ...gained > 0 ? [`${clock(left / rate)} left`] : [],
    ].join("   ");
  }
}

function lineOf({ run: { id, plan: { system: { headline } } }, row, until, note }: Shown): string {
  const iteration = row === null ? "-" : String(row.iteration);
  return [
    id,
    `iteration ${iteration.padStart(String(until).length)}/${until}`,
    ...row === null ? [] : [`${headline.name} ${numberText(row.metrics[headline.metric]).padStart(7)}`],
    ...note === "" ? [] : [note],
  ].join("   ");
}
