/** Distributions: what they are given is what they draw from, on both engines; what cannot be told apart is refused. */

import assert from "node:assert/strict";
import {
  Categorical,
  compile,
  concat,
  grad,
  NonFiniteError,
  Normal,
  ones,
  randomBits,
  randomKey,
  scan,
  TanhNormal,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

function assertClose(found: ArrayLike<number>, wanted: readonly number[], tolerance = 1e-5): void {
  assert.equal(found.length, wanted.length);
  wanted.forEach((x, i) => assert.ok(Math.abs(found[i]! - x) <= tolerance * (1 + Math.abs(x)), `${found[i]} for ${x}`));
}

onEachEngine("Normal draws a number for each place of loc and scale together, all different", async () => {
  const { rsample, sample } = {
    rsample: new Normal(zeros([3]), ones([1000, 3])).rsample(randomKey(0)),
    sample: new TanhNormal(zeros([1000, 1]), ones([1, 3])).sample(randomKey(0)),
  };
  for (const x of [rsample, sample]) {
    assert.deepEqual(x.shape, [1000, 3]);
    assert.ok(new Set(await x.data()).size > 2900);
  }
  const [mean, variance] = [Number(await rsample.mean().item()), Number(await rsample.variance().item())];
  assert.ok(Math.abs(mean) < 0.05 && Math.abs(variance - 1) < 0.07, `${mean}, ${variance}`);
});

onEachEngine("the entropy and the KL of a Normal have the shape of loc and scale together", async () => {
  const wide = new Normal(zeros([2, 1]), tensor([[1, 2, 4]]));
  assert.deepEqual([wide.loc.shape, wide.scale.shape, wide.entropy().shape], [[2, 3], [2, 3], [2, 3]]);
  const one = new Normal(0, 1);
  assert.deepEqual([one.loc.shape, one.kl(wide).shape, one.logProb(2).shape], [[], [2, 3], []]);
  assertClose([await one.logProb(2).item() as number], [-2.9189385332]);
});

// torch.distributions, float64: TransformedDistribution(Normal, TanhTransform(cache_size=1)).log_prob(tanh(u)).
const [locs, scales, bases] = [[8, 0, 0], [0.1, 1, 2], [8.05, -3, 20]];
const exact = [15.972352402321544, -0.8002815240491028, -12.998380074884508];
const slopes = [-3.000000407304176, 1.009890492626539, -3];

const ways: readonly (readonly [name: string, action: (u: Tensor) => Tensor])[] = [
  ["the tanh itself", (u) => u.tanh()],
  ["the tanh, moved", (u) => u.unsqueeze(0).tanh().squeeze(0)],
  ["parts of it put together", (u) => concat([u.slice(0, 0, 1).tanh(), u.slice(0, 1, 3).tanh()], 0)],
  ["the tanh, with a name for its axis", (u) => u.tanh().named("action")],
];

for (const [name, action] of ways) {
  onEachEngine(`TanhNormal.logProb() of an action that is ${name} is exact at the edges`, async () => {
    const distribution = new TanhNormal(tensor(locs), tensor(scales));
    assertClose(await distribution.logProb(action(tensor(bases))).data(), exact);
    const slope = grad((u) => distribution.logProb(action(u)).sum())(tensor(bases));
    assertClose(await slope.data(), slopes, 1e-4);
  });
}

onEachEngine("TanhNormal.logProb() of a sample is that of what is behind it, compiled too", async () => {
  const distribution = new TanhNormal(tensor([8]), tensor([0.1]));
  const key = randomKey(3);
  const wanted = await distribution.logProbOfBase(distribution.sampleBase(key)).data();
  assertClose(await distribution.logProb(distribution.sample(key)).data(), [...wanted]);
  const program = compile((key: Tensor) => distribution.logProb(distribution.sample(key)));
  assertClose(await (await program(key)).data(), [...wanted]);
});

onEachEngine("Categorical of probabilities agrees with PyTorch, whatever they sum to, with its gradient", async () => {
  const probs = tensor([[2, 1, 1], [0, 1, 3]]);
  const distribution = new Categorical({ probs });
  const index = tensor([0, 2], { dtype: "int32" });
  assertClose(await distribution.logProb(index).data(), [-0.6931471805599453, -0.2876820724517809]);
  assertClose(await distribution.entropy().data(), [1.0397207708399179, 0.5623351446188083]);
  const one = (p: Tensor): Tensor => new Categorical({ probs: p }).logProb(tensor(1, { dtype: "int32" }));
  assertClose(await grad(one)(tensor([2, 1, 1])).data(), [-0.25, 0.75, -0.25]);
  assertClose(await grad(one)(tensor([0, 1, 3])).data(), [-0.25, 0.75, -0.25]);
});

const probable: readonly (readonly [name: string, probs: () => Tensor])[] = [
  ["of a softmax", () => tensor([[1, 2], [3, 4]]).softmax(-1)],
  ["that are moved", () => tensor([[1, 2], [3, 4]]).softmax(-1).unsqueeze(0)],
  ["that were brought to the sum 1", () => {
    const x = tensor([[1, 2], [3, 4]]);
    return x.div(x.sum(-1, true));
  }],
  ["of a logSoftmax", () => tensor([1, 2]).logSoftmax(-1).exp()],
  ["that are numbers", () => tensor([[0.2, 0.8], [0.5, 0.5]])],
  ["with one that is 0", () => tensor([0.5, 0.5, 0])],
];

for (const [name, probs] of probable) {
  onEngine("cpu", `Categorical refuses probabilities ${name} in the place of logits`, () => {
    assert.throws(() => new Categorical(probs()), {
      name: "PlumblineError",
      message:
        /error\[G310\]: new Categorical\(\) takes logits, but .* holds probabilities.*new Categorical\(\{ probs \}\)/s,
    });
    new Categorical({ probs: probs() });
    new Categorical({ logits: probs() });
  });
}

onEngine("cpu", "Categorical takes logits that are probabilities by chance: all the same, or of one class", () => {
  for (const logits of [[0.5, 0.5], [1], [0, 1], [0, 0]]) new Categorical(tensor(logits));
});

const masked = [-Infinity, -Infinity, -Infinity];

for (
  const [name, draw] of [
    ["sample()", (x: Tensor) => new Categorical(x).sample(randomKey(0))],
    ["mode", (x: Tensor) => new Categorical(x).mode],
    ["what is computed with sample()", (x: Tensor) => new Categorical(x).sample(randomKey(0)).add(1)],
    ["sample() in a scan", (x: Tensor) => {
      const step = (logits: Tensor, key: Tensor): [Tensor, Tensor] => [logits, new Categorical(logits).sample(key)];
      return scan(step, x, randomBits(randomKey(0), [3, 2]))[1];
    }],
  ] as const
) {
  onEachEngine(`a Categorical whose classes are all masked is an error at ${name}, compiled or not`, async () => {
    const program = compile(draw, { name: "draw" });
    const some = tensor([[-Infinity, -Infinity, 2], [1, -Infinity, 1]]);
    const none = tensor([[0, 1, 2], masked]);
    for (const run of [draw, program]) {
      await (await run(some)).data();
      await assert.rejects(async () => await (await run(none)).data(), (error) => {
        assert.ok(error instanceof NonFiniteError);
        assert.match(error.message, /^error\[G401\]: sub\(\) made NaN.*The log-probabilities of a Categorical/s);
        assert.match(error.message, /help: every entry of a row is -Infinity, so that nothing is left to choose/);
        return true;
      });
    }
  });
}

onEachEngine("a Categorical whose probabilities are all 0 is an error where it is drawn from", async () => {
  const distribution = new Categorical({ probs: tensor([[0, 0], [0, 1]]) });
  await assert.rejects(distribution.sample(randomKey(0)).data(), {
    name: "NonFiniteError",
    message: /help: every probability of a row is 0, so that nothing is left to choose: leave one above 0\./,
  });
});
