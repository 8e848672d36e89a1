/** `deno task render`: see `--help`, and the README. */

import { renderTool } from "../lib/train/render.ts";
import { processConsole } from "../lib/train/host.ts";
import { runTool } from "../lib/train/tool.ts";

Deno.exit(await runTool(renderTool, Deno.args, processConsole()));
