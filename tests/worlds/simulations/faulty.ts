/** A simulation that goes wrong in the way that its action says: tenths of 1. */

import type { Simulation, StepOutcome } from "../../../mod.ts";

interface Options {
  /** Goes wrong where there is no action yet. */
  readonly at?: "make" | "reset" | "state" | "method";
}

export default function faulty({ at }: Options = {}): Simulation {
  if (at === "make") throw new Error("no model");
  let seen: number[] = [1];
  let saved = 0;
  const simulation: Simulation = {
    reset() {
      if (at === "reset") throw new TypeError("no start");
      seen = [1];
    },
    observe: () => seen,
    step: ([action]) => act(Math.round(10 * action!)),
    state: () => at === "state" ? Array(++saved) : seen,
    restore: ([x]) => void (seen = [x!]),
  };
  if (at === "method") delete (simulation as Partial<Simulation>).restore;
  return simulation;

  function act(fault: number): StepOutcome {
    const good = { reward: 0, terminated: false, metrics: { height: 1 } };
    switch (fault) {
      case 1:
        throw new Error("no such body");
      case 2:
        seen = [NaN];
        return good;
      case 3:
        seen = [1, 2];
        return good;
      case 4:
        return { ...good, reward: -Infinity };
      case 5:
        return { ...good, reward: [1, 2] };
      case 6:
        return Promise.resolve(good) as unknown as StepOutcome;
      case 7:
        return { reward: 0, done: true } as unknown as StepOutcome;
      case 8:
        return { reward: 0, terminated: false };
      case 9:
        return Deno.exit(3);
      case -1:
        seen = [1e39];
        return good;
      default:
        return good;
    }
  }
}
