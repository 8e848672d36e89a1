/** A simulation that counts its steps; it can go on from no negative number of them, and after less than -1 from nothing. */

import type { Simulation } from "../../../mod.ts";

export default function strict(): Simulation {
  let steps = 0;
  let isBroken = false;
  return {
    reset: () => void (steps = 0),
    observe: () => [steps],
    step: () => ({ reward: ++steps, terminated: false }),
    state: () => [steps],
    restore: ([saved]) => {
      if (isBroken) throw new Error("broken");
      isBroken = saved! < -1;
      if (saved! < 0) throw new Error("no such place");
      steps = saved!;
    },
  };
}
