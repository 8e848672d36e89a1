/** `deno task train`: see `--help`, and the README. */

import { createTrainer } from "../lib/train/create.ts";
import { processHost } from "../lib/train/host.ts";
import { main } from "../lib/train/main.ts";

Deno.exit(await main(Deno.args, processHost(createTrainer)));
