/** Graphs that are older than their parameters, and tensors that were kept across steps. */

import { ok } from "node:assert";
import {
  Adam,
  compile,
  HostRandom,
  Linear,
  LSTM,
  MLP,
  SGD,
  stopGradient,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { isSilent, raises, warnsOf } from "./expect.ts";

const random = new HostRandom(7);
const x = tensor(Array.from({ length: 4 }, () => Array.from({ length: 3 }, () => random.next() - 0.5)));

Deno.test("step() between forward and backward is refused, with both lines", async () => {
  const model = new MLP([3, 5, 1], random);
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const error = await raises("G201", "const late = model.forward(x).square().mean();", () => {
    const early = model.forward(x).mean();
    const late = model.forward(x).square().mean();
    early.backward();
    optimizer.step();
    late.backward();
  });
  ok(error.sites.some((x) => x.text?.includes("optimizer.step();")), error.message);
});

Deno.test("a buffer of computed features is refused, with the line that made them", async () => {
  const encoder = new Linear(3, 4, random);
  const optimizer = new SGD(encoder.parameters(), { lr: 0.1 });
  const buffer: Tensor[] = [];
  await raises("G204", "buffer.push(encoder.forward(x));", () => {
    for (let i = 0; i < 3; i++) {
      buffer.push(encoder.forward(x));
      optimizer.zeroGrad();
      buffer.map((f) => f.square().mean()).reduce((a, b) => a.add(b)).backward();
      optimizer.step();
    }
  });
});

Deno.test("a recurrent state that is carried over without a declared stop is refused", async () => {
  const lstm = new LSTM(3, 4, random);
  const optimizer = new Adam(lstm.parameters(), { lr: 0.01 });
  await raises("G204", "const [outputs, last] = lstm.run(x.unsqueeze(0), state);", () => {
    let state = lstm.initialState(4);
    for (let i = 0; i < 2; i++) {
      optimizer.zeroGrad();
      const [outputs, last] = lstm.run(x.unsqueeze(0), state);
      outputs.square().mean().backward();
      optimizer.step();
      state = last;
    }
  });
});

Deno.test("a recurrent state under a declared stop is silent", async () => {
  const lstm = new LSTM(3, 4, random);
  const optimizer = new Adam(lstm.parameters(), { lr: 0.01 });
  await isSilent(() => {
    let state = lstm.initialState(4);
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      const [outputs, last] = lstm.run(x.unsqueeze(0), state);
      outputs.square().mean().backward();
      optimizer.step();
      const stop = (t: Tensor): Tensor => stopGradient(t, "truncated backpropagation");
      state = { hidden: stop(last.hidden), cell: stop(last.cell) };
    }
  });
});

Deno.test("targets that were computed and stopped before several steps are silent", async () => {
  const model = new MLP([3, 5, 1], random);
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  await isSilent(() => {
    const target = stopGradient(model.forward(x).add(1), "fitted for several epochs");
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      model.forward(x).sub(target).square().mean().backward();
      optimizer.step();
    }
  });
});

Deno.test("a metric that is summed with its graph gets a warning at the sum", async () => {
  const model = new MLP([3, 5, 1], random);
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const warning = await warnsOf("G205", async () => {
    let total = zeros([]);
    for (let i = 0; i < 4; i++) {
      optimizer.zeroGrad();
      const loss = model.forward(x).square().mean();
      loss.backward();
      optimizer.step();
      total = total.add(loss);
    }
    await total.item();
  });
  ok(warning.sites[0]?.text?.includes("total = total.add(loss);"), warning.message);
});

Deno.test("a metric that is summed detached, and a loss that is read after its step, are silent", async () => {
  const model = new MLP([3, 5, 1], random);
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  await isSilent(async () => {
    let total = zeros([]);
    for (let i = 0; i < 4; i++) {
      optimizer.zeroGrad();
      const loss = model.forward(x).square().mean();
      loss.backward();
      optimizer.step();
      total = total.add(loss.detach("metric"));
      await loss.item();
    }
    await total.item();
  });
});

Deno.test("a loss that was made before a compiled function was traced is not stale", async () => {
  const model = new MLP([3, 5, 1], random);
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const predict = compile((x: Tensor) => model.forward(x), { state: model });
  await isSilent(async () => {
    const loss = model.forward(x).square().mean();
    await predict(x);
    loss.backward();
    optimizer.step();
  });
});
