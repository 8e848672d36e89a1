/** `deno task generate`: see `--help`, and the README. */

import { generateTool } from "../lib/train/look/generate.ts";
import { processConsole } from "../lib/train/loop/host.ts";
import { runTool } from "../lib/train/command/tool.ts";

Deno.exit(await runTool(generateTool, Deno.args, processConsole()));
