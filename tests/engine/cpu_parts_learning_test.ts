/** A training step whose program has parts on both ways: it learns as on ONNX Runtime alone, and bad numbers are found as ever. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { Adam, compile, HostRandom, MLP, PlumblineError, type Tensor, tensor } from "../../mod.ts";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { useEngine } from "../../lib/engine/select.ts";
import { Random } from "../random.ts";

const [rows, inputs, outputs] = [192, 48, 4];

/** An engine, and the listings of what it has compiled. */
async function watched(lowering: "best" | "onnx"): Promise<{ engine: Engine; listings: string[][] }> {
  const engine = await createCpuEngine({ lowering });
  const listings: string[][] = [];
  const compile: Engine["compile"] = async (graph) => {
    const executable = await engine.compile(graph);
    listings.push(executable.listing());
    return executable;
  };
  return { engine: { ...engine, compile }, listings };
}

function learner() {
  const net = new MLP([inputs, 160, 160, outputs], new HostRandom(0));
  const optimizer = new Adam(net.parameters(), { lr: 0.003 });
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = net.forward(x).sub(y).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: [net, optimizer] });
  const random = new Random(5);
  const draw = (columns: number): Tensor =>
    tensor(Float32Array.from(random.floats(rows * columns)), { shape: [rows, columns] });
  return { net, step, x: draw(inputs), y: draw(outputs) };
}

async function losses(lowering: "best" | "onnx"): Promise<{ all: number[]; listings: string[][] }> {
  const { engine, listings } = await watched(lowering);
  useEngine(engine);
  const { step, x, y } = learner();
  const all: number[] = [];
  for (let i = 0; i < 4; i++) all.push(Number(await (await step(x, y)).item()));
  engine.dispose();
  return { all, listings };
}

Deno.test("a step of Adam on both ways learns as on ONNX Runtime alone", async () => {
  const both = await losses("best");
  const alone = await losses("onnx");
  const lines = both.listings.find((x) => x.some((line) => line.includes("MatMul") || line.includes("Gemm")))!;
  ok(lines.some((x) => x.startsWith("wasm ")) && lines.some((x) => x.startsWith("onnx ")), lines.join("\n"));
  ok(alone.listings.flat().every((x) => !x.startsWith("wasm ")));
  both.all.forEach((loss, i) => ok(Math.abs(loss - alone.all[i]!) < 1e-5 * alone.all[i]!, `${both.all} ${alone.all}`));
  ok(both.all[3]! < both.all[0]!);
});

Deno.test("a step on both ways that goes bad stops with the first bad number, and changes nothing", async () => {
  const { engine } = await watched("best");
  useEngine(engine);
  const { net, step, x, y } = learner();
  await step(x, y);
  const values = async (): Promise<number[][]> =>
    await Promise.all(net.parameters().map(async (p) => [...await p.data()]));
  const before = await values();
  const bad = tensor(new Float32Array(rows * outputs).fill(3e38), { shape: [rows, outputs] });
  await rejects(step(x, bad), (error) => {
    ok(error instanceof PlumblineError && error.code === "G401", String(error));
    ok(error.message.includes("square") && error.message.includes(".sub(y).square()"), error.message);
    return true;
  });
  equal(await values(), before);
  ok(Number.isFinite(await (await step(x, y)).item()));
  engine.dispose();
});
