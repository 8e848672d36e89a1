/** `deno task train`: see `--help`, and the README. */

import { createTrainer } from "../lib/train/create.ts";
import { processHost } from "../lib/train/loop/host.ts";
import { main } from "../lib/train/command/main.ts";

Deno.exit(await main(Deno.args, processHost(createTrainer)));
