/** Labels, weights, losses and gradients of several heads, and the targets of values, against PyTorch, under every mask. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  compile,
  gradients,
  headTargets,
  headWeights,
  HostRandom,
  LanguageModel,
  lookAhead,
  multiTokenLoss,
  ones,
  type Tensor,
  tensor,
  valueDeltas,
  valueTargets,
  zeros,
} from "../../mod.ts";
import { arange } from "../../lib/tensor/creation.ts";
import { crossEntropy } from "../../lib/nn/losses.ts";
import { onCpu, onEachEngine } from "../engines.ts";
import { checkNumbers, readFixture } from "../fixtures/pytorch.ts";

interface HeadsRow {
  readonly name: string;
  readonly lengths: readonly number[];
  readonly tokens: readonly number[];
  readonly logits: readonly number[];
  readonly values: readonly number[];
  readonly rewards: readonly number[];
  readonly labels: readonly number[];
  readonly valid: readonly number[];
  readonly delta: readonly number[];
  readonly weights: readonly number[];
  readonly losses: readonly number[];
  readonly loss: number;
  readonly gradLogits: readonly number[];
  readonly gradValues: readonly number[];
  readonly terminal: readonly number[];
  readonly cutOff: readonly number[];
}

const rows = await readFixture<HeadsRow>("heads");
const [B, S, H, V] = [3, 6, 4, 4];

/** What one row says, as tensors of its inputs. */
function lossOf(tokens: Tensor, lengths: Tensor, logits: Tensor, values: Tensor, rewards: Tensor, inGraph: boolean) {
  const tokensAre = arange(S).unsqueeze(0).less(lengths.unsqueeze(1));
  const { labels, valid } = headTargets(tokens, H, tokensAre);
  const delta = valueDeltas(values);
  const weights = headWeights(lookAhead(delta, H), valid, { differentiable: inGraph });
  const losses = crossEntropy(logits.reshape(-1, V), labels.reshape(-1), { reduction: "none" })
    .reshape(B, S, H).where(valid, 0);
  const targets = { rewards, values, valid: tokensAre };
  return {
    ...{ labels, valid, delta, weights, losses, loss: multiTokenLoss(losses, weights, valid) },
    terminal: valueTargets({ ...targets, terminal: true }),
    cutOff: valueTargets({ ...targets, terminal: false }),
  };
}

const step = compile((tokens: Tensor, lengths: Tensor, logits: Tensor, values: Tensor, rewards: Tensor) => {
  const found = lossOf(tokens, lengths, logits, values, rewards, false);
  const [gradLogits] = gradients(found.loss, [logits]);
  const [gradValues] = gradients(lossOf(tokens, lengths, logits, values, rewards, true).loss, [values]);
  return { ...found, gradLogits: gradLogits!, gradValues: gradValues! };
});

onEachEngine(
  "weights, losses and gradients of heads are PyTorch's under every mask, and empty rows exactly 0",
  async () => {
    for (const row of rows) {
      const given = [
        tensor(row.tokens as number[], { dtype: "int32", shape: [B, S] }),
        tensor(row.lengths as number[], { dtype: "int32" }),
        tensor(row.logits as number[], { shape: [B, S, H, V] }),
        tensor(row.values as number[], { shape: [B, S] }),
        tensor(row.rewards as number[], { shape: [B, S] }),
      ] as const;
      const { labels, valid, loss, weights, ...others } = await step(...given);
      equal([...await labels.data()], row.labels);
      equal([...await valid.data()], row.valid);
      checkNumbers([Number(await loss.item())], [row.loss], 1e-6, `${row.name}: loss`);
      const w = await weights.data();
      checkNumbers(w, row.weights, 1e-6, `${row.name}: weights`);
      for (let t = 0; t < B * S; t++) {
        const heads = [...w.slice(t * H, t * H + H)];
        const counts = row.valid.slice(t * H, t * H + H);
        heads.forEach((x, k) => ok(counts[k] === 1 || x === 0, `${row.name}: weight ${k} of position ${t} is ${x}`));
        const sum = heads.reduce((a, b) => a + b);
        ok(counts.includes(1) ? Math.abs(sum - 1) < 1e-6 : sum === 0, `${row.name}: the weights of ${t} are ${sum}`);
      }
      for (const [name, x] of Object.entries(others)) {
        checkNumbers(await x.data(), row[name as keyof typeof others], 1e-6, `${row.name}: ${name}`);
      }
    }
  },
);

onCpu("weights are detached with a reason, unless they are to learn", async () => {
  const valid = ones([1, 2, 2], { dtype: "bool" });
  const scores = tensor([[[1, 2], [0, 3]]]);
  const losses = tensor([[[1, 4], [2, 2]]]);
  const gradientOf = (differentiable: boolean): Tensor[] =>
    gradients(multiTokenLoss(losses, headWeights(scores, valid, { temperature: 1, differentiable }), valid), [scores]);
  const w = await headWeights(scores, valid, { temperature: 1 }).data();
  // d loss / d score_k = w_k (loss_k - loss of the position) / positions.
  const mean = w[0]! + 4 * w[1]!;
  checkNumbers(await gradientOf(true)[0]!.data(), [w[0]! * (1 - mean) / 2, w[1]! * (4 - mean) / 2, 0, 0], 1e-6, "grad");
  throws(() => gradientOf(false), /weights choose, they do not learn/);
});

onCpu("what does not count may be NaN: neither the loss nor a gradient of weights hears of it", async () => {
  const valid = tensor([[[true, false]]]), weights = tensor([[[0.5, 0.5]]]);
  const loss = multiTokenLoss(tensor([[[3, NaN]]]), weights, valid);
  equal([await loss.item(), [...await gradients(loss, [weights])[0]!.data()]], [3, [0, 0]]);
});

onCpu(
  "models of any number of heads have as many parameters, and head k sees nothing of what it says",
  async () => {
    const size = { dModel: 8, numLayers: 4, numHeads: 2, vocabulary: 16 };
    const models = [1, 2, 3].map((predictions) => new LanguageModel(new HostRandom(0), { ...size, predictions }));
    const counts = models.map((x) => x.parameters().reduce((n, { size }) => n + size, 0));
    equal(new Set(counts).size, 1);
    const model = models[2]!;
    const logits = compile((x: Tensor) => model.logits(model.hidden(x), 2), { state: model });
    const of = (list: number[]) => logits(tensor([list], { dtype: "int32" })).then((x) => x.data());
    const [a, b] = [await of([1, 2, 3, 4, 5]), await of([1, 2, 3, 9, 7])];
    equal([...a.slice(0, 3 * 16)], [...b.slice(0, 3 * 16)]);
    ok(a.slice(3 * 16).some((x, i) => x !== b[3 * 16 + i]));
  },
);

Deno.test("what heads, values and models do not take is said in a sentence", () => {
  const valid = zeros([1, 2, 2], { dtype: "bool" });
  throws(() => lookAhead(zeros([2]), 1), /lookAhead\(\) takes \[sequence, time\], not float32 \[2\]/);
  throws(() => headTargets(zeros([1, 2]), 1), /int32 tokens \[sequence, time\], not float32 \[1, 2\]/);
  throws(
    () => headTargets(zeros([1, 2], { dtype: "int32" }), 1, valid),
    /valid of headTargets\(\) is bool \[1, 2\] here/,
  );
  throws(() => headWeights(zeros([1, 2, 3]), valid), /headWeights\(\) takes float32 scores \[sequence, time, head\]/);
  throws(() => headWeights(zeros([1, 2, 2]), zeros([1, 2, 2])), /the mask of headWeights\(\) is bool/);
  throws(() => headWeights(zeros([1, 2, 2]), valid, { temperature: 0 }), /a number above 0/);
  throws(
    () => multiTokenLoss(zeros([1, 2, 2]), zeros([1, 2]), valid),
    /takes float32 weights \[sequence, time, head\]/,
  );
  throws(() => valueDeltas(zeros([1, 2, 1])), /valueDeltas\(\) takes float32 \[sequence, time\]/);
  throws(
    () =>
      valueTargets({
        rewards: zeros([1, 2]),
        values: zeros([1, 3]),
        valid: ones([1, 2], { dtype: "bool" }),
        terminal: true,
      }),
    /valueTargets\(\) takes float32 rewards and values and bool valid/,
  );
  throws(() => new LanguageModel(new HostRandom(0), { numLayers: 4, predictions: 4 }), /numLayers is at least 5/);
  throws(() => new LanguageModel(new HostRandom(0), { dModel: 6, numHeads: 2 }), /dModel is a multiple of 4/);
  const model = new LanguageModel(new HostRandom(0), { dModel: 8, numLayers: 2, numHeads: 2, predictions: 1 });
  throws(() => model.forward(zeros([3], { dtype: "int32" })), /LanguageModel takes tokens \[sequence, time\]/);
  throws(() => model.logits(zeros([1, 2, 8]), 1), /has the heads 0 to 0, not 1/);
});
