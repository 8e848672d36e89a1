/** The surroundings of the command when it runs in a terminal, a pipe or a job. */

import type { Config } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import type { Trainer } from "../../systems/trainer.ts";
import type { Output } from "./progress.ts";
import { listenForStop, type Stop } from "./signals.ts";

/** What the command needs of its surroundings. */
export interface Host {
  /** Progress and results. */
  readonly out: Output;
  /** Errors. */
  readonly err: Output;
  /** Makes the trainer of a configuration. A {@linkcode UsageError} says that the configuration cannot be had here. */
  readonly createTrainer: (system: System, config: Config) => Promise<Trainer>;
  /** Listens for Ctrl-C, from when the promise is kept; `onFirst` is called at the first. */
  readonly listenForStop: (onFirst: () => void) => Promise<Stop>;
}

type Stream = typeof Deno.stdout | typeof Deno.stderr;

/** Characters in a line of the terminal; Infinity where there is none, or it does not know. */
function widthOf(terminal: boolean): number {
  try {
    return terminal && Deno.consoleSize().columns || Infinity;
  } catch {
    // The window of the terminal was closed.
    return Infinity;
  }
}

/** Whether the terminal says that it can rewrite no line; one that may not be asked says nothing. */
function isDumb(): boolean {
  const mayRead = Deno.permissions.querySync({ name: "env", variable: "TERM" }).state === "granted";
  return mayRead && Deno.env.get("TERM") === "dumb";
}

/**
 * A console stream. When nobody can read it any more (a closed pipe or window, a log file on a full disk) the run matters
 * more than its display: it goes on unseen.
 */
function output(stream: Stream): Output {
  const terminal = stream.isTerminal() && !isDumb();
  return {
    terminal,
    colour: terminal && !Deno.noColor,
    get columns() {
      return widthOf(terminal);
    },
    write(text) {
      const bytes = new TextEncoder().encode(text);
      for (let written = 0; written < bytes.length;) {
        try {
          written += stream.writeSync(bytes.subarray(written));
        } catch (error) {
          // A reader that is slow is waited for.
          if (!(error instanceof Deno.errors.WouldBlock)) return;
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
export function processHost(): Host {
  return { ...processConsole(), createTrainer: (system, config) => system.create(config), listenForStop };
}
