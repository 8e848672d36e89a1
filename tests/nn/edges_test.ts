/** Layers, losses and schedules at their edges, against what PyTorch gives there. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  Beta,
  conv1d,
  conv2d,
  crossEntropy,
  grad,
  GroupNorm,
  GRU,
  HostRandom,
  klDiv,
  LSTM,
  MaxPool1d,
  maxPool2d,
  MultiheadAttention,
  oneCycle,
  randomKey,
  scaledDotProductAttention,
  type Tensor,
  tensor,
  whileLoop,
  zeros,
} from "../../mod.ts";
import { onCpu } from "../engines.ts";

onCpu("NaN in a mask that is added makes what its query sees NaN: it does not forbid", async () => {
  const x = tensor([[1, 0], [0, 1]]);
  const y = scaledDotProductAttention(x, x, x, { attnMask: tensor([[NaN, 0], [0, -Infinity]]) });
  equal(await y.toList(), [[NaN, NaN], [1, 0]]);
});

onCpu("a divergence from what is no probability is NaN, and 0 where the target is", async () => {
  const [input, target] = [tensor([-1, -1, -1]), tensor([NaN, -0.5, 0])];
  equal(await klDiv(input, target, { reduction: "none" }).toList(), [NaN, NaN, 0]);
});

onCpu("a convolution whose windows all miss the input has a gradient of 0", async () => {
  const weight = tensor([2], { shape: [1, 1, 1] });
  const slope = (n: number, padding: number, stride: number) =>
    grad((x) => conv1d(x, weight, null, { padding, stride }).square().sum())(tensor(1, { shape: [] }).expand(1, 1, n));
  equal(await slope(1, 2, 5).toList(), [[[0]]]);
  equal(await slope(2, 3, 3).toList(), [[[8, 0]]]);
  equal(await slope(3, 4, 9).toList(), [[[0, 0, 0]]]);
});

Deno.test("a cycle may begin or end with its highest rate", () => {
  const falling = oneCycle(10, { pctStart: 0.1 });
  equal([falling(0), falling(9)], [1, 4e-6]);
  equal([0, 1].map(oneCycle(2, { pctStart: 0.5 })), [1, 4e-6]);
  equal([1, 2].map(oneCycle(2, { pctStart: 1 })), [1, 1]);
});

onCpu("a batch of nothing goes through norms and attention", async () => {
  const norm = new GroupNorm(2, 4).forward(zeros([0, 4, 3]));
  equal([norm.shape, await norm.toList()], [[0, 4, 3], []]);
  const random = new HostRandom(0);
  equal(new MultiheadAttention(4, 2, random, { batchFirst: true }).forward(zeros([2, 0, 4])).shape, [2, 0, 4]);
  equal(new MultiheadAttention(4, 2, random).forward(zeros([0, 2, 4])).shape, [0, 2, 4]);
});

Deno.test("a window that is larger than what it looks at is refused: its mean would be NaN", () => {
  const image = zeros([1, 1, 2, 2]);
  const told = (layer: string, window: string, whole: string) =>
    new RegExp(`${layer} has a window of ${window}, which is larger than its input, ${whole} with the padding`);
  throws(() => conv2d(image, zeros([1, 1, 3, 3])), told("conv2d\\(\\)", "3 x 3", "2 x 2"));
  throws(() => conv1d(zeros([1, 1, 4]), zeros([1, 1, 3]), null, { dilation: 2 }), told(".*", "1 x 5", "1 x 4"));
  throws(() => maxPool2d(image, [2, 3]), told("maxPool2d\\(\\)", "2 x 3", "2 x 2"));
  throws(() => new MaxPool1d(3).forward(zeros([1, 1, 2])), told("MaxPool1d", "1 x 3", "1 x 2"));
  equal(conv2d(image, zeros([1, 1, 3, 3]), null, { padding: 1 }).shape, [1, 1, 2, 2]);
});

onCpu("a sequence of no steps leaves a recurrent layer's state as it was; a vector is no sequence", async () => {
  for (const Layer of [GRU, LSTM]) {
    const layer = new Layer(2, 3, new HostRandom(0), { numLayers: 2, bidirectional: true });
    const [outputs, { hidden }] = layer.run(zeros([0, 1, 2]));
    equal([outputs.shape, await outputs.toList()], [[0, 1, 6], []]);
    equal(await hidden.toList(), [new Array(4).fill([0, 0, 0])]);
    throws(
      () => layer.run(zeros([2])),
      new RegExp(`a ${Layer.name} takes \\[time, \\.\\., feature\\], not float32 \\[2\\]`),
    );
  }
});

onCpu("Beta has a density at 0 and 1, and samples that are neither", async () => {
  const beta = new Beta(tensor([1, 2, 1, 2, 1]), tensor([1, 1, 3, 1, 1]));
  const found = await beta.logProb(tensor([0, 1, 0, 0, NaN])).data();
  // PyTorch's.
  const expected = [0, 0.6931471824645996, 1.0986123085021973, -Infinity, NaN];
  expected.forEach((x, i) => ok(Object.is(found[i], x) || Math.abs(Number(found[i]) - x) < 2e-6, `${found}`));
  // The logarithm of x and that of 1 - x, less the derivative of the normaliser.
  const slope = await grad((a) => new Beta(a, 1).logProb(0.5))(tensor(1)).item();
  ok(Math.abs(Number(slope) - (1 - Math.log(2))) < 1e-5, `${slope}`);
  const samples = await new Beta(tensor(0.05), tensor(0.05)).sample(randomKey(3), [500]).data();
  ok(samples.every((x) => x > 0 && x < 1));
  ok(samples.some((x) => x > 0.999999) && samples.some((x) => x < 1e-6));
});

Deno.test("a loss of whole numbers, groups that share no channels and a mask of numbers are told as what they are", () => {
  const whole = (numbers: number[]) => tensor(numbers, { dtype: "int32" });
  throws(
    () => crossEntropy(whole([1, 2]).reshape(1, 2), whole([0])),
    /takes float32 \[N, class, \.\.\] .*, not int32 \[1, 2\].*help: input\.cast\("float32"\)/s,
  );
  throws(
    () => conv2d(zeros([1, 4, 3, 3]), zeros([3, 2, 2, 2]), null, { groups: 2 }),
    /shares its channels among 2 groups, and 3 is no multiple of it/,
  );
  const attention = new MultiheadAttention(2, 1, new HostRandom(0), { batchFirst: true });
  const x = zeros([1, 2, 2]);
  throws(
    () => attention.forward(x, x, x, { keyPaddingMask: zeros([1, 2]) }),
    /keyPaddingMask of MultiheadAttention is bool, not float32 \[1, 2\]/,
  );
});

Deno.test("a state of other sequences, or of another layer, is told as such", () => {
  const [gru, lstm] = [new GRU(2, 3, new HostRandom(0)), new LSTM(2, 3, new HostRandom(0))];
  const told = /a GRU takes a state whose `hidden` is float32 \[5, 3\] for these sequences, not float32 \[4, 3\]/;
  throws(() => gru.run(zeros([4, 5, 2]), { hidden: zeros([4, 3]) }), told);
  const state = gru.initialState(5) as ReturnType<typeof lstm.initialState>;
  throws(() => lstm.run(zeros([4, 5, 2]), state), /an LSTM takes a state whose `cell` is .*, not none/);
});

Deno.test("a step of a loop that gives a number is told as such", () => {
  const step = () => 3 as unknown as Tensor;
  throws(
    () => whileLoop((x) => x.less(3), step, tensor(1), { maxSteps: 2 }),
    /whileLoop\(\) needs functions that give tensors; this one gives the number 3/,
  );
});
