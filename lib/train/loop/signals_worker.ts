/** The thread that listens for signals: it says when it does and when the first has come, and ends the process at the second. */

/** What it says. */
export type Message = "listening" | "first";

/** `deno task` hands on the Ctrl-C that the terminal has sent to everyone already: an echo, not a second one. */
const echoMs = 250;

const windows = Deno.build.os === "windows";
const signals: readonly Deno.Signal[] = windows ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];

const { postMessage } = globalThis as unknown as { postMessage(message: Message): void };
let first: number | null = null;

function listener(): void {
  const now = performance.now();
  if (first === null) {
    first = now;
    postMessage("first");
  } else if (now - first > echoMs) {
    end();
  }
}

/** A worker cannot exit for the process; a SIGINT that nobody listens to can, and shells take it for the exit code 130. */
function end(): void {
  for (const signal of signals) Deno.removeSignalListener(signal, listener);
  Deno.kill(Deno.pid, windows ? "SIGKILL" : "SIGINT");
}

for (const signal of signals) Deno.addSignalListener(signal, listener);
postMessage("listening");
