/** Policies and critics that remember: what they remember in rollouts, values, updates, evaluations and files. */

import assert from "node:assert/strict";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { InferenceSession, Tensor as OnnxTensor } from "../../lib/engine/onnx/runtime.ts";
import { useEngine } from "../../lib/engine/select.ts";
import { RowLayout, shuffled } from "../../lib/rl/batch.ts";
import { valuesAlong } from "../../lib/rl/values.ts";
import {
  Collector,
  compile,
  concat,
  Evaluator,
  film,
  GaussianPolicy,
  generalisedAdvantages,
  Generator,
  gradients,
  HostRandom,
  leaves,
  mapTree,
  Navigation,
  normal,
  play,
  type Policy,
  policyFor,
  policyOnnx,
  ppoLoss,
  type PPOOptions,
  PPOTrainer,
  randomKey,
  type Recurrent,
  RecurrentCritic,
  type SequenceRollout,
  stack,
  type Tensor,
  tensor,
  type Tree,
  where,
  zeros,
} from "../../mod.ts";
import { onCpu, onEachEngine, onEngine } from "../engines.ts";
import { memoryWorld } from "./memory_world.ts";
import { pointWorld, small } from "./point_world.ts";
import { assertResumes } from "./resumes.ts";

/** Episodes of 7 steps in sequences of 4: they begin and end within sequences, and go on from batch to batch. */
const world = memoryWorld(7);
const recurrent: PPOOptions = { ...small, hiddenSize: 8, recurrent: "lstm", sequenceLength: 4 };

/** The one of the ways below that keeps most. */
const fullest = "a GRU for each agent, on scaled observations";

/** Every way in which networks may remember. */
const kinds: Readonly<Record<string, Partial<PPOOptions>>> = {
  "an LSTM for all agents": {},
  [fullest]: {
    recurrent: "gru",
    shareParameters: false,
    normalizeObservations: true,
    normalizeValues: true,
  },
  "a GRU that sees all agents, and a critic that sees one": {
    recurrent: "gru",
    centralisedPolicy: true,
    algorithm: "ippo",
  },
};

async function withTrainer(
  options: PPOOptions,
  fn: (trainer: PPOTrainer) => Promise<void>,
  maxSteps = 7,
): Promise<void> {
  const trainer = await PPOTrainer.create(memoryWorld(maxSteps), options) as unknown as PPOTrainer;
  try {
    await fn(trainer);
  } finally {
    trainer.dispose();
  }
}

/** Throws unless two trees have the same numbers, to rounding. */
async function assertNear(found: Tree, expected: Tree, what: string, tolerance = 1e-6): Promise<void> {
  const [a, b] = [leaves(found), leaves(expected)];
  assert.deepEqual(a.map((x) => x.shape), b.map((x) => x.shape), what);
  // As one tensor: what is compared may have come a long way, which is to be computed once.
  const apart = await concat(a.map((x, i) => x.sub(b[i]!).abs().flatten()), 0).data();
  apart.forEach((x, i) => assert.ok(x <= tolerance, `${what}, number ${i}: ${x} apart`));
}

/** What is remembered, zeros where an episode began. */
const forget = (began: Tensor, memory: Tree): Tree =>
  mapTree(memory, (x) => where(began.reshape(-1, ...x.shape.slice(1).map(() => 1)), 0, x));

const at = <T extends Tree>(tree: T, i: number): T => mapTree(tree, (x) => x.select(0, i));

for (const [name, more] of Object.entries(kinds)) {
  const options = { ...recurrent, ...more };
  // Centralised networks are made of the same operations.
  const test = options.centralisedPolicy ? onCpu : onEachEngine;

  test(
    `${name}: the update sees what the rollout saw, to rounding, before it learns`,
    () =>
      withTrainer(options, async (trainer) => {
        for (let batch = 0; batch < 2; batch++) {
          const rollout = await trainer.collect() as SequenceRollout;
          const { policy } = trainer;
          const [time, length] = [rollout.observation.shape[0]!, 4];
          const observation = policy.normalize(rollout.observation);
          const [found, expected]: [Tree[], Tree[]] = [[], []];
          for (let k = 0; k < time / length; k++) {
            const part = (x: Tensor): Tensor => x.slice(0, k * length, (k + 1) * length);
            const [x, began] = [part(observation), part(rollout.began)];
            found.push(policy.logProb(policy.along(x, at(rollout.memory, k), began), part(rollout.choice)));
            expected.push(part(rollout.logProb));
            // What it remembers in the end is what was remembered before the next sequence.
            if (k + 1 === time / length || options.centralisedPolicy) continue;
            found.push((policy.net as Recurrent).run(x, at(rollout.memory, k), began)[1]);
            expected.push(at(rollout.memory, k + 1));
          }
          await assertNear(found, expected, `batch ${batch}`);
          await trainer.learn(rollout);
        }
      }),
  );

  // That both engines see the same is shown above; this is about iterations.
  onEngine(
    "cpu",
    `${name}: every ratio is 1 before the first update, in every iteration`,
    () =>
      withTrainer({ ...options, numEpochs: 1, minibatchSize: 10_000 }, async (trainer) => {
        for (let i = 1; i <= 3; i++) {
          const metrics = await trainer.iterate();
          assert.ok(metrics["train/approx_kl"]! < 1e-9, `iteration ${i}: ${metrics["train/approx_kl"]}`);
          assert.equal(metrics["train/clip_fraction"], 0);
          for (const [name, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
        }
        assert.equal(trainer.traceCount, 3);
      }),
  );

  // On a GPU the one with the most to be kept: what networks remember, and two running scales.
  for (const engine of name === fullest ? ["cpu", "webgpu"] as const : ["cpu"] as const) {
    onEngine(
      engine,
      `${name}: PPOTrainer continues bit for bit from its state`,
      () => assertResumes(() => PPOTrainer.create(world, options) as unknown as Promise<PPOTrainer>, 2),
    );
  }
}

onEachEngine(
  "a rollout forgets where an episode begins, and there only",
  () =>
    withTrainer(recurrent, async (trainer) => {
      const { policy } = trainer;
      for (let batch = 0; batch < 2; batch++) {
        const { observation, choice, logProb, began, done } = await trainer.collect() as SequenceRollout;
        const [time, envs] = began.shape as [number, number];
        const [starts, ends] = [await began.data(), await done.data()];
        for (let i = 0; i < time * envs; i++) {
          const before = i < envs ? batch === 0 : ends[i - envs] === 1;
          if (i >= envs || batch === 0) assert.equal(starts[i], Number(before), `frame ${i}`);
        }
        const [fresh] = policy.step(observation.flatten(0, 1), policy.initialMemory(time * envs));
        const alone = await policy.logProb(fresh, choice.flatten(0, 1)).toList() as number[][];
        const acted = await logProb.flatten(0, 1).toList() as number[][];
        starts.forEach((begins, i) => {
          const apart = Math.max(...alone[i]!.map((x, agent) => Math.abs(x - acted[i]![agent]!)));
          if (begins) assert.ok(apart < 1e-6, `frame ${i} begins an episode: ${apart}`);
          else assert.ok(apart > 1e-6, `frame ${i} goes on: ${apart}`);
        });
      }
    }),
);

for (const [centralised, shareParameters] of [[true, true], [true, false], [false, true]] as const) {
  const title = `${centralised ? "of all agents" : "of one agent"}, ${
    shareParameters ? "one network" : "a network each"
  }`;
  const test = shareParameters ? onCpu : onEachEngine;
  test(
    `a critic that remembers (${title}) values each step by those before it, from batch to batch`,
    async () => {
      const [time, envs, agents, length] = [4, 3, 2, 2];
      const sizes = {
        agents,
        observationSize: 2,
        hiddenSize: 5,
        recurrent: "gru",
        centralised,
        shareParameters,
      } as const;
      const critic = new RecurrentCritic(sizes, new HostRandom(3));
      const seen = {
        observation: normal(randomKey(1), [time, envs, agents, 2]),
        nextObservation: normal(randomKey(2), [time, envs, agents, 2]),
        began: tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]).equal(1),
      };
      const start = mapTree(critic.initialState(envs, agents), (x) => normal(randomKey(4), x.shape));
      const values = valuesAlong(critic, seen, start, length);
      let memory = start;
      const expected: Tree[] = [];
      for (let t = 0; t < time; t++) {
        const { observation, nextObservation, began } = at(seen, t);
        const [value, next] = critic.step(observation, forget(began, memory));
        const [nextValue] = critic.step(nextObservation, next);
        expected.push([value, nextValue, t % length === 0 ? memory : []]);
        memory = next;
      }
      const found = expected.map((_, t): Tree => [
        ...[values.value, values.nextValue].map((x) => x.select(0, t)),
        t % length === 0 ? at(values.memory, t / length) : [],
      ]);
      const [first, second] = [0, length].map((from) => mapTree(seen, (x) => x.slice(0, from, from + length)));
      const half = valuesAlong(critic, first!, start, length);
      const rest = valuesAlong(critic, second!, half.last, length);
      await assertNear(
        [[found, values.last], [rest.value, rest.last]],
        [[expected, memory], [values.value.slice(0, length), values.last]],
        "values and what is remembered, then two batches as one",
      );
    },
  );
}

/** The loss of a batch, its sequences written out step by step: `kept` is what the critic remembers of the batch before. */
function lossWrittenOut(trainer: PPOTrainer, rollout: SequenceRollout, kept: Tree, length: number): Tensor {
  const { policy, critic } = trainer as unknown as { policy: Policy; critic: Recurrent };
  const { observation, nextObservation, began, choice } = rollout;
  const said = valuesAlong(critic, { observation, nextObservation, began }, kept, length);
  const data = mapTree(said as never as Tree, (x) => x.detach("data")) as never as typeof said;
  const { advantage, returns } = generalisedAdvantages({ ...rollout, ...data }, small.gamma, small.lmbda);
  const [logProbs, values]: [Tensor[], Tensor[]] = [[], []];
  let [ofPolicy, ofCritic]: [Tree, Tree] = [{}, {}];
  for (let t = 0; t < observation.shape[0]!; t++) {
    if (t % length === 0) [ofPolicy, ofCritic] = [at(rollout.memory, t / length), at(data.memory, t / length)];
    const [x, starts] = [observation.select(0, t), began.select(0, t)];
    const [output, remembered] = policy.step(x, forget(starts, ofPolicy));
    const [value, next] = critic.step(x, forget(starts, ofCritic));
    logProbs.push(policy.logProb(output, choice.select(0, t)));
    values.push(value);
    [ofPolicy, ofCritic] = [remembered, next];
  }
  const rows = (x: Tensor): Tensor => x.flatten(0, 1);
  const logProb = rows(stack(logProbs));
  const weight = zeros([logProb.shape[0]!]).add(1);
  return ppoLoss(
    { logProb: rows(rollout.logProb), advantage: rows(advantage), returns: rows(returns), weight },
    { logProb, entropy: logProb.mul(0), value: rows(stack(values)) },
    { clipEpsilon: small.clipEpsilon, entropyEps: 0 },
  ).loss;
}

onEngine(
  "cpu",
  "the gradients of an update are those of sequences that are written out step by step",
  () =>
    withTrainer(
      { ...recurrent, ...{ framesPerBatch: 12, numEpochs: 1, entropyEps: 0, sequenceLength: 2 } },
      async (trainer) => {
        // The second batch: sequences begin with what the first has left.
        await trainer.iterate();
        const rollout = await trainer.collect() as SequenceRollout;
        const [hidden, cell] = Object.entries(await trainer.state()).filter(([name]) => name.startsWith("critic."))
          .map(([, { data, shape }]) => tensor(data as Float32Array, { shape }));
        const loss = lossWrittenOut(trainer, rollout, { hidden: hidden!, cell: cell! }, 2);
        const named = [...trainer.policy.namedParameters("policy."), ...trainer.critic.namedParameters("critic.")];
        const expected = await concat(gradients(loss, named.map(([, x]) => x)).map((x) => x.flatten()), 0).data();
        await trainer.learn(rollout);
        const found = await trainer.gradients();
        assert.deepEqual(Object.keys(found), named.map(([name]) => name));
        let end = 0;
        for (const [name, { size }] of named) {
          const own = expected.subarray(end, end += size);
          const largest = Math.max(...Array.from(own, Math.abs));
          assert.ok(largest > 0, name);
          const { data } = found[name]!;
          own.forEach((g, k) =>
            assert.ok(Math.abs(data[k]! - g) <= 1e-6 + 1e-4 * largest, `${name} ${k}: ${data[k]} for ${g}`)
          );
        }
      },
      3,
    ),
);

onEachEngine(
  "minibatches of sequences have every frame once, in its order, with what was remembered before it",
  async () => {
    const [time, envs, length] = [12, 5, 4];
    const layout = new RowLayout({ frame: [], pair: [2, 1] }, length, [[2, 3], []]);
    const frame = tensor(Float32Array.from({ length: time * envs }, (_, i) => i), { shape: [time, envs] });
    const before = frame.reshape(time / length, length, envs).select(1, 0);
    const rows = layout.pack(
      { frame, pair: stack([frame, frame.mul(2)], -1).unsqueeze(-1) },
      [before.reshape(3, envs, 1, 1).expand(-1, -1, 2, 3), before.add(0.5)],
    );
    assert.equal(rows.shape[0], time / length * envs);
    const { index, weight } = shuffled(rows.shape[0]!, 4, new HostRandom(2));
    assert.deepEqual(index.shape, [4, 4]);
    const [weights, seen] = [await weight.toList() as number[][], [] as number[]];
    for (let i = 0; i < 4; i++) {
      const [{ frame, pair }, [memory, last]] = layout.unpack(rows.take(index.select(0, i), 0));
      assert.deepEqual([frame.shape, pair.shape, memory!.shape, last!.shape], [[16], [16, 2, 1], [4, 2, 3], [4]]);
      const [frames, starts] = [
        await frame.reshape(length, 4).toList() as number[][],
        await last!.toList() as number[],
      ];
      const pairs = await pair.reshape(length, 4, 2).toList() as number[][][];
      assert.ok((await memory!.data()).every((x, k) => x === starts[Math.floor(k / 6)]! - 0.5));
      for (let row = 0; row < 4; row++) {
        frames.forEach((now, k) => {
          assert.equal(now[row], starts[row]! - 0.5 + k * envs);
          assert.deepEqual(pairs[k]![row], [now[row], 2 * now[row]!]);
          if (weights[i]![row] === 1) seen.push(now[row]!);
        });
      }
    }
    assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: time * envs }, (_, i) => i));
  },
);

onEngine("cpu", "a batch is rounded up to whole sequences, and no longer than it is", async () => {
  const shapeOf = async (options: Partial<PPOOptions>) => {
    const trainer = await PPOTrainer.create(pointWorld(8), { ...recurrent, ...options });
    try {
      const { reward } = await trainer.collect();
      assert.deepEqual(reward.shape, [trainer.steps, trainer.envs, 2]);
      return [trainer.envs, trainer.steps, trainer.framesPerIteration, trainer.updatesPerEpoch];
    } finally {
      trainer.dispose();
    }
  };
  assert.deepEqual(await shapeOf({}), [6, 12, 72, 5]);
  assert.deepEqual(await shapeOf({ sequenceLength: 3 }), [6, 9, 54, 4]);
  assert.deepEqual(await shapeOf({ sequenceLength: 1 }), [6, 9, 54, 4]);
  assert.deepEqual(await shapeOf({ sequenceLength: 100 }), [6, 9, 54, 6]);
});

/** The mean reward of an episode after some iterations: at most 1, and 0 for whoever remembers nothing. */
async function learned(
  options: Partial<PPOOptions>,
  actionKind: "continuous" | "discrete" = "continuous",
  iterations = 8,
): Promise<number> {
  const trainer = await PPOTrainer.create(memoryWorld(6, actionKind), {
    ...{ ...recurrent, framesPerBatch: 480, minibatchSize: 120, numEpochs: 4, lr: 5e-3, hiddenSize: 16 },
    ...options,
  });
  try {
    for (let i = 0; i < iterations; i++) await trainer.iterate();
    const { reward } = await trainer.evaluate(200, 0);
    return reward.reduce((sum, x) => sum + x) / reward.length;
  } finally {
    trainer.dispose();
  }
}

for (const seed of [0, 1, 2]) {
  onEngine(
    "cpu",
    `what is shown at the first step only is learned by an LSTM, and never by an MLP (seed ${seed})`,
    async () => {
      const [lstm, mlp] = [await learned({ seed }), await learned({ seed, recurrent: "none" })];
      assert.ok(lstm > 0.7 && Math.abs(mlp) < 0.2, `LSTM ${lstm}, MLP ${mlp}`);
    },
  );
}

onEngine("cpu", "a GRU learns with discrete actions, and a GRU for each agent does", async () => {
  const [discrete, each] = [
    await learned({ recurrent: "gru" }, "discrete"),
    await learned({ recurrent: "gru", shareParameters: false }),
  ];
  assert.ok(discrete > 0.7 && each > 0.6, `discrete ${discrete}, a network each ${each}`);
});

// What the tests above promise of the CPU is so promised of the GPU.
onEngine("webgpu", "an LSTM is taught by three batches what it is taught on the CPU", async (engine) => {
  const taught = async (on: Engine): Promise<Tree[]> => {
    useEngine(on);
    const found: Tree[] = [];
    await withTrainer(recurrent, async (trainer) => {
      const weights = async (): Promise<Tree> =>
        Object.values(await trainer.weights()).map(({ data, shape }) => tensor(data as Float32Array, { shape }));
      const before = await weights();
      for (let i = 0; i < 3; i++) await trainer.learn(await trainer.collect());
      found.push(await weights(), before);
    });
    return found;
  };
  const [[found], [expected, before]] = [await taught(engine), await taught(await createCpuEngine())];
  await assertNear(found!, expected!, "weights", 1e-5);
  await assert.rejects(() => assertNear(before!, expected!, "weights that were taught nothing", 1e-2));
});

/** Shows what a controller remembers: its action is what it saw at the first step. */
const elephant = {
  initialMemory: (envs: number) => ({ goal: zeros([envs, 2]) }),
  decide(observation: Tensor, memory: Tree) {
    const goal = (memory as { goal: Tensor }).goal.add(observation.select(-1, 0));
    return [goal.unsqueeze(-1), { goal }] as const;
  },
};

onEachEngine(
  "play() and Evaluator hand a controller what it remembers, from nothing at the start of an episode",
  async () => {
    const evaluator = new Evaluator(memoryWorld(6), elephant);
    for (let i = 0; i < 2; i++) {
      const { reward } = await evaluator.run(20, i);
      reward.forEach((x) => assert.ok(Math.abs(x - 1) < 1e-6));
    }
    evaluator.dispose();
    const program = compile((key: Tensor) => play(memoryWorld(6), elephant, key, 3, ({ memory }) => memory));
    const { seen, first } = await program(randomKey(1));
    const { goal } = seen as { goal: Tensor };
    await assertNear(goal.select(0, 0), zeros([3, 2]), "at the start");
    for (let t = 1; t < 6; t++) await assertNear(goal.select(0, t), first.goal, `before step ${t}`);
    program.dispose();
  },
);

onEngine("cpu", "a film of a policy that remembers shows what it does step by step", async () => {
  const environment = new Navigation({ nAgents: 2, maxSteps: 5 });
  const policy = policyFor(environment, { hiddenSize: 8, recurrent: "lstm" }, new HostRandom(1));
  const [footage] = await film({ environment, controller: policy, state: [policy] } as never, 1, 3);
  const evaluator = new Evaluator(environment, policy, [policy]);
  // The film has the starts that an evaluation of one block has.
  const { reward } = await evaluator.run(1, 3);
  assert.ok(footage!.caption.startsWith(`reward ${reward[0]!.toFixed(1)}`), `${footage!.caption} for ${reward[0]}`);
  assert.equal(footage!.frames, 6);
  evaluator.dispose();
});

onEngine("cpu", "a policy that remembers is an ONNX file with what it remembers in and out", async () => {
  for (const kind of ["lstm", "gru"] as const) {
    const sizes = {
      agents: 2,
      observationSize: 3,
      actionSize: 1,
      hiddenSize: 6,
      recurrent: kind,
      normalizeObservations: true,
    };
    const policy = new GaussianPolicy(sizes, new HostRandom(4));
    policy.observationScale!.mean.assign(tensor([0.5, -0.5, 1]));
    const session = await InferenceSession.create(await policyOnnx(policy));
    const keys = kind === "lstm" ? ["hidden", "cell"] : ["hidden"];
    assert.deepEqual([...session.inputNames], ["observation", ...keys.map((key) => `memory.${key}`)]);
    assert.deepEqual([...session.outputNames], ["action", ...keys.map((key) => `nextMemory.${key}`)]);
    let memory = policy.initialMemory(1);
    let fed: Record<string, OnnxTensor> = Object.fromEntries(
      keys.map((key) => [`memory.${key}`, new OnnxTensor("float32", new Float32Array(12), [1, 2, 6])]),
    );
    for (let t = 0; t < 6; t++) {
      const observation = normal(randomKey(t), [1, 2, 3]);
      const [action, next] = policy.decide(observation, memory);
      const input = new OnnxTensor("float32", await observation.data() as Float32Array, [1, 2, 3]);
      const given = await session.run({ observation: input, ...fed });
      await assertNear(tensor(given["action"]!.data as Float32Array, { shape: [1, 2, 1] }), action, `step ${t}`, 1e-5);
      fed = Object.fromEntries(keys.map((key) => [`memory.${key}`, given[`nextMemory.${key}`] as OnnxTensor]));
      memory = next;
    }
    await session.release();
  }
});

Deno.test("a policy that remembers says so where it is asked of one observation", () => {
  const policy = new GaussianPolicy(
    { agents: 2, observationSize: 3, actionSize: 1, recurrent: "gru" },
    new HostRandom(0),
  );
  const message = "this GaussianPolicy remembers, so what it does depends on more than one observation: start from " +
    "initialMemory(envs), and hand to each step what the one before gave: decide(observation, memory), or act().";
  for (const ask of [() => policy.forward(zeros([4, 2, 3])), () => policy.output(zeros([4, 2, 3]))]) {
    assert.throws(ask, { name: "TypeError", message });
  }
});

Deno.test("a collector that was made without the policy that remembers is refused", () => {
  const policy = policyFor(world, { recurrent: "lstm", hiddenSize: 4 }, new HostRandom(0));
  const collector = new Collector(world, 3, randomKey(0));
  assert.throws(() => collector.collect(policy, new Generator(0), 4), {
    name: "RangeError",
    message: "a policy that remembers acts through a collector that was made with it: " +
      "new Collector(environment, envs, key, policy).",
  });
});

Deno.test("a collector does not drive by a policy that remembers, also if it was made with it", () => {
  const policy = policyFor(world, { recurrent: "gru", hiddenSize: 4 }, new HostRandom(0));
  const collector = new Collector(world, 3, randomKey(0), policy);
  assert.throws(() => collector.drive(policy, new Generator(0), 4), {
    name: "RangeError",
    message: "Collector.drive() is for a policy that remembers nothing; collect() lets one act that does.",
  });
});
