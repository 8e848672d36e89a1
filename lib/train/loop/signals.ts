/** Ctrl-C and its relatives: the first asks the run to end well, the second ends the process at once. */

import type { Message } from "./signals_worker.ts";

/** The exit code of an interrupted run. */
export const interruptedCode = 130;

/** Whether the user wants the run to end. */
export interface Stop {
  readonly requested: boolean;
}

/**
 * Listens until the process ends, from the moment at which the promise is kept. `onFirst` tells the user that the request was
 * heard. A thread of its own listens: while this one computes, the signals that come are kept as one, and a second Ctrl-C could
 * not be told from the first.
 */
export function listenForStop(onFirst: () => void): Promise<Stop> {
  const stop = { requested: false };
  const worker = new Worker(import.meta.resolve("./signals_worker.ts"), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onerror = reject;
    worker.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data === "listening") return resolve(stop);
      stop.requested = true;
      onFirst();
    };
  });
}
