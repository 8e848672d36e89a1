/** `deno task runs`: see `--help`, and the README. */

import { runsTool } from "../lib/train/runs.ts";
import { processConsole } from "../lib/train/host.ts";
import { runTool } from "../lib/train/tool.ts";

Deno.exit(await runTool(runsTool, Deno.args, processConsole()));
