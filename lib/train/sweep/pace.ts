/** How often somebody else is asked whether something has changed: soon at first, then less and less often. */

const [shortest, longest] = [250, 10_000];

/** A pace. */
export class Pace {
  #wait = shortest;
  #hurry: () => void = () => {};

  /**
   * Kept after a while that grows by half each time, or when {@linkcode Pace.reset} is called, or soon after `isOver` says so, which is
   * cheap to ask.
   */
  async wait(isOver: () => boolean = () => false): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = performance.now() + this.#wait;
    const timer = setInterval(() => (performance.now() >= end || isOver()) && resolve(), shortest);
    this.#hurry = resolve;
    this.#wait = Math.min(longest, 1.5 * this.#wait);
    try {
      await promise;
    } finally {
      clearInterval(timer);
    }
  }

  /** Something has changed, or will soon. */
  reset(): void {
    this.#wait = shortest;
    this.#hurry();
  }
}
