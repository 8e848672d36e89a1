/**
 * Sums that can be checked, a row each: `417+85=502.`, or `417+85=512!`, where a digit of the answer is wrong. A reward of 1 at the mark
 * says that none is, so what is expected of it falls at the very digit that is wrong; the mark itself makes who reads check the answer.
 */

import type { HostRandom } from "../../tensor/host_random.ts";
import { below, type Corpus, emptyBatch, type Part, type TextBatch } from "./corpus.ts";

/** Settings of {@linkcode Sums}. */
export interface SumsOptions {
  /** Digits of a summand, at most. */
  readonly digits: number;
  /** The share of sums whose answer is wrong. */
  readonly corrupted: number;
}

/** Every tenth pair of summands is for validation, whichever of them is first: who has read 3+1 knows 1+3. */
const isHeldOut = (a: number, b: number): boolean => (Math.max(a, b) * 31 + Math.min(a, b) * 17) % 10 === 0;

/** See the file's first lines. */
export class Sums implements Corpus {
  readonly terminal = true;
  readonly score = { name: "exact_match", by: "row" } as const;
  readonly fingerprint = 0;
  readonly contextLength: number;

  /** Sums of two numbers. */
  constructor(readonly options: SumsOptions) {
    this.contextLength = 3 * options.digits + 4;
  }

  /** Sums of validation are all right. */
  draw(random: HostRandom, rows: number, part: Part): TextBatch {
    const time = this.contextLength;
    const batch = emptyBatch(rows, time);
    for (let row = 0; row < rows; row++) this.#write(random, batch, row, part);
    return batch;
  }

  /** A sum up to its `=`. */
  prompt(random: HostRandom): Uint8Array {
    const [a, b] = this.#summands(random, "validation");
    return new TextEncoder().encode(`${a}+${b}=`);
  }

  #summands(random: HostRandom, part: Part): [number, number] {
    while (true) {
      const [a, b] = [0, 1].map(() => below(random, 10 ** (1 + below(random, this.options.digits)))) as [
        number,
        number,
      ];
      if (isHeldOut(a, b) === (part === "validation")) return [a, b];
    }
  }

  #write(random: HostRandom, { tokens, lengths, reward, oracle, scored }: TextBatch, row: number, part: Part): void {
    const { contextLength: time, options: { corrupted } } = this;
    const [a, b] = this.#summands(random, part);
    const answer = [...String(a + b)].map(Number);
    const isWrong = random.next() < (part === "train" ? corrupted : 0);
    const wrongAt = isWrong ? below(random, answer.length) : -1;
    if (isWrong) answer[wrongAt] = (answer[wrongAt]! + 1 + below(random, 9)) % 10;
    const question = `${a}+${b}=`;
    const text = `${question}${answer.join("")}${isWrong ? "!" : "."}`;
    const from = row * time;
    tokens.set([...text].map((x) => x.charCodeAt(0)), from);
    lengths[row] = text.length;
    reward[row] = isWrong ? 0 : 1;
    for (let t = 0; t < text.length; t++) {
      const seen = Math.max(0, Math.min(answer.length, t + 1 - question.length));
      // Bayes: of the wrong ones those are left whose wrong digit is still to come.
      const left = corrupted * (1 - seen / answer.length);
      oracle[from + t] = isWrong && seen > wrongAt ? 0 : (1 - corrupted) / Math.max(1e-9, 1 - corrupted + left);
      scored[from + t] = t >= question.length ? 1 : 0;
    }
  }
}
