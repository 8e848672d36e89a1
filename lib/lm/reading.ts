/** What a look at rows says: bits a byte, what was got right, and the spread of the weights. On the host: it is asked for seldom. */

import type { TypedArray } from "../graph/types.ts";
import type { Corpus, TextBatch } from "./corpora/corpus.ts";

/** Rows, and what a model makes of them: `[row, time, head]`, deltas `[row, time]`. */
export interface Looked {
  readonly batch: TextBatch;
  readonly losses: TypedArray;
  readonly choices: TypedArray;
  readonly weights: TypedArray;
  readonly deltas: TypedArray;
}

/** Numbers, and the rows that they are of. */
export interface Reading {
  readonly metrics: Readonly<Record<string, number>>;
  readonly looked: readonly Looked[];
}

/** Sums and counts, whose quotients are the metrics. */
class Means {
  readonly #sums = new Map<string, [sum: number, count: number]>();

  add(name: string, x: number): void {
    const [sum, count] = this.#sums.get(name) ?? [0, 0];
    this.#sums.set(name, [sum + x, count + 1]);
  }

  of(name: string): number {
    const [sum, count] = this.#sums.get(name) ?? [NaN, 1];
    return sum / count;
  }
}

/** Judges one row: `at` is its first place. */
function judgeRow(looked: Looked, row: number, time: number, heads: number, byRow: boolean, means: Means): void {
  const { batch: { tokens, lengths, scored }, losses, choices, weights } = looked;
  let isRight = true;
  const entry = (t: number, k: number): number => ((row * time) + t) * heads + k;
  for (let t = 0; t + 1 < lengths[row]!; t++) {
    const label = row * time + t + 1;
    means.add("loss.0", losses[entry(t, 0)]!);
    const right = choices[entry(t, 0)] === tokens[label];
    if (scored[label] && byRow) isRight &&= right;
    if (scored[label] && !byRow) means.add("score", right ? 1 : 0);
    for (let k = 1; k < heads && t + k + 1 < lengths[row]!; k++) {
      means.add(`loss.${k}`, losses[entry(t, k)]!);
      // What head 0 says k places on, having read what came between, is what a draft is judged by.
      means.add(`accepted.${k}`, choices[entry(t, k)] === choices[entry(t + k, 0)] ? 1 : 0);
    }
    if (t + heads >= lengths[row]!) continue;
    const own = Array.from({ length: heads }, (_, k) => Number(weights[entry(t, k)]));
    const total = own.reduce((a, b) => a + b);
    if (total > 0) own.forEach((x) => means.add("spread", (x / total - 1 / heads) ** 2));
  }
  if (byRow) means.add("score", isRight ? 1 : 0);
}

/** Judges what was looked at. `isWeighed`: whether weights of heads are learned by, else nothing is said of them. */
export function judge(corpus: Corpus, looked: readonly Looked[], heads: number, isWeighed: boolean): Reading {
  const means = new Means();
  for (const one of looked) {
    for (let row = 0; row < one.batch.lengths.length; row++) {
      judgeRow(one, row, corpus.contextLength, heads, corpus.score?.by === "row", means);
    }
  }
  const ahead = Array.from({ length: heads - 1 }, (_, i) => i + 1);
  return {
    metrics: {
      bits_per_byte: means.of("loss.0") / Math.LN2,
      ...corpus.score && { [corpus.score.name]: means.of("score") },
      ...Object.fromEntries(ahead.map((k) => [`bits_of_head_${k + 1}`, means.of(`loss.${k}`) / Math.LN2])),
      ...Object.fromEntries(ahead.map((k) => [`acceptance_of_head_${k + 1}`, means.of(`accepted.${k}`)])),
      ...heads > 1 && isWeighed && { weight_deviation: Math.sqrt(means.of("spread")) },
    },
    looked,
  };
}
