/** What a language model reads: rows of bytes that are drawn from a stream of random numbers, so that their order can be gone on with. */

import type { HostRandom } from "../../tensor/host_random.ts";

/** Which part of a corpus is drawn from: no row is of both. */
export type Part = "train" | "validation";

/** Rows of bytes, each from its first place on; what is behind the last byte of a row is 0. */
export interface TextBatch {
  /** `[row, time]`. */
  readonly tokens: Int32Array;
  /** How many bytes each row has. */
  readonly lengths: Int32Array;
  /** What is had at the last byte of each row. */
  readonly reward: Float32Array;
  /** `[row, time]`: what is to be expected of the reward, by one who knows how rows are made; 0 where nobody can tell. */
  readonly oracle: Float32Array;
  /** `[row, time]`: 1 for bytes that a good model must get right. */
  readonly scored: Uint8Array;
}

/** Something to read. */
export interface Corpus {
  /** Bytes of a row, at most. */
  readonly contextLength: number;
  /** Whether rows end with their last byte, where a reward is had; else they are cut from a text that goes on. */
  readonly terminal: boolean;
  /** What `scored` bytes are, as a metric, and whether a row counts by each of them or as a whole. */
  readonly score: { readonly name: string; readonly by: "byte" | "row" } | null;
  /** A number by which another text would be noticed. */
  readonly fingerprint: number;
  /** Draws rows. */
  draw(random: HostRandom, rows: number, part: Part): TextBatch;
  /** The beginning of a row, for a model to go on with. */
  prompt(random: HostRandom): Uint8Array;
}

/** Rows of zeros. */
export function emptyBatch(rows: number, time: number): TextBatch {
  return {
    tokens: new Int32Array(rows * time),
    lengths: new Int32Array(rows),
    reward: new Float32Array(rows),
    oracle: new Float32Array(rows * time),
    scored: new Uint8Array(rows * time),
  };
}

/** A whole number below `n`. */
export function below(random: HostRandom, n: number): number {
  return Math.floor(random.next() * n);
}

/** One of `list`. */
export function oneOf<T>(random: HostRandom, list: readonly T[]): T {
  return list[below(random, list.length)]!;
}
