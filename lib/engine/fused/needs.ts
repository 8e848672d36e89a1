/**
 * Which steps of a block need which, directly or through others: a set of bits for each, kept right while steps are joined. So
 * it is known at once whether one that lies between two others keeps them apart.
 */

const none = new Uint32Array(0);

/** Needs of steps, which are counted from 0. */
export class Needs {
  readonly #sets: Uint32Array[] = [];

  /** Whether `a` cannot run before `b` has. */
  has(a: number, b: number): boolean {
    return (this.#sets[a]![b >>> 5]! >>> (b & 31) & 1) === 1;
  }

  /** A further step of `count` in all, which reads what the steps `reads` have computed; nothing reads it yet. */
  add(reads: Iterable<number>, count: number): void {
    const set = new Uint32Array((count + 31) >>> 5);
    for (const x of reads) {
      unite(set, this.#sets[x]!);
      set[x >>> 5]! |= 1 << (x & 31);
    }
    this.#sets.push(set);
  }

  /** `host` does what `guest` did, which nothing reads: whatever needs the one now needs what the other needed. */
  join(host: number, guest: number): void {
    const more = this.#sets[guest]!;
    this.#sets[guest] = none;
    more[host >>> 5]! &= ~(1 << (host & 31));
    if (!unite(this.#sets[host]!, more)) return;
    for (let x = 0; x < guest; x++) if (this.has(x, host)) unite(this.#sets[x]!, more);
  }
}

/** Adds the bits of `more` to `set`; gives whether any were new. */
function unite(set: Uint32Array, more: Uint32Array): boolean {
  let isNew = false;
  for (let i = 0; i < more.length; i++) {
    const all = set[i]! | more[i]!;
    // Compared as set holds it: without a sign.
    if (all >>> 0 === set[i]) continue;
    set[i] = all;
    isNew = true;
  }
  return isNew;
}
