/** PPO and whole episodes in worlds on the host. */

import assert from "node:assert/strict";
import {
  controllerOf,
  Evaluator,
  full,
  GaussianPolicy,
  HostPendulum,
  type HostRandom,
  type HostScene,
  type HostWorld,
  leaves,
  Linear,
  mapTree,
  Module,
  NonFiniteError,
  Pendulum,
  type PPOOptions,
  PPOTrainer,
  recordEpisodes,
  type SavedTensor,
  type SequenceRollout,
  type SolidEntity,
  type Tensor,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { faulty, walk } from "../worlds/host_worlds.ts";
import { pointWorld, small } from "./point_world.ts";

const options: PPOOptions = { ...small, framesPerBatch: 60, hiddenSize: 8, normalizeObservations: true };

/** State and metrics after `iterations`. */
async function trained(world: HostWorld, iterations: number, changes: Partial<PPOOptions> = {}) {
  const trainer = await PPOTrainer.create(world, { ...options, ...changes });
  try {
    const metrics: Record<string, number>[] = [];
    for (let i = 0; i < iterations; i++) metrics.push(await trainer.iterate());
    return { metrics, state: await trainer.state(), evaluation: await trainer.evaluate(9, 3) };
  } finally {
    trainer.dispose();
  }
}

for (const discrete of [false, true]) {
  onEngine(
    "cpu",
    `PPO learns the same whatever the number of workers, with ${discrete ? "discrete" : "continuous"} actions`,
    async () => {
      const alone = await trained(walk(0, {}, discrete), 3);
      for (const workers of [1, 2, 3]) assert.deepEqual(await trained(walk(workers, {}, discrete), 3), alone);
    },
  );
}

onEachEngine("PPO continues bit for bit in a world on the host, whatever was evaluated meanwhile", async () => {
  const create = (workers: number) => PPOTrainer.create(walk(workers), options);
  const [whole, first, resumed] = [await create(0), await create(1), await create(2)];
  try {
    for (let i = 0; i < 2; i++) {
      await whole.iterate();
      await first.iterate();
    }
    await first.evaluate(3, 0);
    await resumed.restore(await first.state());
    assert.equal(resumed.iteration, 2);
    assert.deepEqual(await resumed.iterate(), await whole.iterate());
    assert.deepEqual(await resumed.state(), await whole.state());
    // noise, act, logProb, prepare and update; decide is that of the evaluation.
    assert.deepEqual([whole.traceCount, resumed.traceCount], [5, 5]);
  } finally {
    for (const trainer of [whole, first, resumed]) trainer.dispose();
  }
});

onEngine(
  "cpu",
  "a batch is what the simulations did: observations, choices, rewards and ends fit each other",
  async () => {
    const trainer = await PPOTrainer.create(walk(2), { ...options, normalizeObservations: false });
    try {
      const [first, second] = [await trainer.collect(), await trainer.collect()];
      const [steps, envs] = first.done.shape as [number, number];
      assert.deepEqual([steps, envs], [12, 5]);
      assert.deepEqual(first.observation.shape, [12, 5, 2, 2]);
      const of = async (name: string) => [
        ...await (first[name] as Tensor).data(),
        ...await (second[name] as Tensor).data(),
      ];
      const [seen, after, choice, reward] = [
        await of("observation"),
        await of("nextObservation"),
        await of("choice"),
        await of("reward"),
      ];
      const [done, sums, lengths] = [await of("done"), await of("episodeReward"), await of("episodeLength")];
      const running = Array.from({ length: envs }, () => ({ reward: 0, length: 0 }));
      for (let t = 0; t < 2 * steps; t++) {
        for (let env = 0; env < envs; env++) {
          const at = t * envs + env;
          for (let agent = 0; agent < 2; agent++) {
            const i = 2 * at + agent;
            // The place moves by 0.3 times the action, and at most 0.05 by luck.
            const moved = after[2 * i]! - seen[2 * i]! - 0.3 * Math.tanh(choice[i]!);
            assert.ok(Math.abs(moved) < 0.0501, `${moved}`);
            assert.equal(reward[i], Math.fround(-Math.abs(after[2 * i]!)));
            running[env]!.reward += reward[i]! / 2;
            if (t + 1 < 2 * steps && !done[at]) assert.equal(seen[2 * (i + 2 * envs)], after[2 * i]);
          }
          running[env]!.length++;
          assert.equal(lengths[at], done[at] ? running[env]!.length : 0);
          assert.ok(Math.abs(sums[at]! - (done[at] ? running[env]!.reward : 0)) < 1e-5);
          if (done[at]) running[env] = { reward: 0, length: 0 };
        }
      }
      const logProb = trainer.policy.logProb(trainer.policy.output(first.observation), first.choice);
      assert.ok(Number(await logProb.sub(first.logProb).abs().max().item()) < 1e-5);
    } finally {
      trainer.dispose();
    }
  },
);

onEngine("cpu", "what a world measures is a metric of the iteration: a mean over frames, or a sum", async () => {
  const trainer = await PPOTrainer.create(walk(2), options);
  try {
    const rollout = await trainer.collect();
    const far = await rollout.nextObservation.select(-1, 0).abs().max(-1).mean().item() as number;
    const left = await rollout.terminated.cast("float32").sum().item() as number;
    const metrics = await trainer.learn(rollout);
    assert.ok(Math.abs(metrics["world/far"]! - far) < 1e-5, `${metrics["world/far"]} for ${far}`);
    assert.equal(metrics["world/left"], left);
  } finally {
    trainer.dispose();
  }
});

onEngine("cpu", "more environments than a batch has whole episodes go on from batch to batch", async () => {
  for (const world of [walk(2), pointWorld(12)]) {
    const trainer = await PPOTrainer.create(world as HostWorld, { ...options, envs: 20 });
    try {
      assert.deepEqual([trainer.envs, trainer.steps, trainer.framesPerIteration], [20, 3, 60]);
      const lengths: number[] = [];
      for (let i = 0; i < 5; i++) {
        lengths.push(...await (await trainer.collect()).episodeLength.data());
      }
      assert.ok(Math.max(...lengths) > 3 && Math.max(...lengths) <= 12, `${lengths}`);
    } finally {
      trainer.dispose();
    }
  }
});

onEngine("cpu", "iterate() pauses after every step of simulations, so that Ctrl-C is heard", async () => {
  const trainer = await PPOTrainer.create(walk(0), options);
  let pauses = 0;
  await trainer.iterate(() => Promise.resolve(void pauses++));
  assert.equal(pauses, 12 + options.numEpochs);
  trainer.dispose();
});

/** Settings with which policy and critic remember. */
const recurrent: Partial<PPOOptions> = { recurrent: "gru", sequenceLength: 4, minibatchSize: 20 };

onEngine(
  "cpu",
  "a policy that remembers learns the same whatever the number of workers, and continues bit for bit",
  async () => {
    const create = (workers: number) => PPOTrainer.create(walk(workers), { ...options, ...recurrent });
    const [whole, first, resumed] = [await create(0), await create(2), await create(1)];
    try {
      for (let i = 0; i < 2; i++) assert.deepEqual(await first.iterate(), await whole.iterate());
      const [a, b] = [await whole.state(), await first.state()];
      assert.deepEqual(b, a);
      assert.ok(Object.keys(a).some((name) => name.startsWith("collector.memory")));
      await resumed.restore(b);
      assert.deepEqual(await resumed.iterate(), await whole.iterate());
      assert.deepEqual(await resumed.state(), await whole.state());
      assert.deepEqual(await resumed.evaluate(5, 0), await whole.evaluate(5, 0));
    } finally {
      for (const trainer of [whole, first, resumed]) trainer.dispose();
    }
  },
);

onEngine("cpu", "what is remembered begins anew with every episode, and is kept before each sequence", async () => {
  const trainer = await PPOTrainer.create(walk(0), { ...options, ...recurrent, normalizeObservations: false });
  try {
    await trainer.collect();
    const { observation, choice, logProb, began, done, memory } = await trainer.collect() as SequenceRollout;
    const [steps, envs] = done.shape as [number, number];
    assert.deepEqual(leaves(memory).map((x) => x.shape.slice(0, 3)), [[steps / 4, envs, 2]]);
    const [starts, ends] = [await began.data(), await done.data()];
    for (let i = 0; i < (steps - 1) * envs; i++) assert.equal(starts[i + envs], ends[i]);
    assert.ok(starts.slice(envs).some((x) => x === 1));
    // Run along the whole batch from what was remembered before it, the policy says the same again, also at each sequence.
    const { policy } = trainer;
    const first = mapTree(memory, (x) => x.select(0, 0));
    const again = policy.logProb(policy.along(observation, first, began), choice);
    assert.ok(Number(await again.sub(logProb).abs().max().item()) < 1e-5);
    for (let sequence = 0; sequence < steps / 4; sequence++) {
      const part = (x: Tensor): Tensor => x.slice(0, 4 * sequence, 4 * sequence + 4);
      const before = mapTree(memory, (x) => x.select(0, sequence));
      const some = policy.logProb(policy.along(part(observation), before, part(began)), part(choice));
      assert.ok(Number(await some.sub(part(logProb)).abs().max().item()) < 1e-5, `sequence ${sequence}`);
    }
  } finally {
    trainer.dispose();
  }
});

/** A network that knows only numbers up to 3. */
class Narrow extends Module {
  readonly head: Linear;

  constructor(from: number, to: number, random: HostRandom) {
    super();
    this.head = new Linear(from, to, random);
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(x.square().neg().add(9).sqrt());
  }
}

/** A world that counts its steps. */
const counter: HostWorld = {
  name: "counter",
  agents: 1,
  observationSize: 1,
  actionKind: "continuous",
  actionSize: 1,
  maxSteps: 12,
  simulation: () => {
    let steps = 0;
    return {
      reset: () => void (steps = 0),
      observe: () => [steps],
      step() {
        // Where policies are tried on normal numbers they know what they see; here not for long.
        assert.ok(++steps <= 4, "the NaN came before a simulation");
        return { reward: 0, terminated: false };
      },
      state: () => [steps],
      restore: ([saved]) => void (steps = saved!),
    };
  },
};

onEachEngine("a policy that gives NaN is told by its first bad operation, before a simulation sees it", async () => {
  const trainer = await PPOTrainer.create(counter, {
    ...{ ...options, normalizeObservations: false },
    policy: (spaces, random) => new GaussianPolicy({ ...spaces, network: (...sizes) => new Narrow(...sizes) }, random),
  });
  try {
    const error = await trainer.iterate().then(() => null, (error) => error as NonFiniteError);
    assert.ok(error instanceof NonFiniteError, `${error}`);
    assert.match(error.message, /G401\]: sqrt\(\) made NaN\. .*`action` of judge would have gone bad/);
    assert.equal(error.step?.program, "judge");
    assert.deepEqual([...error.step!.inputs.keys()].slice(0, 2), ["argument/0", "argument/1"]);
    const saved: Record<string, SavedTensor> = {};
    for (const [name, { dtype, shape, storage }] of error.step!.inputs) {
      saved[name] = { dtype, shape, data: await storage.read() };
    }
    await assert.rejects(trainer.replay("judge", saved), { name: "NonFiniteError", message: /sqrt\(\) made NaN/ });
  } finally {
    trainer.dispose();
  }
});

onEngine("cpu", "a policy whose log-probabilities are NaN is told before anything is learned from them", async () => {
  const trainer = await PPOTrainer.create(walk(0, {}, true), options);
  try {
    // Finite, but what the last layer makes of them is not: the choice among infinite logits has no probability.
    const weight = trainer.policy.parameters().at(-2)!;
    weight.assign(full(weight.shape, 3e38));
    const error = await trainer.iterate().then(() => null, (error) => error as NonFiniteError);
    assert.ok(error instanceof NonFiniteError, `${error}`);
    assert.equal(error.step?.program, "logProb");
  } finally {
    trainer.dispose();
  }
});

onEngine("cpu", "a simulation that goes wrong while PPO collects ends the iteration with its sentence", async () => {
  for (const workers of [0, 2]) {
    // Actions of a fresh policy are near 0 seldom: tenths from -1 to 1, of which most are faults.
    const trainer = await PPOTrainer.create(faulty(workers), options);
    await assert.rejects(trainer.iterate(), { name: "SimulationError", message: /^faulty: (environment|worker) \d/ });
    trainer.dispose();
  }
});

onEngine(
  "cpu",
  "an evaluation plays whole episodes on the host, each once, the same for any workers and controllers",
  async () => {
    const play = async (workers: number, count: number, seed: number) => {
      const world = walk(workers);
      const evaluator = new Evaluator(world, controllerOf(world, "random"));
      try {
        return await evaluator.run(count, seed);
      } finally {
        evaluator.dispose();
      }
    };
    const alone = await play(0, 40, 0);
    assert.deepEqual(await play(3, 40, 0), alone);
    assert.notDeepEqual(await play(0, 40, 1), alone);
    const { reward, length, terminated } = alone;
    assert.deepEqual([reward.length, length.length, terminated.length], [40, 40, 40]);
    assert.ok(length.every((x) => x >= 1 && x <= 12) && new Set(length).size > 4);
    assert.ok(terminated.some((x) => x === 1) && terminated.some((x, i) => x === 0 && length[i] === 12));
    // More than are played side by side: the blocks have starts of their own.
    const many = await play(0, 300, 0);
    assert.equal(many.reward.length, 300);
    assert.notDeepEqual(many.reward.slice(0, 150), many.reward.slice(150));
  },
);

onEngine("cpu", "recorded episodes are those of the evaluation, frame by frame", async () => {
  const world = walk(2);
  const controller = controllerOf(world, "random");
  const episodes = await recordEpisodes(world, controller, [], 5, 4);
  const evaluator = new Evaluator(world, controller);
  const { reward, length, terminated } = await evaluator.run(5, 4);
  evaluator.dispose();
  episodes.forEach((episode, i) => {
    assert.deepEqual([episode.reward, episode.length, Number(episode.terminated)], [
      reward[i],
      length[i],
      terminated[i],
    ]);
    assert.equal(episode.frames, length[i]! + 1);
    assert.deepEqual([episode.position.length, episode.angle.length], [4 * episode.frames, 2 * episode.frames]);
    let sum = 0;
    for (let frame = 1; frame < episode.frames; frame++) {
      const [x0, y0, x1, y1] = episode.position.subarray(4 * frame, 4 * frame + 4);
      assert.deepEqual([y0, y1], [0, 1]);
      sum -= (Math.abs(x0!) + Math.abs(x1!)) / 2;
    }
    assert.ok(Math.abs(sum - episode.reward) < 1e-5);
  });
  const { scene: _, ...unseen } = world;
  await assert.rejects(recordEpisodes(unseen, controller, [], 1, 0), { message: /walk cannot be drawn/ });
  await assert.rejects(recordEpisodes(world, controller, [], 0, 0), { message: /a whole number of episodes/ });
  const thrown = {
    message: /gave 6 numbers as places, not x, y, z and the rotation of each of 1 entities, when it was/,
  };
  const entities: SolidEntity[] = [{ role: "limb", shape: { kind: "sphere", radius: 0.1 } }];
  const scene: HostScene = { entities, frameSeconds: 1, view: "side" };
  await assert.rejects(recordEpisodes({ ...world, scene }, controller, [], 1, 0), thrown);
});

/** The settings with which the pendulum is learned. */
const pendulum: PPOOptions = {
  algorithm: "ippo",
  framesPerBatch: 4000,
  numEpochs: 10,
  minibatchSize: 400,
  hiddenSize: 64,
  lr: 3e-3,
  maxGradNorm: 0.5,
  clipEpsilon: 0.2,
  entropyEps: 0,
  gamma: 0.9,
  lmbda: 0.95,
  normalizeValues: true,
  normalizeAdvantages: true,
  seed: 0,
};

for (const [name, world] of [["on the host", new HostPendulum()], ["in tensors", new Pendulum()]] as const) {
  onEngine("cpu", `PPO learns to swing the pendulum ${name} up and to hold it`, async () => {
    const trainer =
      await (world instanceof Pendulum ? PPOTrainer.create(world, pendulum) : PPOTrainer.create(world, pendulum));
    try {
      const rewards: number[] = [];
      for (let i = 0; i < 12; i++) rewards.push((await trainer.iterate())["train/episode_reward_sum"]!);
      const { reward } = await trainer.evaluate(20, 0);
      const mean = reward.reduce((sum, x) => sum + x, 0) / 20;
      assert.ok(rewards[0]! < -900 && mean > -350, `${rewards.map(Math.round)}, then ${mean}`);
    } finally {
      trainer.dispose();
    }
  });
}
