/** Whether a long run grows: navigation for 200 iterations of one epoch, from the third on. */

import { memoryUsage } from "node:process";
import { currentEngine } from "../../../lib/engine/select.ts";
import type { Details, Run } from "../protocol.ts";
import { trainer } from "./navigation.ts";

const settled = 3, middle = 100, last = 200;

/** The process breathes with the garbage collector: the most that it held tells growth from that. */
class Highest {
  #live = 0;
  #process = 0;

  async note(): Promise<void> {
    const engine = await currentEngine();
    this.#live = Math.max(this.#live, Object.values(engine.liveBytes()).reduce((a, b) => a + b, 0));
    this.#process = Math.max(this.#process, memoryUsage().rss);
  }

  details(iterations: string): Details {
    return { [`live MB in ${iterations}`]: this.#live / 1e6, [`process MB in ${iterations}`]: this.#process / 1e6 };
  }
}

/** Makes the run. */
export async function memory(): Promise<Run> {
  const learner = await trainer(1);
  return async () => {
    const [early, late] = [new Highest(), new Highest()];
    for (let i = 1; i <= last; i++) {
      await learner.iterate();
      if (i >= settled) await (i <= middle ? early : late).note();
    }
    return { ...early.details(`${settled}-${middle}`), ...late.details(`${middle + 1}-${last}`) };
  };
}
