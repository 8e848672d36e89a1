/**
 * Races: contestants take turns at a case, round after round, so that whatever else the machine does falls on all of
 * them. A ratio is taken within each round and the median of the rounds is reported.
 */

import type { Contestant } from "./contestant.ts";
import type { Details } from "./protocol.ts";

/** How long a race is. */
export interface Effort {
  readonly rounds: number;
  /** How long a turn should take, in milliseconds; a turn is one repetition at least. */
  readonly turnMs: number;
}

/** What a contestant did. */
export interface Result {
  /** Median of all its repetitions, in milliseconds. */
  readonly medianMs: number;
  /** The quarter and three-quarter points. */
  readonly quartilesMs: readonly [number, number];
  readonly repetitions: number;
  /** Medians of the details, for a case that has any. */
  readonly details?: Details;
  /** This contestant's time over the first one's: the median over the rounds, and the least and greatest. */
  readonly ratio: number;
  readonly ratioRange: readonly [number, number];
}

/** The outcome of a case. */
export interface Outcome {
  readonly case: string;
  readonly results: Readonly<Record<string, Result>>;
  /** Who did not take part, and why. */
  readonly refusals: Readonly<Record<string, string>>;
}

/** The value below which the share `q` of the values lies. NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return low + (high - low) * (at - Math.floor(at));
}

/** The median. NaN of no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

interface Racer {
  readonly contestant: Contestant;
  readonly repeats: number;
  readonly rounds: number[][];
  readonly details: Details[];
}

const pauseMs = 100;
/** Calls that take microseconds are faster once they have run some thousand times. */
const mostRepeats = 10_000;

/** Two turns before the race: the first compiles, the second says how long a repetition takes. */
async function warmUp(contestant: Contestant, name: string, effort: Effort): Promise<Racer | string> {
  const first = await contestant.ask({ case: name, repeats: 1 });
  if ("why" in first) return first.why;
  const second = await contestant.ask({ case: name, repeats: first.ms[0]! > effort.turnMs ? 1 : 3 });
  if ("why" in second) return second.why;
  const repeats = Math.max(1, Math.min(mostRepeats, Math.round(effort.turnMs / median(second.ms))));
  return { contestant, repeats, rounds: [], details: [] };
}

function medians(details: readonly Details[]): Details {
  return Object.fromEntries(Object.keys(details[0]!).map((name) => [name, median(details.map((x) => x[name]!))]));
}

function resultOf({ rounds, details }: Racer, first: Racer): Result {
  const all = rounds.flat();
  const ratios = rounds.map((times, i) => median(times) / median(first.rounds[i]!));
  return {
    medianMs: median(all),
    quartilesMs: [quantile(all, 0.25), quantile(all, 0.75)],
    repetitions: all.length,
    ...(details[0] && { details: medians(details) }),
    ratio: median(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)],
  };
}

function outcomeOf(name: string, racers: readonly Racer[], refusals: Readonly<Record<string, string>>): Outcome {
  const results = racers.map((racer) => [racer.contestant.name, resultOf(racer, racers[0]!)]);
  return { case: name, results: Object.fromEntries(results), refusals };
}

async function turn(racer: Racer, name: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  const answer = await racer.contestant.ask({ case: name, repeats: racer.repeats });
  if ("why" in answer) throw new Error(`${racer.contestant.name} failed in the middle of '${name}': ${answer.why}`);
  racer.rounds.push([...answer.ms]);
  racer.details.push(...answer.details ?? []);
}

/** Races a case; the first contestant that takes part is what the ratios are taken against. */
export async function race(name: string, contestants: readonly Contestant[], effort: Effort): Promise<Outcome> {
  const racers: Racer[] = [];
  const refusals: Record<string, string> = {};
  for (const contestant of contestants) {
    const ready = await warmUp(contestant, name, effort);
    if (typeof ready === "string") refusals[contestant.name] = ready;
    else racers.push(ready);
  }
  for (let round = 0; round < effort.rounds; round++) {
    for (const racer of racers) await turn(racer, name);
  }
  return outcomeOf(name, racers, refusals);
}

/** Measures a case in one go, without a warm-up: for what happens once, like a start. */
export async function measureOnce(
  name: string,
  contestants: readonly Contestant[],
  repeats: number,
): Promise<Outcome> {
  const racers: Racer[] = [];
  const refusals: Record<string, string> = {};
  for (const contestant of contestants) {
    const answer = await contestant.ask({ case: name, repeats });
    if ("why" in answer) refusals[contestant.name] = answer.why;
    else racers.push({ contestant, repeats, rounds: [[...answer.ms]], details: [...answer.details ?? []] });
  }
  return outcomeOf(name, racers, refusals);
}
