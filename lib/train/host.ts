/** The surroundings of the command when it runs in a terminal, a pipe or a job. */

import type { Trainer } from "../rl/trainer.ts";
import type { Config } from "./options.ts";
import type { Output } from "./progress.ts";
import { listenForStop, type Stop } from "./signals.ts";

/** What the command needs of its surroundings. */
export interface Host {
  /** Progress and results. */
  readonly out: Output;
  /** Errors. */
  readonly err: Output;
  /** Makes the trainer of a configuration. A {@linkcode UsageError} says that the configuration cannot be had here. */
  readonly createTrainer: (config: Config) => Promise<Trainer>;
  /** Begins to listen for Ctrl-C. */
  readonly listenForStop: (onFirst: () => void) => Stop;
}

type Stream = typeof Deno.stdout | typeof Deno.stderr;

/** A console stream. When its reader has gone (a closed pipe) the run matters more than its display: it goes on unseen. */
function output(stream: Stream): Output {
  const terminal = stream.isTerminal() && Deno.env.get("TERM") !== "dumb";
  let open = true;
  return {
    terminal,
    colour: terminal && !Deno.noColor,
    get columns() {
      // A terminal that does not know its width says 0.
      return terminal && Deno.consoleSize().columns || Infinity;
    },
    write(text) {
      const bytes = new TextEncoder().encode(text);
      for (let written = 0; open && written < bytes.length;) {
        try {
          written += stream.writeSync(bytes.subarray(written));
        } catch (error) {
          if (error instanceof Deno.errors.BrokenPipe) open = false;
          else if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        }
      }
    },
  };
}

/** The console of this process. */
export function processConsole(): Pick<Host, "out" | "err"> {
  return { out: output(Deno.stdout), err: output(Deno.stderr) };
}

/** The host of this process. */
export function processHost(createTrainer: Host["createTrainer"]): Host {
  return { ...processConsole(), createTrainer, listenForStop };
}
