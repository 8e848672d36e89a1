/** The trainer of TRPO: what an iteration promises, that it goes on where it stopped, that it learns, and what it refuses. */

import assert from "node:assert/strict";
import { InferenceSession, Tensor as OnnxTensor } from "../../lib/engine/onnx/runtime.ts";
import {
  type ActionKind,
  CategoricalPolicy,
  ClippedGaussianPolicy,
  Critic,
  type GaussianOutput,
  GaussianPolicy,
  HostPendulum,
  HostRandom,
  MLP,
  Module,
  noGrad,
  Normal,
  normal,
  type PPOOptions,
  PPOTrainer,
  randomKey,
  type Tensor,
  tensor,
  type TRPOOptions,
  TRPOTrainer,
} from "../../mod.ts";
import { onCpu, onEachEngine, onEngine } from "../engines.ts";
import { memoryWorld } from "./memory_world.ts";
import { pointWorld } from "./point_world.ts";
import { assertResumes } from "./resumes.ts";
import { type Batch, type Reading, ReferencePolicy } from "./trpo_reference.ts";

/** Settings with which an iteration takes no time: batches and minibatches that do not divide. */
const small: TRPOOptions = {
  ...{ framesPerBatch: 50, minibatchSize: 16, nCriticUpdates: 2, hiddenSize: 16 },
  ...{ lr: 1e-3, gamma: 0.95, lmbda: 0.9, normalizeAdvantages: true, seed: 1 },
};

type World = Parameters<typeof pointWorld>;

async function withTrainer(
  options: TRPOOptions,
  world: World,
  fn: (trainer: TRPOTrainer) => Promise<void>,
): Promise<void> {
  const trainer = await TRPOTrainer.create(pointWorld(...world), options) as unknown as TRPOTrainer;
  try {
    await fn(trainer);
  } finally {
    trainer.dispose();
  }
}

onEachEngine(
  "TRPOTrainer uses every frame, and traces nothing after the first iteration",
  () =>
    withTrainer(small, [8], async (trainer) => {
      assert.deepEqual([trainer.envs, trainer.steps, trainer.framesPerIteration], [6, 9, 54]);
      for (let i = 0; i < 5; i++) {
        const metrics = await trainer.iterate();
        // Collect, prepare, the step of the policy with all of its line search, an epoch of the critic.
        assert.equal(trainer.traceCount, 4);
        for (const [name, value] of Object.entries(metrics)) {
          assert.ok(Number.isFinite(value), `${name} is ${value} in iteration ${i + 1}`);
        }
      }
    }),
);

const parametersOf = async (module: Module): Promise<number[]> =>
  (await Promise.all(module.parameters().map((x) => x.data()))).flatMap((x) => [...x]);

/** What a rollout is to the policy of all agents: a row for each of them. */
async function rowsOf(trainer: TRPOTrainer, rollout: Awaited<ReturnType<TRPOTrainer["collect"]>>): Promise<Batch> {
  const rows = async (x: Tensor): Promise<number[][]> => {
    const [data, width] = [await x.data(), x.shape.at(-1)!];
    return Array.from({ length: data.length / width }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
  };
  return {
    observation: await rows(trainer.policy.normalize(rollout.observation)),
    choice: await rows(rollout.choice),
    advantage: [],
  };
}

const readings: readonly (readonly [Reading, ActionKind])[] = [
  ["tanh", "continuous"],
  ["clipped", "continuous"],
  ["categorical", "discrete"],
];

// Steps of all policies are compared on both engines in trpo_step_test.ts; this is about iterations.
for (const [reading, actions] of readings) {
  const test = reading === "clipped" ? onEachEngine : onCpu;
  test(`after each iteration the KL of the ${reading} policy on its whole batch is in the trust region`, () => {
    const distribution = reading === "clipped" ? "clipped" : "tanh";
    const options = { ...small, distribution, normalizeObservations: true } as const;
    return withTrainer(options, [8, actions], async (trainer) => {
      const outputs = { tanh: 2, clipped: 1, categorical: 3 }[reading];
      const reference = new ReferencePolicy([2, 16, 16, outputs], reading);
      for (let i = 0; i < 4; i++) {
        const rollout = await trainer.collect();
        const batch = await rowsOf(trainer, rollout);
        const before = await parametersOf(trainer.policy);
        const metrics = await trainer.learn(rollout);
        const kl = reference.kl(before, await parametersOf(trainer.policy), batch);
        assert.ok(kl <= 0.01, `KL ${kl}`);
        assert.ok(Math.abs(kl - metrics["train/kl"]!) < 1e-5, `${metrics["train/kl"]} for ${kl}`);
        assert.ok(metrics["train/accepted"] === 1 ? metrics["train/surrogate_improvement"]! >= 0 : kl === 0);
      }
    });
  });
}

onEngine("cpu", "a larger trust region makes larger steps", async () => {
  const lengths: number[] = [];
  for (const targetKl of [0.001, 0.1]) {
    await withTrainer({ ...small, targetKl }, [8], async (trainer) => {
      const { "train/kl": kl, "train/step_length": length } = await trainer.iterate();
      assert.ok(kl! > 0 && kl! <= targetKl);
      lengths.push(length!);
    });
  }
  assert.ok(lengths[1]! > 5 * lengths[0]!, `${lengths}`);
});

onEachEngine(
  "gradients() are those of the surrogate and of the critic's last update, by parameter",
  () =>
    withTrainer({ ...small, nCriticUpdates: 1, minibatchSize: 54 }, [8], async (trainer) => {
      assert.deepEqual(await trainer.gradients(), {});
      const norm = (await trainer.iterate())["train/critic_grad_norm"]!;
      const gradients = await trainer.gradients();
      const parameters = Object.entries({ policy: trainer.policy, critic: trainer.critic }).flatMap((
        [owner, network],
      ) => network.namedParameters().map(([path, x]) => [`${owner}.${path}`, x.shape]));
      assert.deepEqual(Object.entries(gradients).map(([name, { shape }]) => [name, shape]), parameters);
      const squares = Object.entries(gradients).filter(([name]) => name.startsWith("critic"))
        .flatMap(([, { data }]) => [...data]).reduce((sum, x) => sum + x * x, 0);
      assert.ok(Math.abs(Math.sqrt(squares) - norm) < 1e-4 * norm);
    }),
);

onEngine(
  "cpu",
  "the policy is not moved by the critic's epochs, nor the critic by the step of the policy",
  async () => {
    const after = async (nCriticUpdates: number, targetKl: number) => {
      const trainer = await TRPOTrainer.create(pointWorld(8), { ...small, nCriticUpdates, targetKl });
      try {
        await trainer.iterate();
        return { policy: await parametersOf(trainer.policy), critic: await parametersOf(trainer.critic) };
      } finally {
        trainer.dispose();
      }
    };
    const [one, many, far] = [await after(1, 0.01), await after(4, 0.01), await after(1, 0.1)];
    assert.deepEqual(one.policy, many.policy);
    assert.notDeepEqual(one.critic, many.critic);
    assert.deepEqual(one.critic, far.critic);
    assert.notDeepEqual(one.policy, far.policy);
  },
);

/** The one of the ways below that keeps most. */
const fullest =
  "with observations, values and rewards on running scales, clipped actions, a critic that sees all, and a falling rate";

const resuming: Readonly<Record<string, readonly [World, Partial<TRPOOptions>]>> = {
  "as it is": [[8], {}],
  "with a network for each agent and discrete actions": [[8, "discrete"], { shareParameters: false }],
  [fullest]: [[8], {
    ...{ normalizeObservations: true, normalizeValues: true, normalizeRewards: true, orthogonalInit: true },
    ...{ distribution: "clipped", centralisedCritic: true, centralisedPolicy: true, lrSchedule: "cosine", nIters: 4 },
  }],
};

for (const [how, [world, options]] of Object.entries(resuming)) {
  // What is kept and put back is the same on both engines: on a GPU the way that keeps most is enough.
  const test = how === fullest ? onEachEngine : onCpu;
  test(
    `TRPOTrainer continues bit for bit from its state, ${how}`,
    () => assertResumes(() => TRPOTrainer.create(pointWorld(...world), { ...small, ...options }), 2),
  );
}

onEngine(
  "cpu",
  "TRPOTrainer continues bit for bit in a world on the host",
  () => assertResumes(() => TRPOTrainer.create(new HostPendulum({ maxSteps: 20, workers: 1 }), small), 1),
);

onEngine("cpu", "TRPOTrainer refuses the state of PPO, and stays as it was", async () => {
  const ppo: PPOOptions = {
    ...{ ...small, algorithm: "ippo", numEpochs: 1, maxGradNorm: 1, clipEpsilon: 0.2, entropyEps: 0 },
  };
  const { nCriticUpdates: _, ...options } = ppo as PPOOptions & { nCriticUpdates?: number };
  const other = await PPOTrainer.create(pointWorld(8), options);
  try {
    await withTrainer(small, [8], async (trainer) => {
      const before = await trainer.state();
      await assert.rejects(
        async () => await trainer.restore(await other.state()),
        /^RangeError: The saved state has no tensor `policy\.0\.policy\.vector`: it belongs to another configuration\.$/,
      );
      assert.deepEqual(await trainer.state(), before);
    });
  } finally {
    other.dispose();
  }
});

// Batches that bring the step to its limits.

onEngine(
  "cpu",
  "batches of huge, of equal and of no rewards leave the policy in its trust region",
  () =>
    withTrainer({ ...small, normalizeValues: true }, [8], async (trainer) => {
      for (const change of [(x: Tensor) => x.mul(1e9), (x: Tensor) => x.mul(0).add(1), (x: Tensor) => x.mul(0)]) {
        const { reward, ...rollout } = await trainer.collect();
        const metrics = await trainer.learn({ ...rollout, reward: change(reward) } as never);
        assert.ok(metrics["train/kl"]! >= -1e-6 && metrics["train/kl"]! <= 0.01, `KL ${metrics["train/kl"]}`);
        assert.ok((await parametersOf(trainer.policy)).every(Number.isFinite));
      }
    }),
);

onEngine("cpu", "a batch of one frame, of one agent, is learned from", async () => {
  const options = { ...small, framesPerBatch: 1, minibatchSize: 1, normalizeAdvantages: false };
  await withTrainer(options, [8, "continuous", 1], async (trainer) => {
    for (let i = 0; i < 3; i++) {
      const { "train/kl": kl, "train/accepted": accepted } = await trainer.iterate();
      assert.ok(kl! >= 0 && kl! <= 0.01 && accepted === 1, `KL ${kl}`);
    }
  });
});

// What is one's own.

const own = (policy: TRPOOptions["policy"], critic?: TRPOOptions["critic"]) =>
  TRPOTrainer.create(pointWorld(8), { ...small, ...(policy ? { policy } : {}), ...(critic ? { critic } : {}) });

onEngine("cpu", "a policy of one's own whose KL has an entry for each number of an action is refused", async () => {
  class PerNumber extends GaussianPolicy {
    override kl(before: GaussianOutput, now: GaussianOutput): Tensor {
      return new Normal(before.loc, before.scale).kl(new Normal(now.loc, now.scale));
    }
  }
  await assert.rejects(own((spaces, random) => new PerNumber(spaces, random)), {
    message: /kl\(\) of PerNumber is float32 \[3, 2, 1\].*it has to be float32 \[3, 2\].*sum over the numbers/,
  });
});

onEngine("cpu", "a critic of one's own that computes without gradients is told, with the line", async () => {
  class Blind extends Module {
    constructor(readonly net: MLP) {
      super();
    }
    override forward(x: Tensor): Tensor {
      return noGrad(() => this.net.forward(x).squeeze(-1));
    }
  }
  const trainer = await own(undefined, (spaces, random) => new Blind(new MLP([spaces.observationSize, 8, 1], random)));
  try {
    await assert.rejects(trainer.iterate(), /error\[G101\].*noGrad\(\) passes no gradient to /s);
  } finally {
    trainer.dispose();
  }
});

onEngine("cpu", "a part that policy and critic share is refused: their steps are apart", async () => {
  const net = new MLP([2, 8, 2], new HostRandom(0));
  class Values extends Module {
    constructor(readonly net: MLP) {
      super();
    }
    override forward(x: Tensor): Tensor {
      return this.net.forward(x).select(-1, 0);
    }
  }
  await assert.rejects(
    own((spaces, random) => new GaussianPolicy({ ...spaces, network: () => net }, random), () => new Values(net)),
    { message: /TRPO: policy and critic share `policy\.net\.layers\.0\.weight`.*networks of their own/s },
  );
});

const refused: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [{ targetKl: 0 }, "TRPO: targetKl is a number above 0, not 0."],
  [{ cgMaxSteps: 0 }, "TRPO: cgMaxSteps is a whole number of at least 1, not 0."],
  [{ cgDamping: -0.1 }, "TRPO: cgDamping is a number of at least 0, not -0.1."],
  [{ lineSearchShrinkingFactor: 1 }, "TRPO: lineSearchShrinkingFactor is a number above 0 and below 1, not 1."],
  [{ lineSearchMaxIter: 1.5 }, "TRPO: lineSearchMaxIter is a whole number of at least 1, not 1.5."],
  [{ subSamplingFactor: 0 }, "TRPO: subSamplingFactor is a whole number of at least 1, not 0."],
  [
    { nCriticUpdates: undefined },
    "TRPO: the options lack nCriticUpdates. deno task train --algorithm trpo --print-config prints settings that suit navigation.",
  ],
  [{ gamma: 2 }, "TRPO: gamma is a number of at least 0 and at most 1, not 2."],
  [{ distribution: "beta" }, 'TRPO: distribution is "tanh" or "clipped", not "beta".'],
  [{ lrSchedule: "linear" }, "TRPO: a linear lrSchedule needs nIters: where it ends."],
];

for (const [wrong, message] of refused) {
  Deno.test(`TRPOTrainer refuses: ${message}`, async () => {
    const options = { ...small, ...wrong } as unknown as TRPOOptions;
    await assert.rejects(TRPOTrainer.create(pointWorld(8), options), { name: "RangeError", message });
  });
}

// It learns.

/** The mean rewards of iterations. */
async function learned(world: World, options: TRPOOptions, iterations: number): Promise<number[]> {
  const rewards: number[] = [];
  await withTrainer(options, world, async (trainer) => {
    for (let i = 0; i < iterations; i++) {
      const { "train/step_reward_mean": reward, "train/kl": kl } = await trainer.iterate();
      assert.ok(kl! <= 0.05, `KL ${kl}`);
      rewards.push(reward!);
    }
  });
  return rewards;
}

/** The first policy stays between -0.6 and -0.4; one that steps towards 0 is above -0.3. */
function assertLearned(rewards: readonly number[]): void {
  const text = `mean rewards: ${rewards.map((x) => x.toFixed(3))}`;
  assert.ok(rewards[0]! < -0.4 && rewards.at(-1)! > -0.25, text);
}

const short: TRPOOptions = { ...small, framesPerBatch: 400, minibatchSize: 100, nCriticUpdates: 5, targetKl: 0.05 };

for (const seed of [0, 1, 2]) {
  onEngine("cpu", `TRPOTrainer (seed ${seed}) learns to stay near 0`, async () => {
    assertLearned(await learned([10], { ...short, seed }, 12));
  });
}

const variants: Readonly<Record<string, readonly [World, Partial<TRPOOptions>]>> = {
  "clipped actions": [[10], { distribution: "clipped" }],
  "a network for each agent": [[10], { shareParameters: false, centralisedCritic: true }],
  "discrete actions": [[10, "discrete"], {}],
  "all options together": [[10], {
    ...{ centralisedPolicy: true, centralisedCritic: true, shareParameters: false, distribution: "clipped" },
    ...{ normalizeObservations: true, normalizeValues: true, lrSchedule: "linear", nIters: 20, subSamplingFactor: 1 },
  }],
};

for (const [title, [world, options]] of Object.entries(variants)) {
  onEngine("cpu", `TRPOTrainer (${title}) learns to stay near 0`, async () => {
    assertLearned(await learned(world, { ...short, ...options }, 12));
  });
}

for (const recurrent of ["lstm", "gru"] as const) {
  onEngine("cpu", `TRPOTrainer with a ${recurrent}: the KL of sequences stays in the trust region`, async () => {
    const trainer = await TRPOTrainer.create(memoryWorld(6), { ...small, recurrent, sequenceLength: 3, hiddenSize: 8 });
    try {
      for (let i = 0; i < 3; i++) {
        const { "train/kl": kl, "train/accepted": accepted } = await trainer.iterate();
        assert.ok(accepted === 1 && kl! > 0 && kl! <= 0.01, `KL ${kl}, accepted ${accepted}`);
      }
      assert.equal(trainer.traceCount, 4);
    } finally {
      trainer.dispose();
    }
  });
}

onEngine(
  "cpu",
  "the ONNX policy of clipped actions stays in [-1, 1], and is the policy",
  () =>
    withTrainer({ ...small, distribution: "clipped", normalizeObservations: true }, [8], async (trainer) => {
      await trainer.iterate();
      const session = await InferenceSession.create(await trainer.policyOnnx());
      const data = Float32Array.of(0.5, 0.5, -200, 200);
      const { action } = await session.run({ observation: new OnnxTensor("float32", data, [1, 2, 2]) });
      const expected = await trainer.policy.forward(tensor(data, { shape: [1, 2, 2] })).data();
      (action!.data as Float32Array).forEach((x, i) => {
        assert.ok(Math.abs(x - expected[i]!) < 1e-6 && Math.abs(x) <= 1, `${x} for ${expected[i]}`);
      });
    }),
);

Deno.test("a policy for the report's humanoid has 18,656 parameters, its critic 15,901", () => {
  const sizes = { agents: 1, observationSize: 56, hiddenSize: 100 };
  const random = new HostRandom(0);
  const count = (net: Module): number => net.parameters().reduce((sum, x) => sum + x.size, 0);
  assert.equal(count(new ClippedGaussianPolicy({ ...sizes, actionSize: 28 }, random)), 18_656);
  assert.equal(count(new Critic(sizes, random)), 15_901);
});

onEngine(
  "cpu",
  "clipped actions begin alike whatever is observed, with deviations of 1, whether agents share a network or not",
  async () => {
    for (const shareParameters of [true, false]) {
      const sizes = { agents: 2, observationSize: 3, actionSize: 2, hiddenSize: 16, shareParameters };
      const policy = new ClippedGaussianPolicy(sizes, new HostRandom(0));
      const { loc, scale } = policy.output(normal(randomKey(0), [20, 2, 3]));
      assert.ok((await loc.sub(loc.mean(0, true)).data()).every((x) => Math.abs(x) < 0.15));
      assert.ok((await scale.data()).every((x) => x === 1));
      assert.deepEqual(policy.logStd.shape, shareParameters ? [2] : [2, 2]);
    }
  },
);

onEngine("cpu", "the KL of policies is that of their distributions, also where an action is ruled out", async () => {
  const sizes = { agents: 1, observationSize: 2, actionSize: 3, hiddenSize: 4 };
  const policy = new CategoricalPolicy(sizes, new HostRandom(0));
  const logits = (...x: number[]) => ({ logits: tensor([[x]]) });
  const of = async (a: number[], b: number[]) => Number(await policy.kl(logits(...a), logits(...b)).item());
  const half = Math.log(0.5);
  assert.ok(Math.abs(await of([half, half, -Infinity], [half, half, -Infinity])) < 1e-6);
  const expected = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
  assert.ok(Math.abs(await of([half, half, -Infinity], [Math.log(0.25), Math.log(0.75), -Infinity]) - expected) < 1e-6);
  assert.ok(await of([half, half, -Infinity], [0, -Infinity, -Infinity]) > 1e30);
});
