/** Deeds that take turns: one that is asked for while another is under way waits for it, so that none finds things halfway. */

import { AsyncLocalStorage } from "node:async_hooks";

/** The turns that the deed which asks is a part of. */
const within = new AsyncLocalStorage<readonly Turns[]>();

/** Turns at one thing, such as a trainer. What a deed asks for itself is a part of it, and waits for nothing. */
export class Turns {
  #last: Promise<void> | null = null;

  /** Does `deed` when all that was asked for before is over, well or badly; at once if nothing is under way. */
  async take<T>(deed: () => Promise<T>): Promise<T> {
    const outer = within.getStore() ?? [];
    if (outer.includes(this)) return await deed();
    const begin = (): Promise<T> => within.run([...outer, this], deed);
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
