/** Policies and critics: one network for all agents or one for each, continuous and discrete actions. */

import assert from "node:assert/strict";
import {
  Categorical,
  CategoricalPolicy,
  ClippedGaussianPolicy,
  concat,
  Critic,
  GaussianPolicy,
  gradients,
  HostRandom,
  MLP,
  normal,
  type Policy,
  policyFor,
  randomKey,
  RecurrentCritic,
  StackedMLP,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

const [rows, agents, features] = [5, 3, 4];
const of4 = { agents, observationSize: features, actionSize: 4 };
const observation = (): Tensor => normal(randomKey(9), [rows, agents, features]);

async function assertNear(found: Tensor, expected: Tensor, what: string): Promise<void> {
  assert.deepEqual(found.shape, expected.shape, what);
  const [a, b] = [await found.data(), await expected.data()];
  a.forEach((x, i) => assert.ok(Math.abs(x - b[i]!) < 1e-5, `${what} ${i}: ${x} for ${b[i]}`));
}

/** The MLP that is one member of a stack. */
function memberOf(stack: StackedMLP, i: number): MLP {
  const one = new MLP(stack.sizes, new HostRandom(0));
  one.parameters().forEach((parameter, k) => parameter.assign(stack.parameters()[k]!.select(0, i)));
  return one;
}

onEachEngine("StackedMLP gives every member's own output and gradients, as an MLP with its weights does", async () => {
  const stack = new StackedMLP(agents, [features, 6, 2], new HostRandom(4));
  const x = observation();
  const y = stack.forward(x);
  assert.deepEqual(y.shape, [rows, agents, 2]);
  const found = gradients(y.square().sum(), stack.parameters());
  for (let i = 0; i < agents; i++) {
    const one = memberOf(stack, i);
    const expected = one.forward(x.select(1, i));
    await assertNear(y.select(1, i), expected, `member ${i}`);
    const own = gradients(expected.square().sum(), one.parameters());
    for (const [k, gradient] of own.entries()) await assertNear(found[k]!.select(0, i), gradient, `gradient ${k}`);
  }
});

onEachEngine("a centralised policy gives each agent what its network says of all, the agent itself first", async () => {
  for (const shareParameters of [true, false]) {
    const policy = new CategoricalPolicy({ ...of4, centralised: true, shareParameters }, new HostRandom(6));
    const x = observation();
    const { logits } = policy.output(x);
    for (let i = 0; i < agents; i++) {
      const others = Array.from({ length: agents }, (_, k) => x.select(1, (i + k) % agents));
      const net = policy.net instanceof StackedMLP ? memberOf(policy.net, i) : policy.net;
      await assertNear(logits.select(1, i), net.forward(concat(others, 1)), `agent ${i}`);
    }
  }
});

onEngine("cpu", "StackedMLP takes any leading axes and keeps their names", () => {
  const stack = new StackedMLP(agents, [features, 2], new HostRandom(4));
  const y = stack.forward(normal(randomKey(1), [7, 5, agents, features]).named("time", "env", "agent", "feature"));
  assert.deepEqual(y.shape, [7, 5, agents, 2]);
  assert.deepEqual(y.axes, ["time", "env", "agent", null]);
  return Promise.resolve();
});

for (const centralised of [true, false]) {
  for (const share of [true, false]) {
    const title = `${centralised ? "of all agents" : "of one agent"}, ${share ? "one network" : "a network each"}`;
    onEngine("cpu", `Critic (${title}) depends on what it sees and on nothing else`, async () => {
      const critic = new Critic(
        { agents, observationSize: features, centralised, shareParameters: share },
        new HostRandom(1),
      );
      const x = observation();
      const sums = critic.forward(x);
      assert.deepEqual(sums.shape, [rows, agents]);
      for (let i = 0; i < agents; i++) {
        const [gradient] = gradients(sums.select(1, i).sum(), [x]);
        const seen = await gradient!.abs().sum([0, 2]).data();
        assert.deepEqual(Array.from(seen, (g) => g > 0), Array.from(seen, (_, j) => centralised || j === i));
        const learned = gradients(sums.select(1, i).sum(), critic.parameters());
        if (share) continue;
        for (const gradient of learned) {
          const perMember = await gradient.reshape(agents, -1).abs().sum(1).data();
          assert.deepEqual(Array.from(perMember, (g) => g > 0), Array.from(perMember, (_, j) => j === i));
        }
      }
    });
  }
}

onEngine("cpu", "agents that share parameters act alike on the same observation, others do not", async () => {
  const same = normal(randomKey(2), [rows, 1, features]).expand(rows, agents, features);
  for (const actionKind of ["continuous", "discrete"] as const) {
    const world = { agents, observationSize: features, actionKind, actionSize: 4 };
    for (const share of [true, false]) {
      const output = policyFor(world, { shareParameters: share }, new HostRandom(3)).output(same);
      for (const x of Object.values(output)) {
        const spread = await x.sub(x.slice(1, 0, 1)).abs().max().item();
        assert.equal(Number(spread) < 1e-6, share, `${actionKind}, ${share}: ${spread}`);
      }
    }
  }
});

onEachEngine("CategoricalPolicy chooses by its probabilities, and knows those of its choices", async () => {
  const policy = new CategoricalPolicy(of4, new HostRandom(5));
  const draws = 4000;
  const logits = tensor([[0.1, -1, 2, 0.5]]).expand(draws, 4);
  const choice = policy.choose({ logits }, policy.noise(randomKey(7), [draws]));
  assert.deepEqual([choice.dtype, choice.shape], ["float32", [draws, 1]]);
  assert.deepEqual([policy.action(choice).dtype, policy.action(choice).shape], ["int32", [draws]]);
  const expected = [0.1, -1, 2, 0.5].map(Math.exp).map((e, _, all) => e / all.reduce((a, b) => a + b));
  const chosen = await choice.data();
  const shares = expected.map((_, k) => Array.from(chosen).filter((x) => x === k).length / draws);
  // Four standard deviations of a share of 4000 draws are at most 0.032.
  shares.forEach((share, k) => assert.ok(Math.abs(share - expected[k]!) < 0.032, `${k}: ${share} for ${expected[k]}`));
  const logProb = await policy.logProb({ logits }, choice).data();
  logProb.forEach((x, i) => assert.ok(Math.abs(x - Math.log(expected[chosen[i]!]!)) < 1e-5));
  const entropy = -expected.reduce((sum, p) => sum + p * Math.log(p), 0);
  assert.ok(Math.abs((await policy.entropy({ logits }).data())[0]! - entropy) < 1e-5);
});

onEachEngine("CategoricalPolicy never draws an action of probability 0, whatever the random bits", async () => {
  const policy = new CategoricalPolicy({ ...of4, actionSize: 2 }, new HostRandom(5));
  const logits = tensor([[-Infinity, 0]]).expand(16, 2);
  // The noise of this key is made of a uniform number of 0 among others.
  const choice = policy.choose({ logits }, policy.noise(randomKey(2626948), [16]));
  assert.deepEqual(await policy.action(choice).toList(), Array(16).fill(1));
});

onEngine("cpu", "the deterministic action is the most likely one", async () => {
  const x = observation();
  const discrete = new CategoricalPolicy({ ...of4, shareParameters: false }, new HostRandom(5));
  const action = discrete.forward(x);
  assert.deepEqual([action.dtype, action.shape], ["int32", [rows, agents]]);
  const { logProbs } = new Categorical(discrete.output(x).logits);
  const best = await discrete.logProb(discrete.output(x), action.cast("float32").unsqueeze(-1)).data();
  assert.deepEqual(best, await logProbs.max(-1).data());
  const continuous = new GaussianPolicy({ ...of4, actionSize: 2, shareParameters: false }, new HostRandom(5));
  const { loc } = continuous.output(x);
  await assertNear(continuous.forward(x), loc.tanh(), "action");
});

Deno.test("networks have the width that is asked for", () => {
  const world = { agents: 3, observationSize: 5, actionKind: "continuous", actionSize: 2 } as const;
  const sizes = (network: Policy | Critic) => network.net.parameters().map((p) => p.shape[0]);
  assert.deepEqual(sizes(policyFor(world, { hiddenSize: 7 }, new HostRandom(0))), [7, 7, 7, 7, 4, 4]);
  assert.deepEqual(
    sizes(new Critic({ agents: 3, observationSize: 5, centralised: true, hiddenSize: 7 }, new HostRandom(0))),
    [7, 7, 7, 7, 3, 3],
  );
});

/** Throws unless rows (or columns, where they are fewer) of each matrix of `weight` are orthogonal, `gain` long. */
async function checkOrthogonal(weight: Tensor, gain: number, name: string): Promise<void> {
  const [rows, columns] = weight.shape.slice(-2) as [number, number];
  const each = weight.reshape(-1, rows, columns);
  const squares = await (rows <= columns ? each.matmul(each.transpose()) : each.transpose().matmul(each)).toList();
  for (const square of squares as number[][][]) {
    square.forEach((row, a) =>
      row.forEach((x, b) => assert.ok(Math.abs(x / gain ** 2 - Number(a === b)) < 1e-5, `${name}: ${x}`))
    );
  }
}

Deno.test("orthogonalInit draws rows that are orthogonal, of the lengths that PPO's and MAPPO's authors give them, and no biases", async () => {
  const sizes = { agents: 2, observationSize: 3, hiddenSize: 7, orthogonalInit: true } as const;
  for (const recurrent of ["none", "lstm", "gru"] as const) {
    for (const shareParameters of [true, false]) {
      const options = { ...sizes, recurrent, shareParameters };
      const networks = [
        [new ClippedGaussianPolicy({ ...options, actionSize: 2 }, new HostRandom(0)), 0.01],
        [new (recurrent === "none" ? Critic : RecurrentCritic)(options, new HostRandom(0)), 1],
      ] as const;
      for (const [{ net }, last] of networks) {
        const all = net.namedParameters();
        assert.equal(all.length, recurrent === "none" ? 6 : 8);
        const weights = all.filter(([name]) => name.includes("weight"));
        for (const [name, weight] of weights) {
          const isLast = /head|layers\.2/.test(name);
          await checkOrthogonal(weight, isLast ? last : /weight(Input|Hidden)/.test(name) ? 1 : Math.SQRT2, name);
        }
        for (const [, bias] of all.filter(([name]) => name.includes("bias"))) {
          assert.ok((await bias.data()).every((x) => x === 0));
        }
        // Members are no copies of each other.
        const [, first] = weights[0]!;
        if (!shareParameters) assert.notDeepEqual(await first.select(0, 0).toList(), await first.select(0, 1).toList());
      }
    }
  }
});

Deno.test("the deviation that a policy begins with is a number, and no text of one", () => {
  const options = { agents, observationSize: features, actionSize: 4, initialScale: "0.5" as never };
  assert.throws(() => new GaussianPolicy(options, new HostRandom(0)), {
    message: /takes a number above 0\.01 as `options\.initialScale`, not the text "0\.5"/,
  });
});
