/**
 * Threefry-2x32-20 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): a counter and a key
 * give two words of random bits.
 */

/** Writes the two words for counter (c0, c1) and key (k0, k1) to `out[at]` and `out[at + 1]`, as far as it reaches. */
function threefryInto(out: Uint32Array, at: number, k0: number, k1: number, c0: number, c1: number): void {
  // Three words of key schedule take turns; no arrays, since whole batches of noise are drawn by this loop.
  let [a, b, c] = [k1 | 0, 0x1bd11bda ^ k0 ^ k1, k0 | 0];
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = (group & 1) === 1;
    const r0 = odd ? 13 : 17;
    const r1 = odd ? 15 : 29;
    const r2 = odd ? 26 : 16;
    const r3 = odd ? 6 : 24;
    x = (x + y) | 0;
    y = ((y << r0) | (y >>> (32 - r0))) ^ x;
    x = (x + y) | 0;
    y = ((y << r1) | (y >>> (32 - r1))) ^ x;
    x = (x + y) | 0;
    y = ((y << r2) | (y >>> (32 - r2))) ^ x;
    x = (x + y) | 0;
    y = ((y << r3) | (y >>> (32 - r3))) ^ x;
    x = (x + a) | 0;
    y = (y + b + group) | 0;
    const first = a;
    a = b;
    b = c;
    c = first;
  }
  out[at] = x;
  out[at + 1] = y;
}

/** The two words of a key from a seed. Throws a RangeError unless that is an integer in [0, 2^53). */
export function keyOfSeed(seed: number): [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`a seed is a whole number from 0 to 2^53 - 1, not ${seed}.`);
  }
  return [Math.floor(seed / 2 ** 32), seed >>> 0];
}

/** The two words for counter (c0, c1) and key (k0, k1); all are taken modulo 2^32. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const words = new Uint32Array(2);
  threefryInto(words, 0, k0, k1, c0, c1);
  return [words[0]!, words[1]!];
}

/** `size` words from counter `first` on: word i is word i % 2 of counter (first + floor(i / 2), `stream`). */
export function randomBits(key: ArrayLike<number>, size: number, first = 0, stream = 0): Uint32Array {
  const [k0, k1] = [key[0]!, key[1]!];
  const bits = new Uint32Array(size);
  for (let i = 0; i < size; i += 2) threefryInto(bits, i, k0, k1, first + i / 2, stream);
  return bits;
}
