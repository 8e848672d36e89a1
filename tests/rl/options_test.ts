import assert from "node:assert/strict";
import {
  Adam,
  AdamW,
  Evaluator,
  HostRandom,
  LSTM,
  MLP,
  type Parameter,
  type PPOOptions,
  PPOTrainer,
  SGD,
  StackedMLP,
} from "../../mod.ts";
import { pointWorld, small } from "./point_world.ts";

// What TypeScript refuses, a notebook lets through.
const refused: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [{ algorithm: "ppo" }, 'PPO: algorithm is "mappo" or "ippo", not "ppo".'],
  [{ lrSchedule: "step" }, 'PPO: lrSchedule is "constant", "linear" or "cosine", not "step".'],
  [{ entropySchedule: "linear" }, "PPO: a linear entropySchedule needs nIters: where it ends."],
  [{ lrSchedule: "linear", nIters: 0 }, "PPO: nIters is a whole number of at least 1, not 0."],
  [{ hiddenSize: 0 }, "PPO: hiddenSize is a whole number of at least 1, not 0."],
  [{ recurrent: "rnn" }, 'PPO: recurrent is "none", "lstm" or "gru", not "rnn".'],
  [{ sequenceLength: 0 }, "PPO: sequenceLength is a whole number of at least 1, not 0."],
  [{ framesPerBatch: -40 }, "PPO: framesPerBatch is a whole number of at least 1, not -40."],
  [{ envs: 0 }, "PPO: envs is a whole number of at least 1, not 0."],
  [{ framesPerBatch: NaN }, "PPO: framesPerBatch is a whole number of at least 1, not NaN."],
  [{ numEpochs: 0 }, "PPO: numEpochs is a whole number of at least 1, not 0."],
  [{ minibatchSize: 1.5 }, "PPO: minibatchSize is a whole number of at least 1, not 1.5."],
  [{ lr: -1 }, "PPO: lr is a number of at least 0, not -1."],
  [
    { lr: undefined, gamma: undefined, seed: undefined },
    "PPO: the options lack lr, gamma, seed. deno task train --print-config prints settings that suit navigation.",
  ],
  [{ maxGradNorm: 0 }, "PPO: maxGradNorm is a number above 0, not 0."],
  [{ clipEpsilon: NaN }, "PPO: clipEpsilon is a number above 0, not NaN."],
  [{ entropyEps: Infinity }, "PPO: entropyEps is a number of at least 0, not Infinity."],
  [{ gamma: 2 }, "PPO: gamma is a number of at least 0 and at most 1, not 2."],
  [{ lmbda: "0.9" }, 'PPO: lmbda is a number of at least 0 and at most 1, not "0.9".'],
  [{ clipValue: -1 }, "PPO: clipValue is a number of at least 0, not -1."],
  [{ targetKl: NaN }, "PPO: targetKl is a number of at least 0, not NaN."],
];

for (const [wrong, message] of refused) {
  Deno.test(`PPOTrainer refuses: ${message}`, async () => {
    const options = { ...small, ...wrong } as unknown as PPOOptions;
    await assert.rejects(PPOTrainer.create(pointWorld(8), options), { name: "RangeError", message });
  });
}

Deno.test("an evaluation of no episodes, or of half a one, is refused", async () => {
  const evaluator = new Evaluator(pointWorld(8), (observation) => observation);
  for (const count of [0, -1, 1.5, NaN]) {
    const message = `an evaluation plays a whole number of episodes, at least 1, not ${count}.`;
    await assert.rejects(evaluator.run(count, 0), { name: "RangeError", message });
  }
});

Deno.test("an MLP with a layer of no units is refused", () => {
  for (const sizes of [[3, 0, 1], [3, NaN], [3, 1.5]]) {
    const message = `the sizes of an MLP are whole numbers of at least 1; it was given [${sizes}].`;
    assert.throws(() => new MLP(sizes, new HostRandom(0)), { name: "RangeError", message });
  }
});

Deno.test("an MLP is refused without a list of sizes, and layers are without a source of weights", () => {
  const random = new HostRandom(0);
  const message = "an MLP needs a list with the sizes of its input and output; it was given [3].";
  assert.throws(() => new MLP([3], random), { name: "RangeError", message });
  assert.throws(
    () => new MLP(3 as never, random),
    /new MLP\(\) takes a list with the sizes of its input.*not the number 3/,
  );
  const none = undefined as unknown as HostRandom;
  for (const make of [() => new MLP([3, 1], none), () => new LSTM(3, 2, none), () => new StackedMLP(2, [3, 1], none)]) {
    assert.throws(make, /\(\) needs `random`, a HostRandom, such as new HostRandom\(0\)\./);
  }
});

Deno.test("an optimiser takes a list of parameters, and PyTorch's learning rate where none is given", async () => {
  const net = (): MLP => new MLP([3, 1], new HostRandom(0));
  assert.throws(
    () => new Adam(net() as unknown as Parameter[]),
    /new Adam\(\) takes a list of parameters, such as net\.parameters\(\), as `parameters`, not an MLP\./,
  );
  for (const Kind of [SGD, Adam, AdamW]) {
    assert.deepEqual(await new Kind(net().parameters()).groups[0]!.lr.data(), Float32Array.of(0.001));
  }
});

Deno.test("Adam refuses decays that do not decay, and an eps that is no number", () => {
  const parameters = new MLP([3, 1], new HostRandom(0)).parameters();
  assert.throws(() => new Adam(parameters, { lr: 0.1, betas: [0.9, 1] }), {
    name: "RangeError",
    message: "the betas of Adam are numbers from 0 to below 1, not 0.9 and 1.",
  });
  assert.throws(() => new Adam(parameters, { lr: 0.1, eps: NaN }), {
    name: "RangeError",
    message: "eps of Adam is a number of at least 0, not NaN.",
  });
});

Deno.test("SGD, Adam and AdamW refuse the settings that PyTorch refuses", () => {
  const parameters = new MLP([3, 1], new HostRandom(0)).parameters();
  const refused: [make: () => unknown, message: string][] = [
    [() => new SGD(parameters, { momentum: -0.9 }), "the momentum of SGD is a number of at least 0, not -0.9."],
    [() => new SGD(parameters, { weightDecay: -5 }), "weightDecay of SGD is a number of at least 0, not -5."],
    [() => new SGD(parameters, { nesterov: true }), "nesterov of SGD looks ahead along a momentum: give one above 0."],
    [() => new Adam(parameters, { weightDecay: NaN }), "weightDecay of Adam is a number of at least 0, not NaN."],
    [() => new AdamW(parameters, { weightDecay: -1 }), "weightDecay of Adam is a number of at least 0, not -1."],
  ];
  for (const [make, message] of refused) assert.throws(make, { name: "RangeError", message });
});

Deno.test("gradients are not clipped to a negative norm", () => {
  const optimizer = new SGD(new MLP([3, 1], new HostRandom(0)).parameters());
  for (const norm of [-1, NaN]) {
    assert.throws(() => optimizer.clipGradNorm(norm), {
      name: "RangeError",
      message: `clipGradNorm() takes a norm of at least 0, not ${norm}.`,
    });
  }
});
