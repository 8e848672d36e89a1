import assert from "node:assert/strict";
import { InferenceSession, Tensor as OnnxTensor } from "../../lib/engine/onnx/runtime.ts";
import { type PPOOptions, PPOTrainer, type Tensor, tensor, zeros } from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { pointWorld, small } from "./point_world.ts";
import { assertResumes } from "./resumes.ts";

onEachEngine(
  "PPOTrainer uses every frame of numbers that do not divide, and traces nothing after the first iteration",
  async () => {
    const trainer = await PPOTrainer.create(pointWorld(8), small);
    try {
      assert.deepEqual([trainer.envs, trainer.steps], [6, 9]);
      assert.equal(trainer.framesPerIteration, 54);
      const first = await trainer.iterate();
      assert.equal(trainer.traceCount, 3);
      await trainer.iterate();
      await trainer.iterate();
      assert.equal(trainer.traceCount, 3);
      for (const [name, value] of Object.entries(first)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
    } finally {
      trainer.dispose();
    }
  },
);

onEngine("cpu", "iterate() pauses before every pass over the batch, so that Ctrl-C is heard", async () => {
  const trainer = await PPOTrainer.create(pointWorld(8), { ...small, numEpochs: 3 });
  try {
    let pauses = 0;
    await trainer.iterate(() => Promise.resolve(void pauses++));
    assert.equal(pauses, 3);
  } finally {
    trainer.dispose();
  }
});

onEachEngine("gradients() are those of the last update, of every parameter by its name, before clipping", async () => {
  const options = { ...small, numEpochs: 1, minibatchSize: 54, maxGradNorm: 1e-3 };
  const trainer = await PPOTrainer.create(pointWorld(8), options);
  try {
    assert.deepEqual(await trainer.gradients(), {});
    const parameters = Object.entries({ policy: trainer.policy, critic: trainer.critic }).flatMap(([owner, network]) =>
      network.namedParameters().map(([path, x]) => [`${owner}.${path}`, x] as const)
    );
    const before = new Map(await Promise.all(parameters.map(async ([name, x]) => [name, await x.data()] as const)));
    const norm = (await trainer.iterate())["train/grad_norm"]!;
    const gradients = await trainer.gradients();
    assert.deepEqual(Object.keys(gradients), parameters.map(([name]) => name));
    let squares = 0;
    for (const [name, parameter] of parameters) {
      const { data, shape } = gradients[name]!;
      assert.deepEqual(shape, parameter.shape, name);
      const after = await parameter.data();
      data.forEach((g, i) => {
        squares += g * g;
        // The first step of Adam goes by the learning rate against the sign of the gradient.
        if (Math.abs(g) > 1e-3 * norm) assert.equal(Math.sign(after[i]! - before.get(name)![i]!), -Math.sign(g), name);
      });
    }
    assert.ok(Math.abs(Math.sqrt(squares) - norm) < 1e-4 * norm, `${Math.sqrt(squares)} for ${norm}`);
  } finally {
    trainer.dispose();
  }
});

type World = Parameters<typeof pointWorld>;

const assertPointResumes = (world: World, options: PPOOptions, before?: number): Promise<void> =>
  assertResumes(() => PPOTrainer.create(pointWorld(...world), options), before);

onEachEngine("PPOTrainer refuses a state that is not its own, and stays as it was", async () => {
  const [trainer, other] = [
    await PPOTrainer.create(pointWorld(8), small),
    await PPOTrainer.create(pointWorld(8), small),
  ];
  try {
    await other.iterate();
    const [before, good] = [await trainer.state(), await other.state()];
    const last = Object.keys(good).at(-3)!;
    const { [last]: one, ...without } = good;
    const wide = { ...one!, shape: [...one!.shape, 1] };
    const refused: [Parameters<typeof trainer.restore>[0], RegExp][] = [
      [without, /^RangeError: The saved state has no tensor `.*`: it belongs to another configuration\.$/],
      [
        { ...good, [last]: wide },
        /^RangeError: The saved state has `.*` as .*, 1\] with \d+ numbers, here it is \w+ \[.*\]: it belongs to another/,
      ],
    ];
    for (const [state, sentence] of refused) {
      await assert.rejects(async () => await trainer.restore(state), sentence);
      const after = await trainer.state();
      for (const name of Object.keys(before)) assert.deepEqual(after[name]!.data, before[name]!.data, name);
    }
  } finally {
    for (const x of [trainer, other]) x.dispose();
  }
});

onEachEngine("PPOTrainer continues bit for bit from its state", () => assertPointResumes([8], small));

onEachEngine(
  "PPOTrainer continues bit for bit with a network for each agent and discrete actions",
  () => assertPointResumes([8, "discrete"], { ...small, shareParameters: false }),
);

const stabilised: Partial<PPOOptions> = {
  clipValue: 0.2,
  centralisedPolicy: true,
  normalizeObservations: true,
  normalizeValues: true,
  normalizeAdvantages: true,
  lrSchedule: "cosine",
  entropySchedule: "linear",
  nIters: 4,
  targetKl: 1e-4,
};

onEachEngine(
  "PPOTrainer continues bit for bit with observations and values on running scales, a falling learning rate and an early stop",
  () => assertPointResumes([8], { ...small, ...stabilised }, 2),
);

onEngine(
  "cpu",
  "schedules set the learning rate and the weight of the entropy of every iteration, without a new trace",
  async () => {
    const options = {
      ...{ ...small, numEpochs: 1, hiddenSize: 8, entropyEps: 0.01, nIters: 4 },
      ...{ lrSchedule: "linear", entropySchedule: "linear" } as const,
    };
    const trainer = await PPOTrainer.create(pointWorld(8), options);
    try {
      for (const rate of [1e-3, 7.5e-4, 5e-4, 2.5e-4]) {
        assert.ok(Math.abs(trainer.entropyEps - 10 * rate) < 1e-9);
        assert.ok(Math.abs((await trainer.iterate())["train/learning_rate"]! - rate) < 1e-9);
        const { data } = Object.entries(await trainer.state()).find(([name]) => name.endsWith("learner.lr"))![1];
        assert.ok(Math.abs(data[0]! - rate) < 1e-9, `the optimiser has ${data[0]} for ${rate}`);
      }
      assert.equal(trainer.traceCount, 3);
    } finally {
      trainer.dispose();
    }
    await assert.rejects(PPOTrainer.create(pointWorld(8), { ...small, lrSchedule: "linear" }), /needs nIters/);
  },
);

onEngine("cpu", "the weight of the entropy that a schedule leaves is the one that the update learns with", async () => {
  const entropyAfter = async (entropySchedule: "constant" | "linear") => {
    const options = { ...small, ...{ lr: 1e-2, entropyEps: 10, entropySchedule, nIters: 2 }, hiddenSize: 8 };
    const trainer = await PPOTrainer.create(pointWorld(8), options);
    try {
      for (let i = 0; i < 2; i++) await trainer.iterate();
      return (await trainer.iterate())["train/entropy"]!;
    } finally {
      trainer.dispose();
    }
  };
  assert.ok(await entropyAfter("linear") < await entropyAfter("constant"));
});

onEngine("cpu", "a target of the KL ends the epochs of an iteration after the first that goes beyond it", async () => {
  const run = async (targetKl: number, numEpochs: number) => {
    const trainer = await PPOTrainer.create(pointWorld(8), {
      ...small,
      numEpochs,
      targetKl,
      lr: 3e-3,
      hiddenSize: 256,
    });
    try {
      const metrics = await trainer.iterate();
      assert.equal(trainer.traceCount, 3);
      return { metrics, state: await trainer.state() };
    } finally {
      trainer.dispose();
    }
  };
  // The mean over the epochs until then, from runs that end there.
  const means = await Promise.all([1, 2, 3, 4].map(async (n) => (await run(0, n)).metrics["train/approx_kl"]!));
  const kl = means.map((mean, i) => mean * (i + 1) - (i > 0 ? means[i - 1]! * i : 0));
  assert.ok(kl[0]! < kl[1]! && kl[1]! < kl[2]!, `an epoch moves on from the one before: ${kl}`);
  const { metrics, state } = await run((kl[0]! + kl[1]!) / 2, 4);
  assert.equal(metrics["train/epochs"], 2);
  const expected = await run(0, 2);
  assert.deepEqual(metrics, expected.metrics);
  assert.deepEqual(state, expected.state);
  assert.equal((await run(1e9, 4)).metrics["train/epochs"], 4);
});

onEngine("cpu", "normalised values change what the critic learns, not what the metrics of values mean", async () => {
  const plain = await PPOTrainer.create(pointWorld(8), { ...small, numEpochs: 1 });
  const scaled = await PPOTrainer.create(pointWorld(8), { ...small, numEpochs: 1, normalizeValues: true });
  try {
    const [a, b] = [await plain.iterate(), await scaled.iterate()];
    // Before the first update both critics say the same of the same batch.
    for (const name of ["train/episode_reward_sum", "train/explained_variance"]) assert.equal(b[name], a[name], name);
    assert.notEqual(b["train/critic_loss"], a["train/critic_loss"]);
  } finally {
    plain.dispose();
    scaled.dispose();
  }
});

onEachEngine(
  "a batch is learned from as the policy saw it that collected it, whatever the scale is by then",
  async () => {
    const options = { ...small, numEpochs: 1, minibatchSize: 54, normalizeObservations: true };
    const trainer = await PPOTrainer.create(pointWorld(8), options);
    try {
      const scale = trainer.policy.observationScale!;
      for (let i = 1; i <= 3; i++) {
        const before = await scale.mean.data();
        // The only update of the batch begins at the policy that made it: all ratios of probabilities are 1.
        assert.ok((await trainer.iterate())["train/approx_kl"]! < 1e-9, `iteration ${i}`);
        assert.notDeepEqual(await scale.mean.data(), before);
      }
    } finally {
      trainer.dispose();
    }
  },
);

onEngine("cpu", "where the time is up a value is what the critic expects after it, or nothing if told so", async () => {
  for (const bootstrapTruncated of [true, false]) {
    const trainer = await PPOTrainer.create(pointWorld(1), { ...small, bootstrapTruncated });
    try {
      const rollout = await trainer.collect();
      const valueOf = (x: Tensor) => trainer.critic.forward(x.flatten(0, 1)).reshape(...rollout.reward.shape);
      // Every episode is one step long. A task that has ended is worth nothing, whatever is told.
      const left = rollout.done.and(rollout.terminated.not()).cast("float32").unsqueeze(-1);
      const after = bootstrapTruncated ? valueOf(rollout.nextObservation).mul(left).mul(small.gamma) : zeros([1, 1, 1]);
      const returns = rollout.reward.add(after);
      const error = returns.sub(valueOf(rollout.observation));
      const expected = 1 - Number(await error.variance().div(returns.variance()).item());
      const found = (await trainer.learn(rollout))["train/explained_variance"]!;
      assert.ok(Math.abs(found - expected) < 1e-4, `${found} for ${expected}`);
    } finally {
      trainer.dispose();
    }
  }
});

/** What the first iteration measures. */
async function firstMetrics(options: PPOOptions): Promise<Record<string, number>> {
  const trainer = await PPOTrainer.create(pointWorld(8), options);
  try {
    return await trainer.iterate();
  } finally {
    trainer.dispose();
  }
}

onEachEngine(
  "what updates measure is a mean over frames, also where the last minibatch has fewer of them",
  async () => {
    // Nothing is learned: 16, 16, 16 and 6 frames are the same as 54.
    const [whole, split] = [
      await firstMetrics({ ...small, lr: 1e-12, minibatchSize: 54 }),
      await firstMetrics({ ...small, lr: 1e-12 }),
    ];
    for (const name of ["train/objective", "train/critic_loss", "train/entropy"]) {
      assert.ok(
        Math.abs(split[name]! - whole[name]!) < 1e-5 * Math.abs(whole[name]!),
        `${name}: ${split[name]} for ${whole[name]}`,
      );
    }
  },
);

onEngine("cpu", "targetKl ends the epochs by the mean over all frames of an epoch", async () => {
  const kl = (await firstMetrics({ ...small, numEpochs: 1 }))["train/approx_kl"]!;
  const epochs = async (targetKl: number) => (await firstMetrics({ ...small, targetKl }))["train/epochs"];
  assert.deepEqual([await epochs(0.999 * kl), await epochs(1.001 * kl)], [1, 2]);
});

/** The mean rewards of iterations. */
async function learned(world: World, options: PPOOptions, iterations: number): Promise<number[]> {
  const trainer = await PPOTrainer.create(pointWorld(...world), options);
  try {
    const rewards: number[] = [];
    for (let i = 0; i < iterations; i++) rewards.push((await trainer.iterate())["train/step_reward_mean"]!);
    return rewards;
  } finally {
    trainer.dispose();
  }
}

/** Random actions stay near -0.6; a policy that steps towards 0 is above -0.3. */
function assertLearned(rewards: readonly number[]): void {
  const text = `mean rewards: ${rewards.map((x) => x.toFixed(3))}`;
  assert.ok(rewards[0]! < -0.45 && rewards.at(-1)! > -0.35, text);
}

const short: PPOOptions = { ...small, framesPerBatch: 400, numEpochs: 8, minibatchSize: 100, lr: 2e-3 };

for (const seed of [0, 1, 2]) {
  for (const algorithm of ["mappo", "ippo"] as const) {
    onEngine("cpu", `PPOTrainer (${algorithm}, seed ${seed}) learns to stay near 0`, async () => {
      assertLearned(await learned([10], { ...short, algorithm, seed }, 8));
    });
  }
}

for (const actions of ["continuous", "discrete"] as const) {
  for (const algorithm of ["mappo", "ippo"] as const) {
    for (const shareParameters of [true, false]) {
      if (actions === "continuous" && shareParameters) continue;
      const title = `${algorithm}, ${actions} actions, ${shareParameters ? "one network" : "a network for each agent"}`;
      onEngine("cpu", `PPOTrainer (${title}) learns to stay near 0`, async () => {
        assertLearned(await learned([10, actions], { ...short, algorithm, shareParameters }, 8));
      });
    }
  }
}

onEngine("cpu", "PPOTrainer (all options together) learns to stay near 0", async () => {
  const options = { ...stabilised, nIters: 12, targetKl: 0.05, shareParameters: false };
  assertLearned(await learned([10], { ...short, ...options }, 10));
});

onEngine("cpu", "the ONNX policy of discrete actions gives the number of the action", async () => {
  const trainer = await PPOTrainer.create(pointWorld(8, "discrete"), { ...small, shareParameters: false });
  try {
    const session = await InferenceSession.create(await trainer.policyOnnx());
    const data = Float32Array.of(0.5, 0.5, -0.2, 0.2);
    const { action } = await session.run({ observation: new OnnxTensor("float32", data, [1, 2, 2]) });
    assert.deepEqual([action!.type, action!.dims], ["int32", [1, 2]]);
    const expected = await trainer.policy.forward(tensor(data, { shape: [1, 2, 2] })).data();
    assert.deepEqual([...action!.data as Int32Array], [...expected]);
  } finally {
    trainer.dispose();
  }
});
