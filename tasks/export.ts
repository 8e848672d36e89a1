/** `deno task export`: see `--help`, and the README. */

import { exportTool } from "../lib/train/export.ts";
import { processConsole } from "../lib/train/host.ts";
import { runTool } from "../lib/train/tool.ts";

Deno.exit(await runTool(exportTool, Deno.args, processConsole()));
