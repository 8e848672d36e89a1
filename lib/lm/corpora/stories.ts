/**
 * Templated stories whose people have random names of two bytes (the induction experiment of Gloeckle et al. 2024, section 4.1): the
 * second byte of a name can only be known from where the name stood before.
 */

import type { HostRandom } from "../../tensor/host_random.ts";
import { below, type Corpus, emptyBatch, oneOf, type Part, type TextBatch } from "./corpus.ts";

const places = ["park", "forest", "river", "market", "garden", "school", "beach", "hill"];
const things = ["ball", "kite", "book", "apple", "hat", "drum", "boat", "lamp"];
const moods = ["happy", "sad", "proud", "tired", "brave", "calm"];

/** Sentences: 1 and 2 are people, 3 a place, 4 a thing, 5 a mood. */
const sentences = [
  "1 and 2 went to the 3.",
  "1 saw a 4 in the 3.",
  "2 said to 1: look at the 4!",
  "1 gave the 4 to 2.",
  "2 was 5, and 1 was 5 too.",
  "Then 2 lost the 4 in the 3.",
  "1 helped 2 to find the 4.",
  "At night 1 and 2 walked home.",
  "1 asked 2 for the 4.",
  "The 4 was big, so 1 was 5.",
];

/** A story's bytes, and 1 where a byte is the second one of a name that has been said before. */
function story(random: HostRandom): { bytes: number[]; scored: number[] } {
  const letter = (first: string) => first.charCodeAt(0) + below(random, 26);
  const first = letter("A");
  // Two names begin with different letters: then the first byte tells which one it is.
  const names = [first, 65 + (first - 65 + 1 + below(random, 25)) % 26].map((x) => [x, letter("a")]);
  const said = new Set<string>();
  const [bytes, scored]: [number[], number[]] = [[], []];
  const write = (text: string): void => {
    for (const x of text) {
      bytes.push(x.charCodeAt(0));
      scored.push(0);
    }
  };
  const count = 4 + below(random, 4);
  const here = [oneOf(random, places), oneOf(random, things)];
  for (let i = 0; i < count; i++) {
    if (i > 0) write(" ");
    for (const x of i === 0 ? sentences[0]! : oneOf(random, sentences)) {
      if (x === "3" || x === "4") write(here[Number(x) - 3]!);
      else if (x === "5") write(oneOf(random, moods));
      else if (x === "1" || x === "2") {
        bytes.push(...names[Number(x) - 1]!);
        scored.push(0, said.has(x) ? 1 : 0);
        said.add(x);
      } else write(x);
    }
  }
  write("\n");
  return { bytes, scored };
}

/** See the file's first lines. Rows begin with a story, and go on with others. */
export class Stories implements Corpus {
  readonly terminal = false;
  readonly score = { name: "induction_accuracy", by: "byte" } as const;
  readonly fingerprint = 0;

  /** `contextLength` bytes a row. */
  constructor(readonly contextLength: number) {}

  /** Stories without end: none is drawn twice but by chance, whatever the part. */
  draw(random: HostRandom, rows: number, _: Part): TextBatch {
    const time = this.contextLength;
    const batch = emptyBatch(rows, time);
    for (let row = 0; row < rows; row++) {
      batch.lengths[row] = time;
      for (let at = 0; at < time;) {
        const { bytes, scored } = story(random);
        const room = Math.min(bytes.length, time - at);
        batch.tokens.set(bytes.slice(0, room), row * time + at);
        batch.scored.set(scored.slice(0, room), row * time + at);
        at += room;
      }
    }
    return batch;
  }

  /** The first sentence of a story. */
  prompt(random: HostRandom): Uint8Array {
    const { bytes } = story(random);
    return Uint8Array.from(bytes.slice(0, Math.min(bytes.indexOf(46) + 1, this.contextLength - 1)));
  }
}
