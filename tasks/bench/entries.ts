/** Who takes part and in what: this library's engines, its peers, and the cases. */

import { fileURLToPath } from "node:url";
import type { Entry } from "./contestant.ts";
import type { Options } from "./options.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const shared = /^mlp/,
  reinforcement = /^(ppo|trpo|rollout|update|iteration)/,
  worlds = /^world/,
  simulations = /^simulation/,
  small = /^(operations|car|point mass|lstm)/,
  layers = /^(gru|convolution|gpt)/,
  language = /^language/,
  orders = /^(topk|sort)/,
  compiling = /^compile/,
  own = /^(tracing|start|memory)/;
const any = (...cases: RegExp[]): RegExp => new RegExp(cases.map((x) => x.source).join("|"));

function deno(name: string, cases: RegExp, script: string, ...args: string[]): Entry {
  const config = path("../../deno.json");
  return {
    name,
    cases,
    command: Deno.execPath(),
    args: ["run", "--quiet", "--no-lock", "--allow-all", "--config", config, path(script), ...args],
  };
}

/** The contestants; the first of them that has a case is what its ratios are taken against. */
export function entriesOf({ device, python }: Options): Entry[] {
  const engines = device === "both" ? ["cpu", "webgpu"] : [device];
  return [
    ...engines.map((engine) => {
      // What steps on the host is the same whatever the engine.
      const host = engine === engines[0] ? [simulations] : [];
      return deno(
        `plumbline ${engine}`,
        any(shared, reinforcement, worlds, small, layers, language, orders, compiling, own, ...host),
        "ours.ts",
        engine,
      );
    }),
    deno("mj_step alone", simulations, "peers/mj_step.ts"),
    deno("jax-js wasm", shared, "peers/jaxjs.ts", "wasm"),
    ...(engines.includes("webgpu") ? [deno("jax-js webgpu", shared, "peers/jaxjs.ts", "webgpu")] : []),
    deno("tfjs wasm", shared, "peers/tfjs.ts"),
    ...(python === null ? [] : [
      {
        name: "PyTorch",
        cases: any(shared, reinforcement, small, layers, orders),
        command: python,
        args: [path("peers/pytorch_navigation.py"), "--serve"],
      },
      { name: "PyTorch", cases: language, command: python, args: [path("peers/pytorch_language.py")] },
      {
        name: "torch.compile",
        cases: /^language step/,
        command: python,
        args: [path("peers/pytorch_language.py"), "--compile"],
      },
      { name: "JAX", cases: any(small, compiling), command: python, args: [path("peers/jax_small.py")] },
      {
        name: "VMAS",
        cases: /^world (?!pendulum|host_pendulum|spoofed_swarm)/,
        command: python,
        args: [path("peers/vmas_worlds.py")],
      },
      { name: "numpy", cases: /^world spoofed_swarm/, command: python, args: [path("peers/swarm_numpy.py")] },
    ]),
  ];
}

/** A thing to time. */
export interface Case {
  readonly name: string;
  /** Only so many repetitions, without a warm-up and without turns: a start, a long run. */
  readonly repetitions?: number;
  /** How long a turn should take, where there are many cases of a kind, in milliseconds. */
  readonly turnMs?: number;
}

/** The cases, small ones first. */
export const cases: readonly Case[] = [
  { name: "tracing" },
  { name: "mlp 18-256-256-4 x 400" },
  { name: "mlp 18-256-256-4 x 1200" },
  { name: "mlp 18-256-256-4 x 4096" },
  { name: "mlp 64-256-256-4 x 4096" },
  { name: "ppo step" },
  { name: "trpo step" },
  ...[64, 360, 3600].map((size) => ({ name: `operations 300 x ${size}`, turnMs: 500 })),
  { name: "point mass 64 x 1000" },
  { name: "car 64 x 1000" },
  ...[1, 16].map((batch) => ({ name: `lstm 64 x 100 x ${batch}` })),
  ...["topk", "sort"].map((kind) => ({ name: `${kind} 64 x 50000` })),
  { name: "gru 64 x 100 x 16" },
  { name: "convolution 64 x 3-16-32" },
  { name: "gpt 128 x 4 x 256 x 16" },
  { name: "language step 16 x 256" },
  { name: "language text 200" },
  { name: "compile scan 500" },
  { name: "compile scan 500 gradient" },
  ...["navigation", "reverse_transport", "wheel", "buzz_wire", "pendulum", "host_pendulum"].flatMap((scenario) =>
    [60, 600].map((envs) => ({ name: `world ${scenario} x ${envs}`, turnMs: 500 }))
  ),
  { name: "world spoofed_swarm x 1000", turnMs: 500 },
  ...["hopper", "half_cheetah", "humanoid3d"].flatMap((scenario) =>
    [8, 64].map((envs) => ({ name: `simulation ${scenario} x ${envs}`, turnMs: 500 }))
  ),
  { name: "rollout" },
  { name: "update" },
  { name: "iteration" },
  { name: "start", repetitions: 3 },
  { name: "memory", repetitions: 1 },
];
