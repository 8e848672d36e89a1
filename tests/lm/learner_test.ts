/** What weighs the heads of a learner: against what is worked out on the host; and that stage 1 leaves the model alone. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import { compile, crossEntropy, HostRandom, type Tensor, tensor } from "../../mod.ts";
import type { Executable, Graph } from "../../lib/engine/engine.ts";
import { currentEngine, useEngine } from "../../lib/engine/select.ts";
import { layOut } from "../../lib/engine/wasm/program.ts";
import { LanguageLearner } from "../../lib/lm/learner.ts";
import { keepTop } from "../../lib/lm/keep_top.ts";
import { type LanguageTrainerOptions, withoutStages } from "../../lib/lm/options.ts";
import { onCpu } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

const [rows, time, heads] = [2, 6, 2];
const base: LanguageTrainerOptions = {
  ...withoutStages,
  ...{ algorithm: "critic-wmtp", seed: 0, nIters: 1, batchesPerIteration: 1, batchSize: rows, accumulate: 1 },
  ...{ dModel: 8, numLayers: 3, numHeads: 2, predictions: heads, lr: 1e-2, warmup: 0, weightDecay: 0, maxGradNorm: 1 },
};
const bytes = Int32Array.from({ length: rows * time }, (_, i) => (i * 5) % 7);
const lengths = [6, 4];
const given = {
  tokens: tensor(bytes, { shape: [rows, time] }),
  lengths: tensor(Int32Array.from(lengths)),
  reward: tensor([1, 0]),
  oracle: tensor(Float32Array.from({ length: rows * time }, (_, i) => Math.sin(i)), { shape: [rows, time] }),
};
const make = (options: Partial<LanguageTrainerOptions>) =>
  new LanguageLearner({ ...base, ...options }, true, new HostRandom(1));

/** softmax over the heads of scores by row, place and head, divided by the temperature, where there is a label. */
function softmaxed(score: (row: number, label: number, t: number, k: number) => number, temperature: number): number[] {
  return Array.from({ length: rows * time }, (_, i) => {
    const [row, t] = [Math.floor(i / time), i % time];
    const e = Array.from({ length: heads }, (_, k) => {
      return t + k + 1 < lengths[row]! ? Math.exp(score(row, t + k + 1, t, k) / temperature) : 0;
    });
    const sum = e.reduce((a, b) => a + b);
    return e.map((x) => sum > 0 ? x / sum : 0);
  }).flat();
}

onCpu("a reference weighs by the signed excess over its own loss of the same byte", async () => {
  const learner = make({ algorithm: "rho1-wmtp", temperature: 0.05 });
  const { losses, weights } = learner.look(given);
  const own = await losses.data();
  const logits = learner.reference!.forward(given.tokens);
  const next = given.tokens.slice(1, 1).reshape(-1);
  const costs = await crossEntropy(logits.slice(1, 0, time - 1).reshape(-1, 256), next, { reduction: "none" }).data();
  // The loss of byte t is said at t - 1.
  const ofByte = (row: number, t: number): number => costs[row * (time - 1) + t - 1]!;
  const expected = softmaxed((row, label, t, k) => own[(row * time + t) * heads + k]! - ofByte(row, label), 0.05);
  checkNumbers(await weights.data(), expected, 2e-4, "weights");
});

onCpu(
  "oracle weights are of who knows the answer, and shuffled ones of the other row, of its tokens alone",
  async () => {
    const oracle = await given.oracle.data();
    const delta = (row: number, t: number): number =>
      oracle[row * time + t]! - 0.95 * (t > 0 ? oracle[row * time + t - 1]! : 0);
    const { weights } = make({ weigher: "oracle" }).look(given);
    checkNumbers(await weights.data(), softmaxed((row, label) => delta(row, label), 0.7), 1e-5, "oracle");
    const { deltas } = make({}).look(given);
    const changes = await deltas.data();
    equal([...changes.slice(time + 4)], [0, 0]);
    const shuffled = await make({ weigher: "shuffled" }).look(given).weights.data();
    checkNumbers(shuffled, softmaxed((row, label) => changes[(1 - row) * time + label]!, 0.7), 1e-5, "shuffled");
  },
);

onCpu("stage 1 changes the critic and leaves the model alone; stage 2 changes both", async () => {
  const learner = make({});
  const numbers = async (list: readonly Tensor[]) => (await Promise.all(list.map((x) => x.data()))).map((x) => [...x]);
  const both = async () => [await numbers(learner.model.parameters()), await numbers(learner.critic!.parameters())];
  const before = await both();
  await learner.prepare(given).item();
  const between = await both();
  equal(between[0], before[0]);
  ok(between[1]!.some((x, i) => x.some((y, j) => y !== before[1]![i]![j])));
  learner.otherOptimizer!.zeroGrad();
  await learner.weighed(given).data();
  const after = await both();
  for (const k of [0, 1]) ok(after[k]!.every((x, i) => x.some((y, j) => y !== between[k]![i]![j])), `part ${k}`);
});

/** Four rows of unlike lengths, one of which has nothing to say. */
const four = {
  tokens: tensor(Int32Array.from({ length: 4 * time }, (_, i) => (i * 5) % 7), { shape: [4, time] }),
  lengths: tensor(Int32Array.of(6, 1, 3, 5)),
  reward: tensor([1, 0, 0, 1]),
  oracle: tensor(Float32Array.from({ length: 4 * time }, (_, i) => Math.sin(i)), { shape: [4, time] }),
};

onCpu("gradients of parts of a batch, which have unlike numbers of labels, are those of the whole", async () => {
  const measured = [1, 2].map((accumulate) =>
    make({ accumulate, weigher: "shuffled", valueCoef: 1 }).weighed(four).data()
  );
  const [whole, parts] = await Promise.all(measured);
  // Losses by head, and the norm of the gradient.
  checkNumbers(parts!, [...whole!], 1e-5, "losses and norm");
});

onCpu(
  "where a row is cut from a text, its last token is worth its value, and no reward is made up for it",
  async () => {
    const [gamma, lmbda] = [0.9, 0.95];
    const learner = new LanguageLearner({ ...base, gamma, lmbda }, false, new HostRandom(1));
    const { losses } = learner.look(given);
    const cost = await losses.select(-1, 0).data();
    const state = learner.model.norm.forward(learner.model.ahead(learner.model.hidden(given.tokens), 0));
    const value = await learner.critic!.forward(state).squeeze(-1).data();
    let [sum, count] = [0, 0];
    lengths.forEach((length, row) => {
      let advantage = 0;
      for (let t = length - 2; t >= 0; t--) {
        const i = row * time + t;
        const surprise = -cost[i]! / Math.log(256) + gamma * value[i + 1]! - value[i]!;
        advantage = surprise + gamma * lmbda * advantage;
        [sum, count] = [sum + advantage ** 2, count + 1];
      }
    });
    checkNumbers(await learner.prepare(given).data(), [sum / count], 1e-5, "the critic's loss");
  },
);

const sixteen = {
  tokens: tensor(new Int32Array(256), { shape: [16, 16] }),
  lengths: tensor(new Int32Array(16).fill(16)),
  reward: tensor(new Float32Array(16)),
  oracle: tensor(new Float32Array(256), { shape: [16, 16] }),
};

/** Bytes that a step of so many heads takes, by the plan of its memory, in logits of one head, which are most of it. */
async function planned(predictions: number): Promise<number> {
  const learner = new LanguageLearner(
    { ...base, algorithm: "rho1-wmtp", predictions, numLayers: 5 },
    true,
    new HostRandom(1),
  );
  const state = [learner.model, learner.optimizer, learner.other!, learner.otherOptimizer!];
  await Promise.all(state.flatMap((x) => x.variables()).map((x) => x.data()));
  await Promise.all(Object.values(sixteen).map((x) => x.data()));
  const engine = await currentEngine();
  let bytes = 0;
  const compileTo = (graph: Graph): Promise<Executable> => {
    bytes = layOut(graph).bytes;
    return Promise.reject(new RangeError("planned, not run"));
  };
  try {
    useEngine({ name: "cpu", adapter: "none", liveBytes: () => ({}), dispose: () => {}, compile: compileTo });
    const step = compile((x: typeof sixteen) => learner.weighed(x), { state });
    await rejects(step(sixteen), /planned, not run/);
  } finally {
    useEngine(engine);
  }
  return bytes / (4 * 256 * 256);
}

onCpu("of logits those of one head are in memory at a time, whatever the number of heads", async () => {
  const more = await planned(4) - await planned(2);
  ok(more < 0.5, `${more} logits more for two more heads`);
});

onCpu("of scores the highest share is kept, of the valid ones alone", async () => {
  const scores = Float32Array.from({ length: 40 }, (_, i) => Math.sin(7 * i));
  const valid = scores.map((_, i) => i % 4 === 0 ? 0 : 1);
  const kept = await keepTop(tensor(scores), tensor(valid).greater(0), 0.6).data();
  const order = [...scores.keys()].filter((i) => valid[i]).sort((a, b) => scores[b]! - scores[a]!);
  const expected = new Float32Array(40);
  for (const i of order.slice(0, 18)) expected[i] = 1;
  equal([...kept], [...expected]);
});
