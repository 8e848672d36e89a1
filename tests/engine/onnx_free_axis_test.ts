/** Exported files whose batch is free: they run with any size, as the function does. */

import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { InferenceSession, Tensor as OnnxTensor } from "../../lib/engine/onnx/runtime.ts";
import {
  arange,
  concat,
  exportOnnx,
  full,
  GaussianPolicy,
  HostRandom,
  LayerNorm,
  Linear,
  LSTM,
  MLP,
  Module,
  normal,
  oneHot,
  policyOnnx,
  randomKey,
  scan,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";
import { onEngine } from "../engines.ts";

const random = new HostRandom(5);
const net = new MLP([4, 8, 3], random);
const norm = new LayerNorm(4);
const lstm = new LSTM(4, 5, random);
const weight = normal(randomKey(9), [4, 4]);

/** Functions of a batch [b, 4]. */
const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  "a network": (x) => net.forward(norm.forward(x)).softmax(-1),
  "means and deviations over the batch": (x) => x.sub(x.mean(0)).div(x.std(0)),
  "sums over all, rows joined and cut": (x) => concat([x.slice(0, 1), x.slice(0, 0, 1)]).add(x.sum()).cumsum(0),
  "attention among the batch": (x) => x.matmul(weight).matmul(x.transpose()).div(2).softmax(-1).matmul(x),
  "reshaped and repeated": (x) => x.reshape(-1, 2, 2).transpose().unsqueeze(1).expand(-1, 3, -1, -1).flatten(0, 1),
  "twice as many": (x) => concat([x, x.neg()]).roll(1, 0),
  "places that are counted": (x) => x.add(arange(x.shape[0]!).unsqueeze(1)).mul(full([x.shape[0]!, 1], 2)),
  "orders and look-ups": (x) => x.topk(2, 1).values.take(x.select(1, 0).argsort(), 0),
  "classes": (x) => oneHot(x.argmax(1), 4),
  "a loop over time for each of the batch": (x) => {
    const steps = x.unsqueeze(0).expand(3, -1, -1);
    return lstm.run(steps, lstm.initialState(x.shape[0]!))[0].flatten(1, 2);
  },
  "a loop that carries the batch": (x) =>
    scan((c: Tensor) => [c.mul(0.5).add(x.tanh()), c.sum(1)], zeros(x.shape), [], { length: 4 })[0],
};

async function run(bytes: Uint8Array, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, OnnxTensor>> {
  const session = await InferenceSession.create(bytes);
  const given = await Promise.all(
    Object.entries(feeds).map(async ([name, x]) =>
      [name, new OnnxTensor("float32", await x.data() as Float32Array, x.shape)] as const
    ),
  );
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return results as Record<string, OnnxTensor>;
}

for (const [name, f] of Object.entries(functions)) {
  onEngine("cpu", `a file of ${name} runs with a batch of any size`, async () => {
    const bytes = await exportOnnx((x) => ({ y: f(x!) }), { x: zeros([1, 4]) }, { dynamicAxes: { x: { 0: "batch" } } });
    for (const size of [2, 5, 13, 40]) {
      const x = normal(randomKey(size), [size, 4]);
      const { y } = await run(bytes, { x });
      const expected = f(x);
      equal([...y!.dims], [...expected.shape], `${name} of ${size}`);
      checkNumbers(y!.data as Float32Array, [...await expected.data()], 2e-5, `${name} of ${size}`);
    }
  });
}

onEngine("cpu", "a file of one example runs where the batch was free, and other axes may be the free one", async () => {
  const row = (x: Tensor): Tensor => net.forward(x.transpose());
  const bytes = await exportOnnx((x) => ({ y: row(x!) }), { x: zeros([4, 2]) }, { dynamicAxes: { x: { 1: "n" } } });
  for (const size of [1, 6]) {
    const x = normal(randomKey(size), [4, size]);
    checkNumbers((await run(bytes, { x })).y!.data as Float32Array, [...await row(x).data()], 1e-5, `${size}`);
  }
});

for (const recurrent of ["none", "lstm"] as const) {
  onEngine("cpu", `a policy's file acts for many environments at once (recurrent: ${recurrent})`, async () => {
    const sizes = { agents: 3, observationSize: 6, actionSize: 2, hiddenSize: 8 };
    const policy = new GaussianPolicy({ ...sizes, ...(recurrent === "none" ? {} : { recurrent }) }, new HostRandom(1));
    const bytes = await policyOnnx(policy);
    for (const envs of [1, 7]) {
      const observation = normal(randomKey(envs), [envs, 3, 6]);
      const memory = policy.initialMemory(envs);
      const names: Record<string, Tensor> = recurrent === "none"
        ? {}
        : { "memory.hidden": zeros([envs, 3, 8]), "memory.cell": zeros([envs, 3, 8]) };
      const { action } = await run(bytes, { observation, ...names });
      const [expected] = policy.decide(observation, memory);
      equal([...action!.dims], [...expected.shape]);
      checkNumbers(action!.data as Float32Array, [...await expected.data()], 1e-5, `${envs}`);
    }
  });
}

onEngine("cpu", "a policy whose network counts its environments is written for one", async () => {
  class Counting extends Module {
    readonly layer = new Linear(6, 4, new HostRandom(2));
    override forward(x: Tensor): Tensor {
      return this.layer.forward(concat(x.unbind(0).map((row) => row.unsqueeze(0))));
    }
  }
  const sizes = { agents: 1, observationSize: 6, actionSize: 2, network: () => new Counting() };
  const policy = new GaussianPolicy(sizes, new HostRandom(1));
  const observation = normal(randomKey(3), [1, 1, 6]);
  const { action } = await run(await policyOnnx(policy), { observation });
  checkNumbers(action!.data as Float32Array, [...await policy.forward(observation).data()], 1e-5, "action");
});

Deno.test("a program that is another for another size, and free axes that are not there, are refused in sentences", async () => {
  const x = zeros([2, 4]);
  const free = (dynamicAxes: Readonly<Record<string, Readonly<Record<number, string>>>>, f = (x: Tensor) => x.add(1)) =>
    exportOnnx((x) => ({ y: f(x!) }), { x }, { dynamicAxes });
  const batch = { x: { 0: "batch" } };
  await rejects(free(batch, (x) => x.unbind(0).reduce((a, b) => a.mul(b))), {
    code: "G301",
    message: /exportOnnx\(\) cannot leave the size of `batch` free: the program is another for another size/,
  });
  await rejects(free(batch, (x) => x.mul(Math.sqrt(x.shape[0]!))), { code: "G301" });
  await rejects(free({ x: { 2: "batch" } }), {
    message: "exportOnnx() has dynamicAxes of axis 2 of `x`, which has 2 axes, from 0.",
  });
  await rejects(free({ z: { 0: "batch" } }), {
    message: "exportOnnx() has dynamicAxes of axis 0 of `z`, which is no input.",
  });
  await rejects(free({ x: { 0: "batch", 1: "size" } }), {
    message: "exportOnnx() leaves one size free, and dynamicAxes name several: batch, size.",
  });
  await rejects(exportOnnx((x) => ({ y: x! }), { x: tensor([1]) }, { dynamicAxes: { x: 0 } as never }), {
    message: /takes axes by the names of inputs, \{ x: \{ 0: "batch" \} \} as `options\.dynamicAxes`/,
  });
});
