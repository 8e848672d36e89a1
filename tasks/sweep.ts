/** `deno task sweep`: see `--help`, and docs/sweeps.md. */

import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { processHost } from "../lib/train/loop/host.ts";
import { sweepMain } from "../lib/train/sweep/main.ts";

// Runs are trained with the rights of `deno task train`, whoever begins them.
const rights = config.tasks.train.command.split(" ").filter((word) => word.startsWith("-"));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const train = [Deno.execPath(), "run", "--config", here("../deno.json"), ...rights, here("train.ts")];

Deno.exit(await sweepMain(Deno.args, { ...processHost(), train }));
