/**
 * Threefry-2x32-20 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): a counter and a key
 * give two words of random bits.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** The two words for counter (c0, c1) and key (k0, k1); all are taken modulo 2^32. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0 | 0, k1 | 0, 0x1bd11bda ^ k0 ^ k1];
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const by = rotations[round % 8]!;
    x = (x + y) | 0;
    y = ((y << by) | (y >>> (32 - by))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + keys[injection % 3]!) | 0;
      y = (y + keys[(injection + 1) % 3]! + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

/** `size` words: word i is word i % 2 of counter (floor(i / 2), 0). */
export function randomBits(key: ArrayLike<number>, size: number): Uint32Array {
  const bits = new Uint32Array(size);
  for (let i = 0; i < size; i += 2) {
    const [a, b] = threefry2x32(key[0]!, key[1]!, i / 2, 0);
    bits[i] = a;
    if (i + 1 < size) bits[i + 1] = b;
  }
  return bits;
}
