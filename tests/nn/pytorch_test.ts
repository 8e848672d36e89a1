/** Layers and distributions against PyTorch, values and gradients. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  Categorical,
  gradients,
  GRU,
  HostRandom,
  LayerNorm,
  Linear,
  LSTM,
  Normal,
  orthogonal,
  Parameter,
  randomKey,
  TanhNormal,
  type Tensor,
  tensor,
  uniform,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import {
  checkNumbers,
  type FixtureArray,
  type FixtureNumber,
  lossWeights,
  readFixture,
  toTensor,
} from "../fixtures/pytorch.ts";
import type { OperationRow } from "../ops/pytorch.ts";

type Arrays = Readonly<Record<string, FixtureArray>>;
type Numbers = Readonly<Record<string, readonly FixtureNumber[]>>;
type Tensors = Record<string, Tensor>;

interface Row {
  readonly inputs: Arrays;
  readonly outputs: Arrays;
  readonly gradients: Numbers;
}

function toTensors(arrays: Arrays): Tensors {
  return Object.fromEntries(Object.entries(arrays).map(([name, x]) => [name, toTensor(x)]));
}

/** Compares outputs, then the gradients of their weighted sum with respect to `inputs`. */
async function checkResults(row: Row, inputs: Tensors, outputs: Tensors, tolerance: number): Promise<void> {
  const names = Object.keys(row.outputs);
  for (const name of names) checkNumbers(await outputs[name]!.data(), row.outputs[name]!.data, tolerance, name);
  const results = names.map((name) => outputs[name]!);
  const weights = lossWeights(results.map((x) => x.shape));
  const loss = results.map((x, i) => x.mul(weights[i]!).sum()).reduce((a, b) => a.add(b));
  const learned = Object.keys(row.gradients);
  const found = gradients(loss, learned.map((name) => inputs[name]!), { allowUnused: true });
  for (const [i, name] of learned.entries()) {
    checkNumbers(await found[i]!.data(), row.gradients[name]!, tolerance, `gradient of ${name}`);
  }
}

const distributions: Record<string, (x: Tensors) => Tensors> = {
  Normal: ({ loc, scale, value }) => {
    const distribution = new Normal(loc!, scale!);
    return { logProb: distribution.logProb(value!), entropy: distribution.entropy() };
  },
  NormalKL: ({ loc, scale, otherLoc, otherScale }) => ({
    kl: new Normal(loc!, scale!).kl(new Normal(otherLoc!, otherScale!)),
  }),
  TanhNormal: ({ loc, scale, raw }) => ({ logProb: new TanhNormal(loc!, scale!).logProbOfBase(raw!).sum(-1) }),
  Categorical: ({ logits, value }) => {
    const distribution = new Categorical(logits!);
    return {
      logProb: distribution.logProb(value!),
      entropy: distribution.entropy(),
      probs: distribution.logProbs.exp(),
    };
  },
};

for (const row of await readFixture<Row & { distribution: string }>("distributions")) {
  const build = distributions[row.distribution]!;
  const shape = JSON.stringify(Object.values(row.inputs).map((x) => x.data[0]));
  onEachEngine(`${row.distribution} at ${shape} agrees with PyTorch, with its gradients`, async () => {
    const inputs = toTensors(row.inputs);
    await checkResults(row, inputs, build(inputs), 2e-5);
  });
}

const [lstm] = await readFixture<Row>("lstm");

onEachEngine("LSTM agrees with torch.nn.LSTM, with all gradients", async () => {
  const inputs = toTensors(lstm!.inputs);
  const layer = new LSTM(2, 5, new HostRandom(0));
  const parameters = {
    weight_ih_l0: layer.weightInput,
    weight_hh_l0: layer.weightHidden,
    bias_ih_l0: layer.biasInput!,
    bias_hh_l0: layer.biasHidden!,
  };
  for (const [name, parameter] of Object.entries(parameters)) parameter.assign(inputs[name]!);
  const x = new Parameter(inputs.x!, "x");
  const [hidden, cell] = [new Parameter(inputs.h!.squeeze(0), "h"), new Parameter(inputs.c!.squeeze(0), "c")];
  const [output, last] = layer.run(x, { hidden, cell });
  await checkResults(lstm!, { ...parameters, x, h: hidden, c: cell }, { output, h: last.hidden, c: last.cell }, 1e-5);
});

const [gru] = await readFixture<Row>("gru");

onEachEngine("GRU agrees with torch.nn.GRU, with all gradients", async () => {
  const inputs = toTensors(gru!.inputs);
  const layer = new GRU(2, 5, new HostRandom(0));
  const parameters = {
    weight_ih_l0: layer.weightInput,
    weight_hh_l0: layer.weightHidden,
    bias_ih_l0: layer.biasInput!,
    bias_hh_l0: layer.biasHidden!,
  };
  for (const [name, parameter] of Object.entries(parameters)) parameter.assign(inputs[name]!);
  const x = new Parameter(inputs.x!, "x");
  const hidden = new Parameter(inputs.h!.squeeze(0), "h");
  const [output, last] = layer.run(x, { hidden });
  await checkResults(gru!, { ...parameters, x, h: hidden }, { output, h: last.hidden }, 1e-5);
});

const operations = await readFixture<OperationRow>("operations");

for (const row of operations.filter((x) => x.op === "layerNorm")) {
  onEachEngine(`LayerNorm of ${row.inputs[0]!.shape} agrees with PyTorch, with all gradients`, async () => {
    const [x, weight, bias] = row.inputs.map(toTensor);
    const layer = new LayerNorm(4, 1e-5);
    layer.weight.assign(weight!);
    layer.bias.assign(bias!);
    const input = new Parameter(x!, "x");
    const [g0, g1, g2] = row.gradients!;
    const expected = {
      inputs: {},
      outputs: { result: row.outputs[0]! },
      gradients: { input: g0!, weight: g1!, bias: g2! },
    };
    const inputs = { input, weight: layer.weight, bias: layer.bias };
    await checkResults(expected, inputs, { result: layer.forward(input) }, 2e-5);
  });
}

onEachEngine("Linear is x W^T + b for any number of leading axes", async () => {
  const layer = new Linear(2, 3, new HostRandom(1));
  layer.weight.assign(tensor([[1, 2], [3, 4], [5, 6]]));
  layer.bias!.assign(tensor([0.5, 0, -0.5]));
  equal(await layer.forward(tensor([[1, 1]])).toList(), [[3.5, 7, 10.5]]);
  equal(await layer.forward(tensor([[[1, 1], [0, 1]]])).toList(), [[[3.5, 7, 10.5], [2.5, 4, 5.5]]]);
});

onEachEngine("orthogonal() gives orthonormal rows or columns times the gain", async () => {
  for (const [rows, columns] of [[3, 5], [5, 3], [4, 4]] as const) {
    const w = orthogonal(2)(new HostRandom(3), [rows, columns]);
    const product = rows <= columns ? w.matmul(w.transpose()) : w.transpose().matmul(w);
    const n = Math.min(rows, columns);
    const expected = Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 4 : 0);
    checkNumbers(await product.data(), expected, 1e-6, `${rows} x ${columns}`);
  }
});

onEachEngine(
  "orthogonal() takes the entries along the first axis as rows, as PyTorch does, and refuses a vector",
  async () => {
    const w = orthogonal()(new HostRandom(3), [2, 3, 4]);
    const rows = w.reshape(2, 12);
    equal(w.shape, [2, 3, 4]);
    checkNumbers(await rows.matmul(rows.transpose()).data(), [1, 0, 0, 1], 1e-6, "rows");
    throws(() => orthogonal()(new HostRandom(3), [4]), /at least two axes, not \[4\]/);
  },
);

onEachEngine("TanhNormal has a finite log-probability and gradient at the edges of its range", async () => {
  const [loc, scale] = [new Parameter(tensor([0, 0, 0.5]), "loc"), new Parameter(tensor([1, 0.1, 2]), "scale")];
  const distribution = new TanhNormal(loc, scale);
  const logProb = distribution.logProb(tensor([1, -1, 0.999999]));
  const values = [logProb, ...gradients(logProb.sum(), [loc, scale])];
  for (const value of values) ok((await value.data()).every(Number.isFinite));
});

onEachEngine("TanhNormal gives the same density for an action and for what is behind it", async () => {
  const distribution = new TanhNormal(tensor([0.3, -0.2]), tensor([0.7, 1.2]));
  const raw = tensor([0.4, -1.5]);
  const expected = [...await distribution.logProbOfBase(raw).data()];
  checkNumbers(await distribution.logProb(raw.tanh()).data(), expected, 1e-5, "logProb");
});

onEachEngine("Categorical never draws a class of probability 0, whatever the random bits", async () => {
  const [key, rows] = [randomKey(2626948), 16];
  ok((await uniform(key, [rows, 2]).data())[16] === 0, "the key is one that gives a uniform number of 0");
  const logits = tensor([[-Infinity, 0]]).expand(rows, 2);
  equal(await new Categorical(logits).sample(key).toList(), Array(rows).fill(1));
});
