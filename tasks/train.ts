/** `deno task train`: see `--help`, and the README. */

import { main } from "../lib/train/command/main.ts";
import { processHost } from "../lib/train/loop/host.ts";

Deno.exit(await main(Deno.args, processHost()));
