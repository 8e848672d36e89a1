/** Random numbers on the host, from the same generator as the engines': initial weights, orders of minibatches. */

import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { onDraw } from "../forensics/reads/drops.ts";
import { float32Below } from "../graph/float32.ts";
import { keyOfSeed, randomBits } from "../graph/threefry.ts";
import { fromData, type Tensor } from "./tensor.ts";

/** Words that are drawn at once. */
const blockSize = 512;

/** The upper half of the counter space is for host streams, the lower half for tensors of the same key. */
const hostStream = 0x80000000;

/** Of what draws one number, which loops call. */
const takesNothing = signature("a draw of one number", {});
const takesSeed = signature("new HostRandom()", { seed: kind.number });

/** A stream of random numbers that is the same wherever it runs; its state is a key and a position. */
export class HostRandom {
  #key: readonly [number, number];
  #position = 0;
  #block: Uint32Array = new Uint32Array(0);

  /** Starts from a seed: an integer in [0, 2^53). */
  constructor(seed: number) {
    takesSeed(arguments);
    this.#key = keyOfSeed(seed);
  }

  /** 32 random bits. */
  bits(): number {
    takesNothing(arguments);
    onDraw(this);
    const within = this.#position % blockSize;
    if (within === 0 || this.#block.length === 0) {
      this.#block = randomBits(this.#key, blockSize, (this.#position - within) / 2, hostStream);
    }
    this.#position++;
    return this.#block[within]!;
  }

  /** Uniform in [0, 1), with 53 bits. */
  next(): number {
    takesNothing(arguments);
    return (this.bits() * 2 ** 21 + (this.bits() >>> 11)) * 2 ** -53;
  }

  /** Uniform in [low, high). */
  uniform(size: number, low = 0, high = 1): Float32Array {
    const most = low < high ? float32Below(high) : Infinity;
    return Float32Array.from({ length: size }, () => Math.min(most, low + (high - low) * this.next()));
  }

  /** Standard normal numbers (Box and Muller 1958). */
  normal(size: number): Float64Array {
    return Float64Array.from({ length: size }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
      return radius * Math.cos(2 * Math.PI * this.next());
    });
  }

  /** The numbers 0 to n - 1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.bits() * 2 ** -32 * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** A new stream that shares nothing with this one. */
  split(): HostRandom {
    const child = new HostRandom(0);
    child.#key = [this.bits(), this.bits()];
    return child;
  }

  /** A key for tensors' random numbers. */
  key(): Tensor {
    return fromData(new Uint32Array([this.bits(), this.bits()]), "uint32", [2]);
  }

  /** Everything that is needed to go on: the key, and the position in two words. */
  state(): number[] {
    return [...this.#key, Math.floor(this.#position / 2 ** 32), this.#position >>> 0];
  }

  /** Goes on from a {@linkcode HostRandom.state}. */
  restore(state: readonly number[]): void {
    const [k0, k1, high, low] = state;
    if (k0 === undefined || k1 === undefined || high === undefined || low === undefined) {
      throw new RangeError("the state of a HostRandom is four numbers: two of its key, two of its position.");
    }
    this.#key = [k0, k1];
    this.#position = high * 2 ** 32 + low;
    this.#block = new Uint32Array(0);
  }
}

const size = kind.count(0);
const bound = kind.optional(kind.finite);

takeOnly(HostRandom, {
  uniform: { size, low: bound, high: bound },
  normal: { size },
  permutation: { n: size },
  restore: { state: kind.listOf(kind.number, "the state of another HostRandom") },
}, ["bits", "next"]);
