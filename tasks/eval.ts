/** `deno task eval`: see `--help`, and the README. */

import { evalTool } from "../lib/train/eval.ts";
import { processConsole } from "../lib/train/host.ts";
import { runTool } from "../lib/train/tool.ts";

Deno.exit(await runTool(evalTool, Deno.args, processConsole()));
