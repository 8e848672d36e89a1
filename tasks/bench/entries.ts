/** Who takes part and in what: this library's engines, its peers, and the cases. */

import { fileURLToPath } from "node:url";
import type { Entry } from "./contestant.ts";
import type { Options } from "./options.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function deno(name: string, script: string, ...args: string[]): Entry {
  const config = path("../../deno.json");
  return {
    name,
    command: Deno.execPath(),
    args: ["run", "--quiet", "--no-lock", "--allow-all", "--config", config, path(script), ...args],
  };
}

/** The contestants; the first of them that has a case is what its ratios are taken against. */
export function entriesOf({ device, python }: Options): Entry[] {
  const engines = device === "both" ? ["cpu", "webgpu"] : [device];
  return [
    ...engines.map((engine) => deno(`plumbline ${engine}`, "ours.ts", engine)),
    deno("jax-js wasm", "peers/jaxjs.ts", "wasm"),
    ...(engines.includes("webgpu") ? [deno("jax-js webgpu", "peers/jaxjs.ts", "webgpu")] : []),
    deno("tfjs wasm", "peers/tfjs.ts"),
    ...(python === null
      ? []
      : [{ name: "PyTorch", command: python, args: [path("peers/pytorch_navigation.py"), "--serve"] }]),
  ];
}

/** The names of the cases, small ones first. */
export const cases: readonly string[] = [
  "tracing",
  "mlp 18-256-256-4 x 400",
  "mlp 18-256-256-4 x 1200",
  "mlp 18-256-256-4 x 4096",
  "mlp 64-256-256-4 x 4096",
  "ppo step",
  "rollout random",
  "rollout",
  "update",
  "iteration",
  "start",
  "memory",
];
