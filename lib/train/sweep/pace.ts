/** How often somebody else is asked whether something has changed: soon at first, then less and less often. */

const [shortest, longest] = [500, 10_000];

/** A pace. */
export class Pace {
  #wait = shortest;
  #hurry: () => void = () => {};

  /** Kept after a while that grows by half each time, or when {@linkcode Pace.reset} is called. */
  async wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#wait);
    this.#hurry = resolve;
    this.#wait = Math.min(longest, 1.5 * this.#wait);
    await promise;
    clearTimeout(timer);
  }

  /** Something has changed, or will soon. */
  reset(): void {
    this.#wait = shortest;
    this.#hurry();
  }
}
