/** Whether a long run grows: live bytes and the process after 3 and after 200 iterations of navigation, an epoch each. */

import { memoryUsage } from "node:process";
import { currentEngine } from "../../../lib/engine/select.ts";
import type { Run } from "../protocol.ts";
import { trainer } from "./navigation.ts";

const settled = 3, last = 200;

async function measure(after: string): Promise<Record<string, number>> {
  const engine = await currentEngine();
  const live = Object.values(engine.liveBytes()).reduce((a, b) => a + b, 0);
  return { [`live MB ${after}`]: live / 1e6, [`process MB ${after}`]: memoryUsage().rss / 1e6 };
}

/** Makes the run. */
export async function memory(): Promise<Run> {
  const learner = await trainer(1);
  return async () => {
    for (let i = 0; i < settled; i++) await learner.iterate();
    const early = await measure(`after ${settled}`);
    for (let i = settled; i < last; i++) await learner.iterate();
    return { ...early, ...await measure(`after ${last}`) };
  };
}
