/**
 * The stop button of a notebook is a SIGINT to its kernel, which ends it and all that its cells have made (denoland/deno#24491),
 * unless somebody listens. A thread of its own does: while this one computes, it would hear nothing. It ends no kernel, however
 * often the button is pressed: the restart button does.
 */

import { fateOfPress, forgetPress, installPresses, patience } from "../../graph/interrupt.ts";
import { clock, countOf, lastOf } from "./stop_button_memory.ts";
import type { Message } from "./stop_button_worker.ts";

/**
 * Listens until the kernel ends, from the moment at which the promise is kept. `say` tells the user what a press that has not
 * ended anything yet waits for.
 */
export function listenToStopButton(say: (sentence: string) => void): Promise<void> {
  // Until the thread does.
  Deno.addSignalListener("SIGINT", () => {});
  const memory = new SharedArrayBuffer(16);
  installPresses({
    get count() {
      return countOf(memory);
    },
    get last() {
      return lastOf(memory);
    },
    now: clock,
    // At once: who computes without end has no time for it later.
    passOver: () =>
      say("Stop: no call of Plumbline was there to be ended when it came. One begins now: press again to end that."),
  });
  const thread = new Worker(import.meta.resolve("./stop_button_worker.ts"), { type: "module" });
  thread.postMessage(memory);
  let told = 0;
  const tell = () => {
    const fate = fateOfPress();
    if (fate === "answered" || told === countOf(memory)) return;
    told = countOf(memory);
    if (fate === "under way") return say("Stop: what is under way is done whole before the cell ends.");
    forgetPress();
    say(
      "Stop: no call of Plumbline was there to be ended. What else a cell waits for or computes is ended only by " +
        "restarting the kernel.",
    );
  };
  return new Promise((resolve, reject) => {
    thread.onerror = reject;
    thread.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data === "listening") return resolve();
      // Comes when this thread has time: most presses were answered by then, and need no word.
      setTimeout(tell, patience);
    };
  });
}
