/** Seeded random numbers for tests: the same numbers on every machine. */

/** A stream of random numbers (mulberry32). */
export class Random {
  #state: number;

  /** The same `seed` gives the same stream. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32);
  }

  /** An integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** One of `items`. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** `n` float32 numbers, uniform in [low, high), as float64. */
  floats(n: number, low = -1, high = 1): number[] {
    return Array.from({ length: n }, () => Math.fround(this.uniform(low, high)));
  }

  /** `n` integers in [low, high]. */
  integers(n: number, low: number, high: number): number[] {
    return Array.from({ length: n }, () => this.integer(low, high));
  }
}
