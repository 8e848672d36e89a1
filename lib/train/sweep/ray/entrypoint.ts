/** What a node of Ray runs: a line for its shell, which becomes the program that trains, so that Ray's signals reach that. */

import type { Job } from "../launcher.ts";
import { quoted } from "../../command/flags.ts";
import { goTo } from "../shell.ts";

/**
 * The line. `command` is that of {@link Work}; where its Deno is not on the node, npm brings one of the same version: `npx` itself
 * would stand between Ray's signals and the run, so it only says where that is.
 */
export function entrypointOf(job: Job, command: readonly string[], cwd: string, version: string): string {
  const [deno, ...rest] = [...command, ...job.arguments].map(quoted);
  return `${goTo(cwd)}
deno=${deno}
[ -x "$deno" ] || deno=$(npx --yes deno@${version} eval --quiet -p 'Deno.execPath()') || {
  echo 'error: there is neither Deno nor npx on this node: install Node.js there.'
  exit 1
}
exec "$deno" ${rest.join(" ")}`;
}
