/**
 * MuJoCo's warnings of one environment: it counts them, says nothing, and goes on. To ask for the counts by the methods of the
 * library takes a tenth of a step of a small body; they are read where they lie in its memory.
 */

import type { MjWarningStatVec } from "./engine.ts";

/** The vector of C++ behind a handle: where its elements begin and end. */
interface Handle {
  readonly $$: { readonly ptr: number };
}

/** Counts of warnings, at their places. */
export class Warnings {
  readonly #at: number;
  readonly #kinds: number;
  /** Pairs: what a warning was about last, and how often there was one. */
  #pairs: Int32Array;

  /**
   * The warnings of `list` in `memory`: an element of the list begins with where its pair is, and the pairs follow each other.
   *
   * @throws Error if that is not so, as it may be in another version of the library.
   */
  constructor(list: MjWarningStatVec, memory: ArrayBufferLike) {
    const words = new Uint32Array(memory);
    const { ptr } = (list as unknown as Handle).$$;
    const [begin, end] = [words[ptr / 4]!, words[ptr / 4 + 1]!];
    this.#kinds = list.size();
    const each = (end - begin) / this.#kinds;
    const places = Array.from({ length: this.#kinds }, (_, kind) => words[(begin + kind * each) / 4]!);
    this.#at = places[0]!;
    if (!places.every((place, kind) => place === this.#at + 8 * kind)) {
      throw new Error("the warnings of this version of MuJoCo are not where they are looked for");
    }
    this.#pairs = this.#pairsIn(memory);
  }

  /** Whether there was any since the state was reset; `memory` is that of the library now. */
  raised(memory: ArrayBufferLike): boolean {
    if (this.#pairs.buffer !== memory) this.#pairs = this.#pairsIn(memory);
    for (let kind = 0; kind < this.#kinds; kind++) {
      if (this.#pairs[2 * kind + 1] !== 0) return true;
    }
    return false;
  }

  #pairsIn(memory: ArrayBufferLike): Int32Array {
    return new Int32Array(memory, this.#at, 2 * this.#kinds);
  }
}
