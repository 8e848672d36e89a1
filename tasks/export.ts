/** `deno task export`: see `--help`, and the README. */

import { exportTool } from "../lib/train/look/export.ts";
import { processConsole } from "../lib/train/loop/host.ts";
import { runTool } from "../lib/train/command/tool.ts";

Deno.exit(await runTool(exportTool, Deno.args, processConsole()));
