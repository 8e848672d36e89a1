/** `deno task eval`: see `--help`, and the README. */

import { evalTool } from "../lib/train/look/eval.ts";
import { processConsole } from "../lib/train/loop/host.ts";
import { runTool } from "../lib/train/command/tool.ts";

Deno.exit(await runTool(evalTool, Deno.args, processConsole()));
