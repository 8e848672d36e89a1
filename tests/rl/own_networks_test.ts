/** Policies and critics of one's own in PPO: what works, and what is said of those that do not fit. */

import assert from "node:assert/strict";
import { InferenceSession, Tensor as OnnxTensor } from "../../lib/engine/onnx/runtime.ts";
import {
  type ActionKind,
  CategoricalPolicy,
  concat,
  GaussianPolicy,
  gradients,
  GRU,
  HostRandom,
  leaves,
  Linear,
  LSTM,
  MLP,
  Module,
  normal,
  onWarning,
  Parameter,
  policyFor,
  type PolicySpaces,
  type PPOOptions,
  PPOTrainer,
  randomKey,
  Recurrent,
  type Tensor,
  tensor,
  type Tree,
  where,
  zeros,
} from "../../mod.ts";
import { onEngine } from "../engines.ts";
import { interpretNodes } from "../oracle.ts";
import { memoryWorld } from "./memory_world.ts";
import { pointWorld, small } from "./point_world.ts";
import { assertResumes } from "./resumes.ts";

const short: PPOOptions = { ...small, framesPerBatch: 400, numEpochs: 8, minibatchSize: 100, lr: 2e-3 };

/** Each agent attends to all. */
class Attention extends Module {
  readonly qkv: Linear;
  readonly head: Linear;

  constructor(from: number, to: number, random: HostRandom) {
    super();
    this.qkv = new Linear(from, 48, random);
    this.head = new Linear(16 + from, to, random);
  }

  override forward(x: Tensor): Tensor {
    const [q, k, v] = this.qkv.forward(x).split([16, 16, 16], -1) as [Tensor, Tensor, Tensor];
    const weights = q.matmul(k.transpose()).div(4).softmax(-1);
    return this.head.forward(concat([weights.matmul(v).tanh(), x], -1));
  }
}

/** Values that a module gives as `[row, agent, 1]`. */
class Values extends Module {
  constructor(readonly net: Module) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return this.net.forward(x).squeeze(-1);
  }
}

type Count = { readonly low: { readonly hidden: Tensor }; readonly steps: Tensor };

/** A GRU whose state is kept in a tree, beside a count of the steps that starts at a number which is learned. */
class Counting extends Recurrent<Count> {
  readonly gru: GRU;
  readonly head: Linear;
  readonly start: Parameter = new Parameter(tensor([0.5]), "start");

  constructor(from: number, to: number, random: HostRandom) {
    super();
    this.gru = new GRU(from, 12, random);
    this.head = new Linear(13, to, random);
  }

  override initialState(...leading: number[]): Count {
    return { low: this.gru.initialState(...leading), steps: this.start.expand(...leading, 1) };
  }

  override step(x: Tensor, { low, steps }: Count): readonly [Tensor, Count] {
    const [hidden, next] = this.gru.step(x, low);
    return [this.head.forward(concat([hidden, steps], -1)), { low: next, steps: steps.add(0.1) }];
  }
}

async function rewards(trainer: PPOTrainer, iterations: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < iterations; i++) found.push((await trainer.iterate())["train/step_reward_mean"]!);
  return found;
}

const pointTrainer = (options: Partial<PPOOptions>, actionKind: ActionKind = "continuous"): Promise<PPOTrainer> =>
  PPOTrainer.create(pointWorld(10, actionKind), { ...short, ...options }) as unknown as Promise<PPOTrainer>;

for (const actionKind of ["continuous", "discrete"] as const) {
  onEngine(
    "cpu",
    `a policy of attention among agents and a critic of one's own learn ${actionKind} actions`,
    async () => {
      const trainer = await pointTrainer({
        policy: (spaces, random) =>
          policyFor(spaces, { network: (from, to, random) => new Attention(from, to, random) }, random),
        critic: ({ observationSize }, random) => new Values(new Attention(observationSize, 1, random)),
      }, actionKind);
      try {
        const found = await rewards(trainer, 8);
        assert.ok(found[0]! < -0.45 && found.at(-1)! > -0.35, `mean rewards: ${found.map((x) => x.toFixed(3))}`);
        assert.deepEqual(Object.keys(await trainer.gradients()).slice(0, 2), [
          "policy.net.qkv.weight",
          "policy.net.qkv.bias",
        ]);
      } finally {
        trainer.dispose();
      }
    },
  );
}

onEngine("webgpu", "a start that is learned has the gradient that it has in float64, through a sequence", async () => {
  const net = new Counting(2, 1, new HostRandom(1));
  const began = tensor([[false, false], [false, true], [false, false]]);
  const [outputs, last] = net.run(normal(randomKey(1), [3, 2, 2]), net.initialState(2), began);
  const loss = outputs.square().sum().add(leaves(last).reduce((sum, x) => sum.add(x.square().sum()), zeros([])));
  const [found] = gradients(loss, [net.start]);
  const [exact] = interpretNodes([found!.node]);
  assert.ok(Math.abs(exact![0]!) > 1e-2);
  assert.ok(Math.abs(Number(await found!.item()) - exact![0]!) < 1e-4 * Math.abs(exact![0]!));
});

// That a trainer which remembers continues bit for bit on a GPU is shown in recurrent_test.ts.
onEngine("cpu", "networks of one's own that remember continue bit for bit, with a start that is learned", async () => {
  const create = () =>
    PPOTrainer.create(memoryWorld(7), {
      ...small,
      sequenceLength: 4,
      policy: (spaces, random) =>
        new GaussianPolicy({ ...spaces, network: (from, to) => new Counting(from, to, random) }, random),
      critic: ({ agents, observationSize }, random) => {
        class Team extends Recurrent<Count> {
          readonly inner = new Counting(agents * observationSize, agents, random);

          override initialState(envs: number): Count {
            return this.inner.initialState(envs);
          }

          override step(x: Tensor, state: Count): readonly [Tensor, Count] {
            return this.inner.step(x.flatten(-2), state);
          }
        }
        return new Team();
      },
    }) as unknown as Promise<PPOTrainer>;
  await assertResumes(create, 2);
  const trainer = await create();
  try {
    const metrics = await trainer.iterate();
    for (const [name, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
    const gradients = await trainer.gradients();
    for (const name of ["policy.net.start", "critic.inner.start"]) assert.notEqual(gradients[name]!.data[0], 0, name);
    const names = Object.keys(await trainer.state()).filter((name) => name.includes("memory"));
    assert.deepEqual(names, [
      "collector.4.memory.low.hidden",
      "collector.5.memory.steps",
      "critic.0.memory.low.hidden",
      "critic.1.memory.steps",
    ]);
  } finally {
    trainer.dispose();
  }
});

onEngine("cpu", "a policy that remembers learns beside a critic that does not, and the other way round", async () => {
  const network = (from: number, to: number, random: HostRandom): Counting => new Counting(from, to, random);
  class OneStep extends Recurrent<Tree> {
    constructor(readonly net: Module) {
      super();
    }

    override initialState(): Tree {
      return {};
    }

    override step(x: Tensor): readonly [Tensor, Tree] {
      return [this.net.forward(x).squeeze(-1), {}];
    }
  }
  const mixed: Partial<PPOOptions>[] = [
    {
      policy: (spaces, random) => new GaussianPolicy({ ...spaces, network }, random),
      critic: ({ observationSize }, random) => new Values(new MLP([observationSize, 16, 1], random)),
    },
    { critic: ({ observationSize }, random) => new OneStep(new MLP([observationSize, 16, 1], random)) },
  ];
  for (const options of mixed) {
    const trainer = await pointTrainer({ ...options, sequenceLength: 5 });
    try {
      const found = await rewards(trainer, 8);
      assert.ok(found[0]! < -0.45 && found.at(-1)! > -0.38, `mean rewards: ${found.map((x) => x.toFixed(3))}`);
    } finally {
      trainer.dispose();
    }
  }
});

onEngine("cpu", "a part that policy and critic share is learned once, from both", async () => {
  let trunk: Linear | undefined;
  const shared = (from: number, random: HostRandom): Linear => trunk ??= new Linear(from, 16, random);
  class OnTrunk extends Module {
    readonly head: Linear;

    constructor(readonly trunk: Linear, to: number, random: HostRandom) {
      super();
      this.head = new Linear(16, to, random);
    }

    override forward(x: Tensor): Tensor {
      return this.head.forward(this.trunk.forward(x).tanh());
    }
  }
  const trainer = await pointTrainer({
    policy: (spaces, random) =>
      new GaussianPolicy({ ...spaces, network: (from, to) => new OnTrunk(shared(from, random), to, random) }, random),
    critic: ({ observationSize }, random) => new Values(new OnTrunk(shared(observationSize, random), 1, random)),
  });
  try {
    assert.equal(trainer.facts.parameters, (2 * 16 + 16) + (16 * 2 + 2) + (16 + 1));
    await trainer.iterate();
    assert.deepEqual(Object.keys(await trainer.gradients()), [
      ...["trunk.weight", "trunk.bias", "head.weight", "head.bias"].map((name) => `policy.net.${name}`),
      ...["head.weight", "head.bias"].map((name) => `critic.net.${name}`),
    ]);
  } finally {
    trainer.dispose();
  }
});

/** A normal distribution without tanh, on the network's mean and a deviation that does not depend on what is seen. */
class PlainGaussian extends GaussianPolicy {
  readonly logStd: Parameter;

  constructor(spaces: PolicySpaces, random: HostRandom) {
    super(spaces, random);
    this.logStd = new Parameter(zeros([spaces.actionSize]), "logStd");
  }

  protected override read(outputs: Tensor) {
    const { loc, scale } = super.read(outputs);
    return { loc, scale: scale.mul(this.logStd.exp()) };
  }
}

onEngine("cpu", "a subclass of a distribution may have parameters of its own", async () => {
  const trainer = await pointTrainer({ policy: (spaces, random) => new PlainGaussian(spaces, random) });
  try {
    const found = await rewards(trainer, 4);
    assert.ok(found.every(Number.isFinite));
    assert.notEqual((await trainer.policy.namedParameters().find(([name]) => name === "logStd")![1].data())[0], 0);
  } finally {
    trainer.dispose();
  }
});

onEngine(
  "cpu",
  "the ONNX file of a policy of one's own has what it remembers by its keys, and does what it does",
  async () => {
    const trainer = await PPOTrainer.create(memoryWorld(7), {
      ...small,
      sequenceLength: 4,
      policy: (spaces, random) =>
        new GaussianPolicy({ ...spaces, network: (from, to) => new Counting(from, to, random) }, random),
    });
    try {
      const session = await InferenceSession.create(await trainer.policyOnnx());
      assert.deepEqual([...session.inputNames], ["observation", "memory.low.hidden", "memory.steps"]);
      assert.deepEqual([...session.outputNames], ["action", "nextMemory.low.hidden", "nextMemory.steps"]);
      const memory = { low: { hidden: normal(randomKey(1), [1, 2, 12]) }, steps: tensor([[[0.5], [0.7]]]) };
      const observation = normal(randomKey(2), [1, 2, 2]);
      const [action, next] = trainer.policy.decide(observation, memory);
      const as = async (x: Tensor) => new OnnxTensor("float32", await x.data() as Float32Array, x.shape);
      const given = await session.run({
        observation: await as(observation),
        "memory.low.hidden": await as(memory.low.hidden),
        "memory.steps": await as(memory.steps),
      });
      const expected = { action, "nextMemory.steps": (next as typeof memory).steps };
      for (const [name, x] of Object.entries(expected)) {
        const [a, b] = [given[name]!.data as Float32Array, await x.data()];
        b.forEach((v, i) => assert.ok(Math.abs(a[i]! - v) < 1e-6, `${name}: ${a[i]} for ${v}`));
      }
      await session.release();
    } finally {
      trainer.dispose();
    }
  },
);

/** A network that does with what it is given as it is told. */
class Net extends Module {
  constructor(readonly net: Module, readonly then: (y: Tensor, x: Tensor) => Tensor) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return this.then(this.net.forward(x), x);
  }
}

class Hidden extends Module {
  readonly #net: MLP;

  constructor(from: number, to: number, random: HostRandom) {
    super();
    this.#net = new MLP([from, 8, to], random);
  }

  override forward(x: Tensor): Tensor {
    return this.#net.forward(x);
  }
}

class Growing extends Recurrent<{ readonly seen: Tensor }> {
  readonly net: MLP;

  constructor(from: number, to: number, random: HostRandom, readonly leading: number[], readonly next: number[]) {
    super();
    this.net = new MLP([from, 8, to], random);
  }

  override initialState(): { readonly seen: Tensor } {
    return { seen: zeros(this.leading) };
  }

  override step(x: Tensor): readonly [Tensor, { readonly seen: Tensor }] {
    return [this.net.forward(x), { seen: zeros(this.next) }];
  }
}

const mlp = (from: number, to: number, random: HostRandom): MLP => new MLP([from, 8, to], random);
const withNetwork = (network: (from: number, to: number, random: HostRandom) => Module): Partial<PPOOptions> => ({
  policy: (spaces, random) => new GaussianPolicy({ ...spaces, network }, random),
});
const withCritic = (critic: (from: number, random: HostRandom) => Module): Partial<PPOOptions> => ({
  critic: ({ observationSize }, random) => critic(observationSize, random),
});

/** What is refused, by whom, and the beginning of what is said. */
const refused: readonly (readonly [what: string, options: unknown, error: string, message: string])[] = [
  [
    "a policy instead of its maker",
    { policy: policyFor({ ...pointWorld(8), observationSize: 2 }, {}, new HostRandom(0)) },
    "G310",
    "PPOTrainer.create() takes a function as `options.policy`, not a GaussianPolicy.",
  ],
  [
    "a module that is no policy",
    { policy: (_: unknown, random: HostRandom) => mlp(2, 1, random) },
    "TypeError",
    "PPO: `policy` makes a Policy, such as new GaussianPolicy({ ...spaces, network }, random); it made something else.",
  ],
  [
    "a function as critic",
    { critic: () => (x: Tensor) => x },
    "TypeError",
    "PPO: `critic` makes a Module, with its layers in fields; it made something else.",
  ],
  [
    "a network instead of its maker",
    withNetwork(mlp(2, 2, new HostRandom(0)) as never),
    "G310",
    "new GaussianPolicy() takes a function as `options.network`, not an MLP.",
  ],
  [
    "a network that is no module",
    withNetwork((() => (x: Tensor) => x) as never),
    "TypeError",
    "`network` of a policy makes a Module, with its layers in fields; it made something else.",
  ],
  [
    "a network with too few outputs",
    withNetwork((from, _, random) => mlp(from, 1, random)),
    "G301",
    "the network of a GaussianPolicy gives 2 numbers for each agent, here float32 [3, 2, 2]; it gave float32 [3, 2, 1].",
  ],
  [
    "a network for another observation",
    withNetwork((_, to, random) => mlp(5, to, random)),
    "G301",
    "MLP takes inputs whose last axis has size 5 (its first size); it was given float32 [3, 2, 2].",
  ],
  [
    "discrete choices in a world of continuous actions",
    { policy: (spaces: PolicySpaces, random: HostRandom) => new CategoricalPolicy(spaces, random) },
    "G301",
    "the action of CategoricalPolicy is int32 [3, 2] for 3 environments; it has to be float32 [3, 2, 1], [env, agent, " +
    "actionSize], as this world with its continuous actions takes it.",
  ],
  [
    "a policy without parameters",
    withNetwork(() => new Nothing()),
    "G502",
    "GaussianPolicy, the policy, has no parameters: nothing would be learned.",
  ],
  [
    "layers that cannot be found",
    {
      policy: (spaces: PolicySpaces, random: HostRandom) =>
        new PlainGaussian({ ...spaces, network: (from, to) => new Hidden(from, to, random) }, random),
    },
    "G503",
    "PlainGaussian, the policy, is computed with `",
  ],
  [
    "a network that gives NaN",
    withNetwork((from, to, random) => new Net(mlp(from, to, random), (y) => y.sub(100).log())),
    "G401",
    "GaussianPolicy, the policy, gives NaN in `choice` for observations that are standard normal numbers.",
  ],
  [
    "a network that mixes environments",
    withNetwork((from, to, random) => new Net(mlp(from, to, random), (y) => y.sub(y.mean(0, true)))),
    "G301",
    "what GaussianPolicy, the policy, says of one environment depends on the environments beside it; the leading axis " +
    "of what it is given is that of separate worlds.",
  ],
  [
    "an LSTM that takes environments for time",
    withNetwork((from, to, random) => new Linked(new LSTM(from, 8, random), new Linear(8, to, random))),
    "G301",
    "what GaussianPolicy, the policy, says of one environment depends on the environments beside it; the leading axis " +
    "of what it is given is that of separate worlds.",
  ],
  [
    "a memory that changes its shape",
    withNetwork((from, to, random) => new Growing(from, to, random, [3, 2, 4], [3, 2, 5])),
    "G304",
    "GaussianPolicy remembers {seen: float32 [3, 2, 4]} before a step and {seen: float32 [3, 2, 5]} after it; both have " +
    "to be the same.",
  ],
  [
    "a memory of no environment",
    withNetwork((from, to, random) => new Growing(from, to, random, [4], [4])),
    "G301",
    "GaussianPolicy remembers `state.seen` as float32 [4] for 3 environments; it has to be float32 with the leading axis " +
    "env.",
  ],
  [
    "a critic with one number too deep",
    withCritic((from, random) => mlp(from, 1, random)),
    "G301",
    "the value of MLP, the critic, is float32 [3, 2, 1] for 3 environments; it has to be float32 [3, 2], [row, agent]: " +
    "one for each agent.",
  ],
  [
    "a critic with one number for all agents",
    withCritic((from, random) => new Net(mlp(from, 1, random), (y) => y.mean([1, 2]))),
    "G301",
    "the value of Net, the critic, is float32 [3] for 3 environments; it has to be float32 [3, 2], [row, agent]: one " +
    "for each agent.",
  ],
  [
    "a critic that gives infinity",
    withCritic((from, random) => new Net(mlp(from, 1, random), (y) => y.squeeze(-1).abs().add(100).exp())),
    "G401",
    "Net, the critic, gives infinity in `value` for observations that are standard normal numbers.",
  ],
  [
    "a critic that mixes environments",
    withCritic((from, random) => new Net(mlp(from, 1, random), (y) => y.squeeze(-1).sub(y.mean()))),
    "G301",
    "what Net, the critic, says of one environment depends on the environments beside it; the leading axis of what it is " +
    "given is that of separate worlds.",
  ],
  [
    "a critic whose layers cannot be found",
    withCritic((from, random) => new Values(new Hidden(from, 1, random))),
    "G503",
    "Values, the critic, is computed with `",
  ],
  [
    "sequences that are longer than a minibatch",
    { recurrent: "lstm", minibatchSize: 4, sequenceLength: 5 },
    "RangeError",
    "PPO: where networks remember a minibatch is made of whole sequences: minibatchSize is at least 5, the length of one, " +
    "not 4.",
  ],
];

class Nothing extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

class Linked extends Module {
  constructor(readonly lstm: LSTM, readonly head: Linear) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(x));
  }
}

for (const [what, options, error, message] of refused) {
  onEngine("cpu", `refused with a sentence: ${what}`, async () => {
    await assert.rejects(
      PPOTrainer.create(pointWorld(8), { ...small, ...options as Partial<PPOOptions> }),
      (thrown: Error & { code?: string }) => {
        assert.equal(thrown.code ?? thrown.name, error, thrown.message);
        const start = thrown.code ? `error[${thrown.code}]: ${message}` : message;
        assert.ok(thrown.message.startsWith(start), thrown.message);
        return true;
      },
    );
  });
}

onEngine("cpu", "action masks are allowed: logits of -Infinity are choices that are never made", async () => {
  const trainer = await pointTrainer({
    policy: (spaces, random) =>
      new CategoricalPolicy({
        ...spaces,
        network: (from, to) =>
          new Net(new MLP([from, 8, to], random), (y, x) => {
            const never = tensor([[[true, false, false]]]).expand(...x.shape.slice(0, -1), 3);
            return where(never, -Infinity, y);
          }),
      }, random),
  }, "discrete");
  try {
    const { choice } = await trainer.collect();
    assert.ok((await choice.data()).every((x) => x !== 0));
    const metrics = await trainer.iterate();
    for (const [name, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
  } finally {
    trainer.dispose();
  }
});

onEngine("cpu", "a parameter that nothing is computed with is told once, by its name, and stays as it is", async () => {
  class Idle extends GaussianPolicy {
    readonly spare: Parameter = new Parameter(tensor([1, 2, 3]), "spare");
  }
  const told: string[] = [];
  const end = onWarning(({ code, message }) => told.push(`${code} ${/never used: `[^`]*spare` \[3\]/.exec(message)}`));
  const policy: Idle[] = [];
  const trainer = await pointTrainer({
    policy: (spaces, random) => policy[policy.push(new Idle(spaces, random)) - 1]!,
  });
  try {
    await trainer.iterate();
    await trainer.iterate();
    assert.deepEqual(told, ["G106 never used: `policy[0].spare` [3]"]);
    for (const { spare } of policy) assert.deepEqual(await spare.toList(), [1, 2, 3]);
  } finally {
    end();
    trainer.dispose();
  }
});
