/** `deno task render`: see `--help`, and the README. */

import { renderTool } from "../lib/train/look/render.ts";
import { processConsole } from "../lib/train/loop/host.ts";
import { runTool } from "../lib/train/command/tool.ts";

Deno.exit(await runTool(renderTool, Deno.args, processConsole()));
