/** A stream of random numbers in plain JavaScript that is the same wherever it runs; its state is a key and a position. */

import { refuseReceiver, signature, takeOnly } from "./arguments.ts";
import { float32Below } from "./float32.ts";
import * as kind from "./kinds.ts";
import { isSmall, withRoom } from "./memory.ts";
import { randomBits } from "./threefry.ts";
import { allocate } from "./types.ts";

/** Words that are drawn at once. */
const blockSize = 512;

/** The upper half of the counter space is for host streams, the lower half for tensors of the same key. */
const hostStream = 0x80000000;

const word = kind.kindOf(
  "a whole number from 0 to 4294967295",
  (x) => Number.isInteger(x) && (x as number) >= 0 && (x as number) < 2 ** 32,
);
const takesKey = signature("new RandomStream()", { key: kind.listOf(word, "a key, two words of 32 bits,") });
/** Of what draws one number, which loops call. */
const takesNothing = signature("a draw of one number", {});

/** Whether `x` has a key and a position, and not their methods alone. */
let isStream: (x: unknown) => boolean;

/** Random numbers in the order of their positions (Threefry); streams of different keys share nothing. */
export class RandomStream {
  #key: readonly [number, number];
  #position = 0;
  #block: Uint32Array = new Uint32Array(0);

  static {
    isStream = (x) => typeof x === "object" && x !== null && #key in x;
  }

  /** Starts at the beginning of the stream of a key, two words of 32 bits. */
  constructor(key: readonly [number, number]) {
    takesKey(arguments);
    this.#key = key;
  }

  /** 32 random bits. */
  bits(): number {
    if (!isStream(this)) refuseReceiver("bits", RandomStream, this);
    const within = this.#position % blockSize;
    if (within === 0 || this.#block.length === 0) {
      this.#block = randomBits(this.#key, blockSize, (this.#position - within) / 2, hostStream);
    }
    this.#position++;
    return this.#block[within]!;
  }

  /** Uniform in [0, 1), with 53 bits. */
  next(): number {
    if (!isStream(this)) refuseReceiver("next", RandomStream, this);
    takesNothing(arguments);
    return (this.bits() * 2 ** 21 + (this.bits() >>> 11)) * 2 ** -53;
  }

  /** Uniform in [low, high). */
  uniform(size: number, low = 0, high = 1): Float32Array {
    const most = low < high ? float32Below(high) : Infinity;
    const numbers = allocate("float32", size) as Float32Array;
    for (let i = 0; i < size; i++) numbers[i] = Math.min(most, low + (high - low) * this.next());
    return numbers;
  }

  /** Standard normal numbers (Box and Muller 1958), in double precision; `Float32Array.from()` makes them those of a tensor. */
  normal(size: number): Float64Array {
    // The sentence takes longer to write than a few numbers to draw.
    const numbers = isSmall(8 * size)
      ? new Float64Array(size)
      : withRoom(`${size.toLocaleString("en-US")} random numbers`, 8 * size, () => new Float64Array(size));
    for (let i = 0; i < size; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
      numbers[i] = radius * Math.cos(2 * Math.PI * this.next());
    }
    return numbers;
  }

  /** The numbers 0 to n - 1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = allocate("int32", n) as Int32Array;
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.bits() * 2 ** -32 * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** Everything that is needed to go on: the key, and the position in two words. */
  state(): number[] {
    return [...this.#key, Math.floor(this.#position / 2 ** 32), this.#position >>> 0];
  }

  /**
   * Goes on from a {@linkcode RandomStream.state}.
   *
   * @throws RangeError if that is not four numbers.
   */
  restore(state: readonly number[]): void {
    const [k0, k1, high, low] = state;
    if (k0 === undefined || k1 === undefined || high === undefined || low === undefined) {
      throw new RangeError(
        "the state of a stream of random numbers is four numbers: two of its key, two of its position.",
      );
    }
    this.#key = [k0, k1];
    this.#position = high * 2 ** 32 + low;
    this.#block = new Uint32Array(0);
  }
}

const size = kind.count(0);
const bound = kind.optional(kind.finite);

takeOnly(RandomStream, {
  uniform: { size, low: bound, high: bound },
  normal: { size },
  permutation: { n: size },
  restore: { state: kind.listOf(word, "the state of another stream of random numbers") },
}, ["bits", "next"]);
