/** From the start of the command to the first iteration that it prints: a process of its own. */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Run } from "../protocol.ts";

const script = fileURLToPath(new URL("../../train.ts", import.meta.url));

/** Trains one iteration of the seed's settings with the command that users have. */
export function start(device: string): Run {
  return async () => {
    const out = await mkdtemp(join(tmpdir(), "bench-"));
    const begin = performance.now();
    const args = ["run", "--allow-all", script, "--n-iters", "1", "--device", device, "--out", out];
    const child = spawn(Deno.execPath(), args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.on("close", resolve));
    const details: Record<string, number> = {};
    for await (const line of createInterface({ input: child.stdout })) {
      details["first line ms"] ??= performance.now() - begin;
      if (line.startsWith("iteration ")) details["first iteration ms"] ??= performance.now() - begin;
    }
    await ended;
    await rm(out, { recursive: true });
    return details;
  };
}
