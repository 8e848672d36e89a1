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
    const { count, speculative } = options;
    this.#held = [];
    const bytes = [...prompt];
    await this.#read(bytes.slice(0, -1), speculative);
    const text = speculative ? await this.#drafted(bytes.at(-1)!, count) : await this.#sampled(bytes.at(-1)!, options);
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

  /** Makes room for one more byte. */
  async #room(withHeads: boolean): Promise<void> {
    if (this.#held.length >= this.#decoder.slots) await this.#read(this.#held, withHeads);
  }

  async #one(byte: number): Promise<Float32Array> {
    const logits = await this.#decoder.next(Int32Array.of(byte), this.#held.length);
    this.#held.push(byte);
    return logits;
  }

  async #sampled(last: number, options: GenerationOptions): Promise<{ bytes: number[]; forwards: number }> {
    const bytes: number[] = [];
    while (bytes.length < options.count) {
      await this.#room(false);
      last = chooseByte(await this.#one(last), options);
      bytes.push(last);
    }
    return { bytes, forwards: bytes.length };
  }

  async #drafted(last: number, count: number): Promise<{ bytes: number[]; forwards: number }> {
    const { slots } = this.#decoder;
    const heads = this.model.heads.length;
    const bytes: number[] = [];
    let drafts: number[] = [];
    let forwards = 0;
    for (; bytes.length < count; forwards++) {
      await this.#room(true);
      if (this.#held.length + heads > slots) {
        // The last slots are filled one by one, as without drafts: then all is read anew at the same byte.
        last = likeliest(await this.#one(last));
        bytes.push(last);
        drafts = [];
        continue;
      }
      const tokens = Int32Array.from({ length: heads }, (_, i) => i === 0 ? last : drafts[i - 1] ?? last);
      const choices = await this.#decoder.draft(tokens, this.#held.length);
      let accepted = 1;
      while (accepted < heads && choices[(accepted - 1) * heads] === tokens[accepted]) accepted++;
      this.#held.push(...tokens.subarray(0, accepted));
      const row = (accepted - 1) * heads;
      last = choices[row]!;
      drafts = [...choices.subarray(row + 1, row + heads)];
      bytes.push(...tokens.subarray(1, accepted), last);
    }
    return { bytes: bytes.slice(0, count), forwards };
  }
}

/** The first of the largest. */
function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** The byte that comes next, by its logits. */
export function chooseByte(
  logits: ArrayLike<number>,
  { temperature, topK, topP, random }: Pick<GenerationOptions, "temperature" | "topK" | "topP" | "random">,
): number {
  if (temperature === 0) return likeliest(logits);
  const order = Array.from(logits, (_, i) => i).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const weights = kept.map((i) => Math.exp((logits[i]! - logits[kept[0]!]!) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  // The nucleus (Holtzman et al. 2020): as many as are needed for topP, the one that reaches it among them.
  let [mass, size] = [0, 0];
  while (size < kept.length && mass < topP * total) mass += weights[size++]!;
  let left = random.next() * mass;
  for (let i = 0; i < size; i++) {
    left -= weights[i]!;
    if (left < 0) return kept[i]!;
  }
  return kept[Math.max(0, size - 1)]!;
}
