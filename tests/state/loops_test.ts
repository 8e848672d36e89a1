/** Loops that read nothing cost as much at every step, and keep nothing of the steps before. */

import assert from "node:assert/strict";
import type { Engine, Executable } from "../../lib/engine/engine.ts";
import { pending } from "../../lib/graph/pending.ts";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import { useEngine } from "../../lib/engine/select.ts";
import {
  Adam,
  audit,
  compile,
  HostRandom,
  locateNonFinite,
  MLP,
  Parameter,
  SGD,
  type Tensor,
  tensor,
  Variable,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

/** The engine, with how often it compiled and ran, at once or later. */
function counting(engine: Engine): { compiled: number; ran: number } {
  const counts = { compiled: 0, ran: 0 };
  const counted = (program: Executable): Executable => {
    counts.compiled++;
    return {
      listing: () => program.listing(),
      dispose: () => program.dispose(),
      run: (...given) => {
        counts.ran++;
        return program.run(...given);
      },
      ...program.runNow && {
        runNow: (given) => {
          counts.ran++;
          return program.runNow!(given);
        },
      },
      ...program.refuses && { refuses: (results) => program.refuses!(results) },
    };
  };
  useEngine({
    name: engine.name,
    adapter: engine.adapter,
    liveBytes: () => engine.liveBytes(),
    dispose: () => engine.dispose(),
    compile: async (graph) => counted(await engine.compile(graph)),
    ...engine.finishNow && { finishNow: () => engine.finishNow!() },
    ...engine.compileNow && {
      compileNow: (graph) => {
        const program = engine.compileNow!(graph);
        return program && counted(program);
      },
    },
  });
  return counts;
}

function training() {
  const net = new MLP([3, 8, 1], new HostRandom(0));
  const optimizer = new Adam(net.parameters(), { lr: 0.01 });
  const x = tensor(new HostRandom(1).uniform(12), { shape: [4, 3] });
  const step = (by = 1): Tensor => {
    const loss = net.forward(x).sub(x.sum(1, true)).div(by).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { net, optimizer, step };
}

/** A task of the event loop: what was begun goes on meanwhile. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function weightsOf(steps: number, between: (loss: Tensor) => Promise<unknown> | void): Promise<number[]> {
  const { net, step } = training();
  for (let i = 0; i < steps; i++) await between(step());
  return [...await net.parameters()[0]!.data()];
}

onEachEngine(
  "steps that are never read are computed by the program of one, whatever numbers are written in them",
  async (engine) => {
    const counts = counting(engine);
    const { net, step, optimizer } = training();
    for (let i = 0; i < 40; i++) step(2);
    await net.parameters()[0]!.data();
    const { compiled, ran } = { ...counts };
    assert.ok(compiled <= 4 && ran <= 50, `${compiled} programs, ${ran} runs`);
    for (let i = 0; i < 40; i++) step(2.3 + i);
    assert.equal(await optimizer.count.item(), 80);
    assert.ok(
      counts.compiled - compiled <= 1 && counts.ran - ran <= 50,
      `${counts.compiled} programs, ${counts.ran} runs`,
    );
  },
);

onEachEngine(
  "a loop that waits for nothing at all is computed all the same, and only its last steps are pending",
  async ({ name }) => {
    const { net, step } = training();
    await step().item();
    let most = 0;
    for (let i = 1; i < 70; i++) {
      step();
      most = Math.max(most, pending.soFar().length);
    }
    // A GPU computes many at a time.
    assert.ok(most <= { cpu: 40, webgpu: 64 }[name], `${most} steps were pending`);
    assert.ok(name === "cpu" || pending.soFar().length < 10, `${pending.soFar().length} steps are pending`);
    assert.deepEqual([...await net.parameters()[0]!.data()], await weightsOf(70, (loss) => loss.item()));
  },
);

onEngine("cpu", "a loop that waits for nothing is computed by ONNX Runtime, too, as its large steps are", async () => {
  useEngine(await createCpuEngine({ lowering: "onnx" }));
  const { step, optimizer } = training();
  await step().item();
  for (let i = 1; i < 40; i++) step();
  assert.ok(pending.soFar().length < 30, `${pending.soFar().length} steps are pending`);
  assert.equal(await optimizer.count.item(), 40);
});

onEngine("cpu", "a loop that awaits what this thread computes leaves the event loop its turns", async () => {
  const { step, net, optimizer } = training();
  const kinds = { compiled: compile(() => step(), { state: [net, optimizer] }), read: () => step().item() };
  for (const [kind, call] of Object.entries(kinds)) {
    let turns = 0;
    const count = () => setImmediate(() => turns >= 0 && (turns++, count()));
    count();
    const steps = kind === "read" ? 150 : 2000;
    for (let i = 0; i < steps; i++) await call();
    const seen = turns;
    turns = -1;
    // WeakRefs hold what they are made of until such a turn.
    assert.ok(seen > 0, `${kind}: none in ${steps} steps`);
  }
});

onEngine("webgpu", "a loop that waits for something, but reads nothing, is computed meanwhile", async () => {
  const { step, optimizer } = training();
  for (let i = 0; i < 50; i++) step();
  assert.ok(pending.steps().length >= 50);
  for (let i = 0; i < 10_000 && pending.steps().length >= 30; i++) await turn();
  assert.ok(pending.steps().length < 30, `${pending.steps().length} steps are pending`);
  assert.equal(await optimizer.count.item(), 50);
});

onEachEngine("whether and when a loop reads does not change what it computes", async () => {
  const each = await weightsOf(40, (loss) => loss.item());
  assert.deepEqual(await weightsOf(40, () => {}), each);
  assert.deepEqual(await weightsOf(40, () => turn()), each);
});

onEachEngine("a loop that waits for nothing keeps no graphs of steps that were made", async () => {
  const { step, net } = training();
  const graphs = Array.from({ length: 60 }, () => step().node.inputs[0]!).map((x) => x.id);
  const seen = new Set<number>();
  for (const { assignments } of pending.steps()) {
    for (const { node } of assignments) if (node.inputs.length > 0) seen.add(node.id);
  }
  assert.ok(seen.size < graphs.length, `${seen.size} values still hold their graphs`);
  await net.parameters()[0]!.data();
});

onEachEngine("a step that goes bad in a loop that reads nothing stops it at a later step, and once", async () => {
  const [tried, sound] = [training(), training()];
  let told: Error | null = null;
  let stopped = 0;
  for (let i = 0; i < 10_000 && told === null; i++) {
    try {
      if (i < 60 || pending.steps().length < 60) tried.step(i === 30 ? 0 : 1);
    } catch (error) {
      told = error as Error;
      stopped = i;
    }
    await turn();
  }
  assert.match(told!.message, /Nothing was lost: the state stays as it was before the step/);
  assert.ok(stopped > 30, `it was stopped at step ${stopped}`);
  for (let i = 0; i < 30; i++) sound.step();
  const weights = [...await tried.net.parameters()[0]!.data()];
  assert.deepEqual(weights, [...await sound.net.parameters()[0]!.data()]);
});

onEachEngine("of a bad step among many that were never read, those before stand", async () => {
  const [tried, sound] = [training(), training()];
  for (let i = 0; i < 70; i++) tried.step(i === 40 ? 0 : 1);
  const error = await tried.optimizer.count.item().then(() => null, (error) => error as Error);
  assert.match(error!.message, /^error\[G401\]: div\(\) made (infinity|NaN)\./);
  assert.match(error!.message, /the state stays as it was before the step, without the 29 after it that built on it\./);
  for (let i = 0; i < 40; i++) sound.step();
  assert.equal(await tried.optimizer.count.item(), 40);
  assert.deepEqual(await tried.net.parameters()[0]!.toList(), await sound.net.parameters()[0]!.toList());
});

onEachEngine("what is looked at after a loop that reads nothing is computed from its last step", async () => {
  const [tried, sound] = [training(), training()];
  for (let i = 0; i < 30; i++) tried.step();
  const [report, text] = [await audit(tried.step(), tried.optimizer), Deno.inspect(tried.net.parameters()[0])];
  for (let i = 0; i < 30; i++) await sound.step().item();
  const expected = await audit(sound.step(), sound.optimizer);
  assert.equal(report.loss, expected.loss);
  assert.match(text, /float32 \[8, 3\]/);
  assert.equal(await locateNonFinite(tried.net.parameters()), null);
});

onEachEngine("of two loops that do the same the one is told of that went wrong", async () => {
  const w = new Variable(tensor([1, 2]), "w"), table = tensor([1, 2, 3]);
  const rows = (last: number): Tensor => tensor([0, last], { dtype: "int32" });
  const all = (count: number, fn: (i: number) => void): void => {
    for (let i = 0; i < count; i++) fn(i);
  };
  all(600, () => w.assign(w.add(table.take(rows(1), 0).sqrt())));
  all(600, (i) => w.assign(w.add(table.take(rows(i === 500 ? 7 : 1), 0).sqrt()))); // the second loop
  await assert.rejects(w.data(), { message: /the index 7 outside[^]*\/\/ the second loop/ });
  all(600, (i) => w.assign(w.add(table.sub(i === 500 ? 2 : 0).take(rows(1), 0).sqrt()))); // the third loop
  await assert.rejects(w.data(), { message: /sqrt\(\) made NaN[^]*\/\/ the third loop/ });
  all(600, (i) => w.assign(w.add(table.sub(i === 500 ? 2 : 0).take(rows(1), 0).sqrt()))); // the fourth loop
  await assert.rejects(w.data(), { message: /sqrt\(\) made NaN[^]*\/\/ the fourth loop/ });
});

onEachEngine("of two losses that one step learns from in turn that one is told of which went wrong", async () => {
  const w = new Parameter(tensor([1, 2]), "w"), optimizer = new SGD([w], { lr: 1e-3 });
  const first = (by: number): Tensor => w.square().mean().mul(by).sqrt(); // the first loss
  const second = (by: number): Tensor => w.square().mean().mul(by).sqrt(); // the second loss
  for (let i = 0; i < 400; i++) {
    const loss = (i % 2 === 0 ? first : second)(i === 250 ? -1 : 1);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  await assert.rejects(w.data(), { message: /sqrt\(\) made NaN[^]*\/\/ the first loss/ });
});
