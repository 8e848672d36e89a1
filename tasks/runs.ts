/** `deno task runs`: see `--help`, and the README. */

import { runsTool } from "../lib/train/look/runs.ts";
import { processConsole } from "../lib/train/loop/host.ts";
import { runTool } from "../lib/train/command/tool.ts";

Deno.exit(await runTool(runsTool, Deno.args, processConsole()));
