/** What a run shows while it works: one line that is rewritten on a terminal, plain lines elsewhere. */

import type { System } from "../../systems/system.ts";
import { numberText, printable } from "../../systems/text.ts";
import type { Metrics } from "../../systems/trainer.ts";

/** Where text goes: standard output, standard error, or a test. */
export interface Output {
  write(text: string): void;
  /** Whether a line can be rewritten. */
  readonly terminal: boolean;
  /** Whether colours are wanted: a terminal, and no NO_COLOR. */
  readonly colour: boolean;
  /** Characters in a line of the terminal. */
  readonly columns: number;
}

const clearLine = "\r\x1b[2K";
const dim = (text: string) => `\x1b[2m${text}\x1b[22m`;
const bold = (text: string) => `\x1b[1m${text}\x1b[22m`;

/** Seconds as a person reads them: `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** How many of the last iterations the time left is judged by. */
const window = 10;

/** The line of a run's progress. */
export class Progress {
  readonly #seconds: number[] = [];
  #open = false;
  /** What the last evaluation gave. */
  #evaluated: number | null = null;

  /** `total` iterations, shown on `output`; `beside` are metrics that are shown too, by what they are called. */
  constructor(
    readonly output: Output,
    readonly total: number,
    readonly shown: Pick<System, "headline" | "unit">,
    readonly beside: Readonly<Record<string, string>> = {},
  ) {}

  /** An iteration is done that took `seconds` for `frames`. */
  iteration(iteration: number, metrics: Metrics, frames: number, seconds: number): void {
    const { headline, unit } = this.shown;
    this.#seconds.push(seconds);
    // The first iteration compiles: it says nothing about the others.
    const typical = this.#seconds.length > 1 ? this.#seconds.slice(1).slice(-window) : this.#seconds;
    const left = typical.reduce((sum, x) => sum + x, 0) / typical.length * (this.total - iteration);
    const count = String(iteration).padStart(String(this.total).length);
    const rate = Math.round(frames / seconds).toLocaleString("en-US");
    this.#evaluated = metrics[headline.evaluation] ?? this.#evaluated;
    this.#show([
      `iteration ${count}/${this.total}`,
      `${headline.name} ${numberText(metrics[headline.metric]).padStart(7)}`,
      ...Object.entries(this.beside).map(([name, metric]) => `${name} ${numberText(metrics[metric]).padStart(6)}`),
      ...this.#evaluated === null ? [] : [`eval ${numberText(this.#evaluated).padStart(7)}`],
      `${rate} ${unit}/s`,
      `${clock(left)} left`,
    ]);
  }

  /** A line of its own, which stays. */
  say(text: string): void {
    this.end();
    this.output.write(`${printable(text)}\n`);
  }

  /** Leaves the line as it is; what follows begins a new one. */
  end(): void {
    if (this.#open) this.output.write("\n");
    this.#open = false;
  }

  #show([count, headline, ...rest]: string[]): void {
    const separator = "   ";
    const { terminal, colour, columns } = this.output;
    if (!terminal) return this.output.write(`${[count, headline, ...rest].join(separator)}\n`);
    const plain = [count, headline, ...rest].join(separator);
    // A wrapped line could not be cleared, and a code must not be cut.
    const line = plain.length >= columns
      ? plain.slice(0, columns - 1)
      : colour
      ? [count, bold(headline!), dim(rest.join(separator))].join(separator)
      : plain;
    this.output.write(clearLine + line);
    this.#open = true;
  }
}
