/** Ctrl-C and its relatives: the first asks the run to end well, the second ends the process at once. */

/** The exit code of an interrupted run. */
export const interruptedCode = 130;

/** `deno task` hands on the Ctrl-C that the terminal has sent to everyone already: an echo, not a second one. */
const echoMs = 250;

const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Whether the user wants the run to end. */
export interface Stop {
  readonly requested: boolean;
}

/** Listens until the process ends. `onFirst` tells the user that the request was heard. */
export function listenForStop(onFirst: () => void): Stop {
  const stop = { requested: false };
  let first = 0;
  const listener = () => {
    const now = performance.now();
    if (stop.requested) {
      if (now - first > echoMs) Deno.exit(interruptedCode);
      return;
    }
    first = now;
    stop.requested = true;
    onFirst();
  };
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return stop;
}
