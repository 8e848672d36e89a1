/** `deno task sweep`: see `--help`, and docs/sweeps.md. */

import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { processHost } from "../lib/train/loop/host.ts";
import { sweepMain } from "../lib/train/sweep/main.ts";

// Runs are trained with the rights of `deno task train`, whoever begins them.
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const program = (task: "train" | "sweep"): string[] => [
  ...[Deno.execPath(), "run", "--config", here("../deno.json")],
  ...config.tasks[task].command.split(" ").filter((word) => word.startsWith("-")),
  here(`${task}.ts`),
];

Deno.exit(await sweepMain(Deno.args, { ...processHost(), train: program("train"), sweep: program("sweep") }));
