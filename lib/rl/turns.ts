/** Deeds that take turns: one that is asked for while another is under way waits for it, so that none finds things halfway. */

import { AsyncLocalStorage } from "node:async_hooks";

/** A deed at the one thing or another. */
interface Deed {
  readonly turns: Turns;
  isUnderWay: boolean;
}

/** The deeds that what asks is a part of, or was begun by. */
const within = new AsyncLocalStorage<readonly Deed[]>();

/** Turns at one thing, such as a trainer. What a deed asks for itself is a part of it, and waits for nothing. */
export class Turns {
  #last: Promise<void> | null = null;

  /** Does `deed` when all that was asked for before is over, well or badly; at once if nothing is under way. */
  async take<T>(deed: () => Promise<T>): Promise<T> {
    // What a deed has begun and not awaited outlives it, and waits like all others from then on.
    const outer = (within.getStore() ?? []).filter((x) => x.isUnderWay);
    if (outer.some((x) => x.turns === this)) return await deed();
    const own: Deed = { turns: this, isUnderWay: true };
    const begin = (): Promise<T> =>
      within.run([...outer, own], async () => {
        try {
          return await deed();
        } finally {
          own.isUnderWay = false;
        }
      });
    const result = this.#last === null ? begin() : after(this.#last, begin);
    const over: Promise<void> = result.then(() => {}, () => {}).then(() => {
      if (this.#last === over) this.#last = null;
    });
    this.#last = over;
    // Not `result` itself, whose failure `over` has taken note of: where nobody awaits this promise, that must show.
    return await result;
  }
}

async function after<T>(before: Promise<void>, deed: () => Promise<T>): Promise<T> {
  await before;
  return await deed();
}
