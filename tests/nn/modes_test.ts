/** Dropout and the two modes of modules; what losses, embeddings and attention refuse; rows that see nothing. */

import { deepStrictEqual as equal, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import {
  arange,
  BatchNorm,
  compile,
  Conv2d,
  conv2d,
  crossEntropy,
  Dropout,
  dropout,
  Embedding,
  full,
  gradients,
  GroupNorm,
  GRU,
  HostRandom,
  huberLoss,
  LSTM,
  maxPool2d,
  mseLoss,
  MultiheadAttention,
  ones,
  onWarning,
  randomKey,
  RMSNorm,
  scaledDotProductAttention,
  Sequential,
  sinusoidalPositions,
  tensor,
  TransformerBlock,
  zeros,
} from "../../mod.ts";
import { onCpu, onEachEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

const random = new HostRandom(0);

onEachEngine("dropout drops its share and keeps the mean, with the gradient of what it kept", async () => {
  const n = 20_000;
  const x = full([n], 3);
  const y = dropout(x, 0.3, randomKey(5));
  const numbers = await y.data();
  const kept = numbers.filter((v) => v !== 0).length / n;
  // Six deviations of a binomial share.
  ok(Math.abs(kept - 0.7) < 6 * Math.sqrt(0.21 / n), `kept ${kept}`);
  ok(numbers.every((v) => v === 0 || Math.abs(v - 3 / 0.7) < 1e-5));
  const [g] = gradients(dropout(x, 0.3, randomKey(5)).sum(), [x]);
  checkNumbers(await g!.data(), [...numbers].map((v) => v / 3), 1e-6, "gradient");
});

onCpu("p of 0 keeps all and of 1 nothing", async () => {
  equal(await dropout(ones([3]), 0, randomKey(0)).toList(), [1, 1, 1]);
  equal(await dropout(ones([3]), 1, randomKey(0)).toList(), [0, 0, 0]);
});

onCpu(
  "each call drops others, in programs too; after eval() none, and a program knows in which mode it was traced",
  async () => {
    const drop = new Dropout(0.5, new HostRandom(1));
    const net = new Sequential(new Sequential(drop));
    const step = compile((x) => net.forward(x), { state: net });
    const x = ones([64]);
    const [a, b] = [await (await step(x)).data(), await (await step(x)).data()];
    ok(a.some((v, i) => v !== b[i]));
    net.eval();
    strictEqual(drop.training, false);
    equal(await (await step(x)).data(), await x.data());
    strictEqual(step.traces.length, 2);
    net.train();
    ok((await (await step(x)).data()).includes(0));
    equal(step.traces[2]!.startsWith("another way of its optimisers or layers"), true);
  },
);

onCpu("two programs, one for each mode, are traced once", async () => {
  const net = new TransformerBlock(4, 2, random, { dropout: 0.5 });
  const [train, evaluate] = [0, 1].map(() => compile((x) => net.forward(x), { state: net }));
  const x = ones([1, 3, 4]);
  for (let i = 0; i < 3; i++) {
    net.train();
    await train!(x);
    net.eval();
    const [a, b] = [await (await evaluate!(x)).data(), await (await evaluate!(x)).data()];
    equal(a, b);
  }
  equal([train!.traces.length, evaluate!.traces.length], [1, 1]);
});

onEachEngine("a query that may look at nothing gives 0 and passes none, whatever stands there", async () => {
  const x = tensor([[1, 2], [3e38, -3e38]]);
  for (const mask of [tensor([[true, false], [false, false]]), tensor([[0, -Infinity], [-Infinity, -Infinity]])]) {
    const y = scaledDotProductAttention(x, x, tensor([[5, 6], [7, 8]]), { attnMask: mask });
    equal(await y.toList(), [[5, 6], [0, 0]]);
    const [g] = gradients(y.sum(), [x]);
    equal(await g!.select(0, 1).toList(), [0, 0]);
  }
});

onEachEngine(
  "batch normalisation follows its batches as PyTorch does, and takes what it followed after eval()",
  async () => {
    const norm = new BatchNorm(2, { momentum: 0.25 });
    const step = compile((x) => norm.forward(x), { state: norm });
    const batches = [[[1, 10], [3, 30], [8, 20]], [[0, 1], [2, -1], [4, 3]]];
    let [mean, variance] = [[0, 0], [1, 1]];
    for (const batch of batches) {
      await step(tensor(batch));
      const column = (i: number): number[] => batch.map((row) => row[i]!);
      const means = [0, 1].map((i) => column(i).reduce((a, b) => a + b) / 3);
      const spread = [0, 1].map((i) => column(i).reduce((sum, x) => sum + (x - means[i]!) ** 2, 0) / 2);
      mean = mean.map((x, i) => 0.75 * x + 0.25 * means[i]!);
      variance = variance.map((x, i) => 0.75 * x + 0.25 * spread[i]!);
    }
    checkNumbers(await norm.runningMean.data(), mean, 1e-6, "running mean");
    checkNumbers(await norm.runningVar.data(), variance, 1e-6, "running variance");
    strictEqual(await norm.numBatchesTracked.item(), 2);
    norm.eval();
    const expected = [0, 1].map((i) => (7 - mean[i]!) / Math.sqrt(variance[i]! + 1e-5));
    checkNumbers(await (await step(tensor([[7, 7]]))).data(), expected, 1e-5, "after eval()");
    strictEqual(await norm.numBatchesTracked.item(), 2);
  },
);

Deno.test("convolutions, pooling, norms and recurrent layers name what they take and were given", () => {
  const image = zeros([2, 3, 8, 8]);
  throws(
    () => conv2d(image, zeros([4, 2, 3, 3])),
    /conv2d\(\) of float32 \[2, 3, 8, 8\] with a weight float32 \[4, 2, 3, 3\] does not fit: the input has 3 channels, the weight is for 2\./,
  );
  throws(
    () => conv2d(zeros([3, 8, 8]), zeros([4, 3, 3, 3])),
    /conv2d\(\) takes float32 \[batch, channel, height, width\], not float32 \[3, 8, 8\]\.[^]*x\.unsqueeze\(0\)/,
  );
  throws(
    () => conv2d(image, zeros([4, 3, 3, 3]), zeros([3])),
    /takes a bias for each of 4 channels, not float32 \[3\]/,
  );
  throws(
    () => new Conv2d(3, 4, 3, random, { padding: "same", stride: 2 }),
    /padding "same" of Conv2d keeps the size, which a stride of 2 does not/,
  );
  throws(() => new Conv2d(3, 4, 3, random, { groups: 2 }), /share its channels: 3 and 4 are no multiples of 2\./);
  throws(
    () => maxPool2d(image, 2, { padding: 2 }),
    /padding of maxPool2d\(\) is at most half of its window, 2 x 2, not 2 x 2/,
  );
  throws(() => new GroupNorm(2, 3), /share its channels: 3 is no multiple of 2/);
  throws(
    () => new GroupNorm(1, 4).forward(image),
    /GroupNorm takes \[batch, channel, \.\.\] with 4 channels; it was given/,
  );
  throws(
    () => new BatchNorm(3).forward(zeros([1, 3])),
    /BatchNorm needs more than one number of a channel to train[^]*eval\(\)/,
  );
  const both = new GRU(2, 3, random, { bidirectional: true });
  throws(() => both.step(zeros([4, 2]), both.initialState(4)), /a GRU that goes both ways has no single step/);
  const resets = zeros([5, 4], { dtype: "bool" });
  throws(() => both.run(zeros([5, 4, 2]), both.initialState(4), resets), /goes both ways takes no resets/);
  throws(
    () => new GRU(2, 3, random, { batchFirst: true }).run(zeros([5, 2])),
    /with batchFirst takes \[batch, time, feature\]/,
  );
});

onCpu("a recurrent layer alone that is to drop what it gives says once that it does not, as PyTorch does", () => {
  const warnings: string[] = [];
  const end = onWarning(({ message }) => warnings.push(message));
  new GRU(2, 3, random, { numLayers: 2, dropout: 0.5 });
  new LSTM(2, 3, random, { dropout: 0.5 });
  end();
  equal(warnings.length, 1);
  match(
    warnings[0]!,
    /G310\].*a LSTM of one layer drops nothing\n.*modes_test\.ts:\d+[^]*help: drop what it gives: new Dropout/,
  );
});

onCpu("layers of a recurrent network step as they run", async () => {
  const layers = new LSTM(2, 3, random, { numLayers: 2 });
  const x = tensor(new HostRandom(2).uniform(24, -1, 1), { shape: [3, 4, 2] });
  const [outputs, last] = layers.run(x);
  let state = layers.initialState(4);
  equal(state.hidden.shape, [4, 2, 3]);
  for (let t = 0; t < 3; t++) {
    const [y, next] = layers.step(x.select(0, t), state);
    checkNumbers(await y.data(), [...await outputs.select(0, t).data()], 1e-6, `step ${t}`);
    state = next;
  }
  checkNumbers(await state.cell.data(), [...await last.cell.data()], 1e-6, "the last cell");
});

Deno.test("sinusoids are those of Vaswani et al. 2017", async () => {
  const table = sinusoidalPositions(50, 6);
  const expected = Array.from({ length: 6 }, (_, i) => {
    const angle = 49 / 10000 ** (2 * Math.floor(i / 2) / 6);
    return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  checkNumbers(await table.select(0, 49).data(), expected, 1e-7, "position 49");
});

Deno.test("losses refuse what would be broadcast in silence, and classes that are none", () => {
  const [x, y] = [zeros([4]), zeros([4, 1])];
  throws(() => mseLoss(x, y), /mseLoss\(\) compares tensors of one shape, not float32 \[4\] with float32 \[4, 1\]\./);
  throws(() => huberLoss(x, x, { delta: 0 }), /delta of huberLoss\(\) is a number above 0, not 0\./);
  const classes = tensor([0, 1], { dtype: "int32" });
  throws(
    () => crossEntropy(zeros([2, 5, 3]), zeros([2, 5], { dtype: "int32" })),
    /crossEntropy\(\) takes float32 \[N, class, \.\.\] and the classes of them, int32 \[N, \.\.\], not float32 \[2, 5, 3\] and int32 \[2, 5\]/,
  );
  throws(() => crossEntropy(zeros([2, 3]), zeros([2])), /the classes are whole numbers: target\.cast\("int32"\)/);
  throws(
    () => crossEntropy(zeros([2, 3]), classes, { weight: ones([2]) }),
    /takes a weight for each of its 3 classes, not float32 \[2\]/,
  );
});

onCpu("a class or symbol that there is not is refused when values are computed", async () => {
  const far = tensor([0, 7], { dtype: "int32" });
  await rejects(() => crossEntropy(zeros([2, 3]), far).item(), /G308/);
  await rejects(() => crossEntropy(zeros([2, 3]), tensor([0, -1], { dtype: "int32" })).item(), /G308/);
  await rejects(() => new Embedding(3, 2, random).forward(far).data(), /G308/);
});

Deno.test("layers of a transformer name what they take and were given", () => {
  throws(() => new Embedding(3, 2, random).forward(zeros([2])), /Embedding takes int32 symbols, not float32 \[2\]/);
  throws(() => new Embedding(3, 2, random, { paddingIdx: 3 }), /paddingIdx is one of the 3 symbols, not 3\./);
  throws(() => new MultiheadAttention(6, 4, random), /share its features: 6 is no multiple of 4\./);
  throws(
    () => new MultiheadAttention(4, 2, random).forward(zeros([2, 3, 5, 4])),
    /MultiheadAttention takes \[time, batch, embedDim\] with an embedDim of 4; it was given float32 \[2, 3, 5, 4\]/,
  );
  throws(
    () =>
      new MultiheadAttention(4, 2, random).forward(zeros([3, 2, 4]), zeros([3, 2, 4]), zeros([3, 2, 4]), {
        attnMask: zeros([2, 3]),
      }),
    /attnMask of MultiheadAttention is \[3, 3\] or \[4, 3, 3\] here, not float32 \[2, 3\]/,
  );
  const q = zeros([2, 3, 4]);
  throws(() => scaledDotProductAttention(q, zeros([2, 3, 5]), q), /takes a query \[\.\., query, features\], a key/);
  throws(() => scaledDotProductAttention(q, q, q, { dropoutP: 0.5 }), /dropoutP .* needs dropoutKey, a random key/);
  throws(
    () => scaledDotProductAttention(q, q, q, { attnMask: arange(3) }),
    /attnMask .* is bool or float32, not int32/,
  );
  throws(() => new RMSNorm(3).forward(q), /RMSNorm takes inputs whose last axis has size 3 \(its features\)/);
  throws(() => new TransformerBlock(6, 2, random).forward(q), /TransformerBlock takes inputs .* 6 \(its dModel\)/);
});

onCpu("a recurrent layer drops between its layers while it trains, and only there", async () => {
  const weights = new GRU(2, 3, new HostRandom(4), { numLayers: 3 });
  const net = new GRU(2, 3, new HostRandom(5), { numLayers: 3, dropout: 0.5 });
  // PyTorch's files have no key of random numbers.
  equal(net.loadStateDict(weights.stateDict()), { missingKeys: [], unexpectedKeys: [] });
  const x = tensor(new HostRandom(6).uniform(40, -1, 1), { shape: [5, 4, 2] });
  const run = compile((x) => net.forward(x), { state: net });
  const [first, second] = [await (await run(x)).toList(), await (await run(x)).toList()];
  ok(JSON.stringify(first) !== JSON.stringify(second), "each call drops others");
  net.eval();
  const expected = await weights.forward(x).data();
  checkNumbers(await (await run(x)).data(), [...expected], 1e-6, "after eval()");
  equal(new LSTM(2, 3, new HostRandom(0), { dropout: 0.5 }).generator, null);
});

Deno.test("attention with keys of other features names them where they do not fit", () => {
  const attention = new MultiheadAttention(4, 2, random, { batchFirst: true, kdim: 3, vdim: 5 });
  const [query, key, value] = [zeros([2, 3, 4]), zeros([2, 6, 3]), zeros([2, 6, 5])];
  equal(attention.forward(query, key, value).shape, [2, 3, 4]);
  throws(
    () => attention.forward(query),
    /takes \[\.\., time, kdim\] with a kdim of 3; it was given float32 \[2, 3, 4\]/,
  );
  throws(() => attention.forward(query, key, zeros([2, 6, 4])), /with a vdim of 5; it was given float32 \[2, 6, 4\]/);
  throws(() => attention.forward(query, key, zeros([2, 5, 5])), /takes a query .*, a key .* and a value/);
});
