/** What the shell of another machine is given. */

import { oneLine } from "../../systems/text.ts";
import { quoted } from "../command/flags.ts";

/** The lines that go to the folder from which a run is named, or say that the machine has none. */
export function goTo(folder: string): string {
  return `cd -- ${quoted(folder)} || {
  printf 'error: %s does not see the folder %s: it has to be on a file system that all machines share.\\n' "$(hostname)" ${
    quoted(folder)
  }
  exit 1
}`;
}

/** What a program said last: its error if it told one. Null if it said nothing. */
export function lastWords(log: string): string | null {
  const lines = log.split("\n").map((line) => line.trim()).filter(Boolean);
  const line = lines.findLast((line) => line.startsWith("error: "))?.slice("error: ".length) ?? lines.at(-1);
  return line === undefined ? null : oneLine(line);
}
