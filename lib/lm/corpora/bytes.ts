/**
 * A text of one's own, in blocks: every tenth is for validation, the others to learn from. Rows are windows that lie in one block, at
 * random; the text itself is kept once, as the bytes that it is.
 */

import { crc32 } from "node:zlib";
import type { HostRandom } from "../../tensor/host_random.ts";
import { below, type Corpus, emptyBatch, type Part, type TextBatch } from "./corpus.ts";

/** Of so many blocks one is for validation. */
const every = 10;
/** A block is so many rows long where the text has enough bytes. */
const rowsOfBlock = 8;

/** See the file's first lines. */
export class Bytes implements Corpus {
  readonly terminal = false;
  readonly score = null;
  readonly fingerprint: number;
  readonly #block: number;
  readonly #blocks: number;

  /**
   * Over `text`, which is not copied. `name` is what sentences call it.
   *
   * @throws RangeError if the text is too short for rows to learn from and others for validation.
   */
  constructor(readonly text: Uint8Array, readonly contextLength: number, name: string) {
    const { length } = text;
    if (length === 0) throw new RangeError(`${name} is empty: there is nothing to learn from.`);
    if (length < 2 * contextLength) {
      const bytes = `${length.toLocaleString("en-US")} byte${length === 1 ? "" : "s"}`;
      throw new RangeError(
        `${name} has ${bytes}: a context of ${contextLength} needs ${
          (2 * contextLength).toLocaleString("en-US")
        }, half to learn from and half for validation. Give a longer text` +
          (length >= 16 ? `, or a context of at most ${length >> 1}.` : "."),
      );
    }
    const count = Math.floor(length / (rowsOfBlock * contextLength));
    this.#block = count >= every ? rowsOfBlock * contextLength : contextLength;
    this.#blocks = Math.floor(length / this.#block);
    this.fingerprint = crc32(text) | 0;
  }

  /** Windows of blocks of that part. */
  draw(random: HostRandom, rows: number, part: Part): TextBatch {
    const { contextLength: time, text } = this;
    const batch = emptyBatch(rows, time);
    for (let row = 0; row < rows; row++) {
      const start = this.#start(random, part);
      batch.tokens.set(text.subarray(start, start + time), row * time);
      batch.lengths[row] = time;
    }
    return batch;
  }

  /** The first half of a row of validation. */
  prompt(random: HostRandom): Uint8Array {
    const start = this.#start(random, "validation");
    return this.text.slice(start, start + (this.contextLength >> 1));
  }

  /** Where a window begins. The last block of each ten, or the last of all where there are fewer, is for validation. */
  #start(random: HostRandom, part: Part): number {
    const held = Math.max(1, Math.floor(this.#blocks / every));
    const step = this.#blocks < every ? this.#blocks : every;
    const nth = below(random, part === "validation" ? held : this.#blocks - held);
    const block = part === "validation"
      ? (nth + 1) * step - 1
      : Math.min(nth + Math.floor(nth / (step - 1)), this.#blocks - 1);
    const isLast = block === this.#blocks - 1;
    const end = isLast ? this.text.length : (block + 1) * this.#block;
    return block * this.#block + below(random, end - block * this.#block - this.contextLength + 1);
  }
}
