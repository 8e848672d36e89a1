/**
 * The contestant that is this library. `deno run -A ours.ts cpu|webgpu`. With PLUMBLINE_CPU=onnx or PLUMBLINE_CPU=wasm the CPU
 * engine runs everything in that one way, to compare the two.
 */

import process from "node:process";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import { useEngine } from "../../lib/engine/select.ts";
import { useDevice } from "../../mod.ts";
import { drive } from "./cases/drives.ts";
import { languageStep, languageText } from "./cases/language.ts";
import { convolutions, gpt, gru } from "./cases/layers.ts";
import { lstm } from "./cases/lstm.ts";
import { mlpStep } from "./cases/mlp.ts";
import { memory } from "./cases/memory.ts";
import { iteration, rollout, update } from "./cases/navigation.ts";
import { operations } from "./cases/operations.ts";
import { orders } from "./cases/orders.ts";
import { ppoStep } from "./cases/ppo.ts";
import { scanCompile } from "./cases/scan_compile.ts";
import { simulation } from "./cases/simulation.ts";
import { start } from "./cases/start.ts";
import { trpoUpdate } from "./cases/trpo.ts";
import { tracing } from "./cases/tracing.ts";
import { worldRollout } from "./cases/worlds.ts";
import { withFloor } from "./floor.ts";
import { driveCase, mlpCase, type Run, simulationCase, sizeIn, worldCase } from "./protocol.ts";
import { serve } from "./serve.ts";
import { countSubmits } from "./submits.ts";

const device = process.argv[2] === "webgpu" ? "webgpu" : "cpu";

const named: Readonly<Record<string, () => Run | Promise<Run>>> = {
  tracing,
  "ppo step": ppoStep,
  "trpo step": trpoUpdate,
  rollout,
  update,
  iteration,
  "compile scan 500": () => scanCompile(false),
  "compile scan 500 gradient": () => scanCompile(true),
  start: () => start(device),
  memory,
  "topk 64 x 50000": () => orders("topk", 64, 50_000),
  "sort 64 x 50000": () => orders("sort", 64, 50_000),
  "convolution 64 x 3-16-32": convolutions,
  "gpt 128 x 4 x 256 x 16": gpt,
  "language step 16 x 256": languageStep,
  "language text 200": languageText,
};

async function prepare(name: string): Promise<Run> {
  const mlp = mlpCase(name);
  if (mlp) return await mlpStep(mlp);
  const world = worldCase(name);
  if (world) return await worldRollout(world);
  const bodies = simulationCase(name);
  if (bodies) return await simulation(bodies);
  const asked = driveCase(name);
  if (asked) return await drive(asked, floorMs);
  const count = sizeIn("operations", name);
  if (count !== null) return await operations(count, floorMs);
  const batch = sizeIn("lstm", name);
  if (batch !== null) return await lstm(batch);
  const sequences = sizeIn("gru", name);
  if (sequences !== null) return await gru(sequences);
  const make = named[name];
  if (!make) throw new Error(`this library has no case '${name}'.`);
  return await make();
}

const lowering = process.env.PLUMBLINE_CPU;
const isOne = device === "cpu" && (lowering === "onnx" || lowering === "wasm");
const { engine, floorMs } = withFloor(isOne ? await createCpuEngine({ lowering }) : await useDevice(device));
useEngine(engine);
if (device === "webgpu") await countSubmits();
await serve(prepare);
