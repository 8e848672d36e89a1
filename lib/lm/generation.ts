/**
 * Text from a language model: greedy, sampled, or drafted by its own heads and verified (blockwise parallel decoding, Stern et al. 2018).
 * What is drafted counts only where the first head says the same: the text is byte for byte the greedy one.
 */

import type { HostRandom } from "../tensor/host_random.ts";
import { Decoder, stride } from "./decoder.ts";
import type { LanguageModel } from "./language_model.ts";

/** How a text goes on. */
export interface GenerationOptions {
  /** Bytes to write. */
  readonly count: number;
  /** 0: always the likeliest byte; else logits are divided by it. */
  readonly temperature: number;
  /** Only so many of the likeliest bytes; 0: all. */
  readonly topK: number;
  /** Only the likeliest bytes that have this probability together. */
  readonly topP: number;
  /** Whether heads draft what the first head then verifies: for temperature 0. */
  readonly speculative: boolean;
  /** What is sampled by. */
  readonly random: HostRandom;
}

/** A text, and what it took. */
export interface Generated {
  /** What was written, without the prompt. */
  readonly text: Uint8Array;
  /** Steps of the model, without those that read the prompt. */
  readonly forwards: number;
}

/** A model that writes. It writes one text at a time. */
export class TextGenerator {
  readonly #decoder: Decoder;
  /** The window: the bytes that the cache holds. */
  #held: number[] = [];

  /** Sees as many bytes as the model learned with. */
  constructor(readonly model: LanguageModel, contextLength: number) {
    this.#decoder = new Decoder(model, contextLength);
  }

  /** Goes on with `prompt`, which has at least one byte. */
  async generate(prompt: Uint8Array, options: GenerationOptions): Promise<Generated> {
    const bytes = [...prompt];
    await this.#decoder.begin();
    await this.#read(bytes.slice(0, -1), options.speculative);
    const go = options.speculative ? this.#drafted(bytes.at(-1)!, options) : this.#plain(bytes.at(-1)!, options);
    const { bytes: text, forwards } = await go;
    return { text: Uint8Array.from(text), forwards };
  }

  /** Gives back its programs. */
  dispose(): void {
    this.#decoder.dispose();
  }

  /** Fills the cache with the last of `bytes`: half of it where they are too many, so that there is room. */
  async #read(bytes: readonly number[], withHeads: boolean): Promise<void> {
    const { slots } = this.#decoder;
    const kept = bytes.length >= slots ? bytes.slice(bytes.length - (slots >> 1)) : bytes;
    for (let at = 0; at < kept.length; at += stride) {
      const part = new Int32Array(stride);
      part.set(kept.slice(at, at + stride));
      await this.#decoder.read(part, at, withHeads ? "all" : "first");
    }
    this.#held = [...kept];
  }

  async #plain(last: number, options: GenerationOptions): Promise<{ bytes: number[]; forwards: number }> {
    const { slots } = this.#decoder;
    const sampling = options.temperature === 0 ? null : options;
    const bytes: number[] = [];
    while (bytes.length < options.count) {
      if (this.#held.length >= slots) await this.#read(this.#held, false);
      const written = await this.#decoder.write(last, this.#held.length, sampling, options.random);
      const few = written.subarray(0, Math.min(options.count - bytes.length, slots - this.#held.length));
      this.#held.push(last, ...few.subarray(0, -1));
      bytes.push(...few);
      last = few.at(-1)!;
    }
    return { bytes, forwards: bytes.length };
  }

  async #drafted(last: number, options: GenerationOptions): Promise<{ bytes: number[]; forwards: number }> {
    const { slots } = this.#decoder;
    const heads = this.model.heads.length;
    // There are no drafts to begin with: bytes that are as likely wrong as others.
    const undrafted = (): Int32Array => new Int32Array(heads).fill(last);
    const bytes: number[] = [];
    let tokens = undrafted();
    let forwards = 0;
    while (bytes.length < options.count) {
      if (this.#held.length >= slots) {
        await this.#read(this.#held, true);
        tokens = undrafted();
      }
      const { choices, accepted, next } = await this.#decoder.speculate(tokens, this.#held.length);
      for (let round = 0; round < accepted.length; round++) {
        if (bytes.length >= options.count || this.#held.length >= slots) break;
        // A byte is said at a slot: past the last one nothing is.
        const few = choices.subarray(round * heads).subarray(0, Math.min(accepted[round]!, slots - this.#held.length));
        this.#held.push(last, ...few.subarray(0, -1));
        bytes.push(...few);
        last = few.at(-1)!;
        forwards++;
      }
      tokens = next;
    }
    return { bytes: bytes.slice(0, options.count), forwards };
  }
}
