/** A simulation with a heap of WebAssembly, as one in C++ has it: every step takes a page of 64 KiB more. */

import { countLiveBytes, type Simulation } from "../../../mod.ts";

export default function heap(): Simulation {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const release = countLiveBytes("my game: heap", () => memory.buffer.byteLength);
  return {
    reset: () => {},
    observe: () => [0],
    step() {
      memory.grow(1);
      return { reward: 0, terminated: false };
    },
    state: () => [],
    restore: () => {},
    dispose: release,
  };
}
