/** Deeds that take turns: one that is asked for while another is under way waits for it, so that none finds things halfway. */

/** Turns at one thing, such as a trainer. A deed must not take another turn at the same thing: it would wait for itself. */
export class Turns {
  #last: Promise<void> | null = null;

  /** Does `deed` when all that was asked for before is over, well or badly; at once if nothing is under way. */
  async take<T>(deed: () => Promise<T>): Promise<T> {
    const result = this.#last === null ? deed() : after(this.#last, deed);
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
