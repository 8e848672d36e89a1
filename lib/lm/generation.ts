/**
 * Text from a language model: greedy, sampled, or drafted by its own heads and verified (blockwise parallel decoding, Stern et al. 2018).
 * What is drafted counts only where the first head says the same: the text is byte for byte the greedy one.
 */

import type { HostRandom } from "../tensor/host_random.ts";
import { Decoder } from "./decoder.ts";
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

/** Bytes that are read at once. */
const chunk = 32;

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
    const { speculative } = options;
    this.#held = [];
    const bytes = [...prompt];
    await this.#read(bytes.slice(0, -1), speculative);
    const text = speculative ? await this.#drafted(bytes.at(-1)!, options) : await this.#plain(bytes.at(-1)!, options);
    return { text: Uint8Array.from(text.bytes), forwards: text.forwards };
  }

  /** Gives back its programs. */
  dispose(): void {
    this.#decoder.dispose();
  }

  /** Fills the cache with the last of `bytes`: half of it where they are too many, so that there is room. */
  async #read(bytes: readonly number[], withHeads: boolean): Promise<void> {
    const { slots } = this.#decoder;
    const kept = bytes.length >= slots ? bytes.slice(bytes.length - (slots >> 1)) : bytes;
    for (let at = 0; at < kept.length; at += chunk) {
      const part = new Int32Array(chunk);
      part.set(kept.slice(at, at + chunk));
      await (withHeads ? this.#decoder.draft(part, at) : this.#decoder.next(part, at));
    }
    this.#held = [...kept];
  }

  /** Goes on after `last` as far as the window reaches, `most` bytes at most. */
  async #stretch(last: number, most: number, options: GenerationOptions, withHeads: boolean): Promise<number[]> {
    const { slots } = this.#decoder;
    if (this.#held.length >= slots) await this.#read(this.#held, withHeads);
    const sampling = options.temperature === 0 ? null : options;
    const written = await this.#decoder.write(last, this.#held.length, sampling, options.random);
    const bytes = [...written.subarray(0, Math.min(most, slots - this.#held.length))];
    this.#held.push(last, ...bytes.slice(0, -1));
    return bytes;
  }

  async #plain(last: number, options: GenerationOptions): Promise<{ bytes: number[]; forwards: number }> {
    const bytes: number[] = [];
    while (bytes.length < options.count) {
      bytes.push(...await this.#stretch(bytes.at(-1) ?? last, options.count - bytes.length, options, false));
    }
    return { bytes, forwards: bytes.length };
  }

  async #drafted(last: number, options: GenerationOptions): Promise<{ bytes: number[]; forwards: number }> {
    const { slots } = this.#decoder;
    const heads = this.model.heads.length;
    const bytes: number[] = [];
    let drafts: number[] = [];
    let forwards = 0;
    while (bytes.length < options.count) {
      if (this.#held.length + heads > slots) {
        // The last slots are filled one by one, as without drafts: then all is read anew at the same byte.
        const most = Math.min(options.count - bytes.length, Math.max(1, slots - this.#held.length));
        const few = await this.#stretch(last, most, options, true);
        bytes.push(...few);
        [last, drafts, forwards] = [few.at(-1)!, [], forwards + few.length];
        continue;
      }
      const tokens = Int32Array.from({ length: heads }, (_, i) => i === 0 ? last : drafts[i - 1] ?? last);
      const choices = await this.#decoder.draft(tokens, this.#held.length);
      forwards++;
      let accepted = 1;
      while (accepted < heads && choices[(accepted - 1) * heads] === tokens[accepted]) accepted++;
      this.#held.push(...tokens.subarray(0, accepted));
      const row = (accepted - 1) * heads;
      last = choices[row]!;
      drafts = [...choices.subarray(row + 1, row + heads)];
      bytes.push(...tokens.subarray(1, accepted), last);
    }
    return { bytes: bytes.slice(0, options.count), forwards };
  }
}
