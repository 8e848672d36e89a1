/** What a policy was, and is held against what it is now: as numbers that were read, detached, or computed under noGrad(). */

import { match } from "node:assert/strict";
import {
  Bernoulli,
  Categorical,
  compile,
  HostRandom,
  klDiv,
  Linear,
  noGrad,
  Normal,
  Parameter,
  SGD,
  type Tensor,
  tensor,
  useDevice,
} from "../../mod.ts";
import { isSilent, warnsOf } from "./expect.ts";

await useDevice("cpu");
const x = tensor(new HostRandom(3).uniform(8, -1, 1), { shape: [4, 2] });

/** How far `now` has moved from `old`, both `[4, 3]`: each has a term that only `old` is in. */
const divergences: Readonly<Record<string, (now: Tensor, old: Tensor) => Tensor>> = {
  "Categorical": (now, old) => new Categorical(old).kl(new Categorical(now)).mean(),
  "Bernoulli": (now, old) => new Bernoulli({ logits: old }).kl(new Bernoulli({ logits: now })).mean(),
  "Bernoulli, from now": (now, old) => new Bernoulli({ logits: now }).kl(new Bernoulli({ logits: old })).mean(),
  "Normal": (now, old) => new Normal(old, 0.5).kl(new Normal(now, 0.5)).mean(),
  "klDiv": (now, old) => klDiv(now.logSoftmax(-1), old.softmax(-1)),
  "by hand": (now, old) => old.softmax(-1).mul(old.logSoftmax(-1).sub(now.logSoftmax(-1))).sum(-1).mean(),
  "in two sums": (now, old) => {
    const weight = old.softmax(-1);
    return weight.mul(old.logSoftmax(-1)).sum(-1).mean().sub(weight.mul(now.logSoftmax(-1)).sum(-1).mean());
  },
  "an estimate that is never negative": (now, old) => {
    const ratio = old.sub(now);
    return ratio.exp().sub(1).sub(ratio).mean();
  },
  "a square, multiplied out": (now, old) =>
    old.square().mean().sub(now.mul(old).mean().mul(2)).add(now.square().mean()),
};

type Way = (forward: () => Tensor, w: Parameter) => Promise<Tensor> | Tensor;

const ways: Readonly<Record<string, Way>> = {
  "read before": async (forward) => tensor(await forward().data(), { shape: [4, 3] }),
  "detached": (forward) => forward().detach(),
  "computed under noGrad()": (forward) => noGrad(forward),
  "given by a compiled function": (forward, w) => compile(forward, { state: [w] })(),
};

async function learn(name: string, lossOf: (forward: () => Tensor, w: Parameter) => Promise<Tensor>): Promise<void> {
  const w = new Parameter(tensor(new HostRandom(4).uniform(6, -1, 1), { shape: [2, 3] }), name);
  const optimizer = new SGD([w], { lr: 0.1 });
  for (let i = 0; i < 2; i++) {
    const loss = await lossOf(() => x.matmul(w), w);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
}

for (const [way, from] of Object.entries(ways)) {
  Deno.test(`the divergence from a policy that was ${way} is silent, whichever of its terms are constants`, async () => {
    for (const [name, divergence] of Object.entries(divergences)) {
      await isSilent(() =>
        learn(`${name}, ${way}`, async (forward, w) => {
          const old = await from(forward, w), now = forward();
          return divergence(now, old).mul(0.1).add(now.square().mean());
        })
      );
    }
  });
}

Deno.test("a term of numbers is told although the same numbers weigh what others learn", async () => {
  const gate = new Parameter(tensor([0.3, 0.1]), "gate"), head = new Parameter(tensor([0.2, -0.4]), "head");
  const optimizer = new SGD([gate, head], { lr: 0.1 });
  await warnsOf("G111", async () => {
    const open = gate.sigmoid();
    const weight = tensor(await open.data());
    optimizer.zeroGrad();
    head.mul(weight).sum().add(weight.sub(1).square().mean()).add(open.square().mean().mul(0.1)).backward();
    optimizer.step();
  });
});

/** Trust by which measurements are fused; what keeps it near what it was learns alone. */
async function fuse(read: (trust: Tensor) => Promise<Tensor> | Tensor, beside: (live: Tensor, old: Tensor) => Tensor) {
  const net = new Linear(2, 1, new HostRandom(1)), optimizer = new SGD([...net.parameters()], { lr: 0.1 });
  const measured = tensor(new HostRandom(5).uniform(4, -1, 1), { shape: [4, 1] });
  for (let i = 0; i < 2; i++) {
    const old = await read(net.forward(x).sigmoid()), live = net.forward(x.mul(0.9)).sigmoid();
    optimizer.zeroGrad();
    old.mul(measured).sub(0.5).square().mean().add(beside(live, old).mean().mul(0.1)).backward();
    optimizer.step();
  }
}

Deno.test("a term of numbers and data is told although what learns is held against the same numbers", async () => {
  const numbers = async (trust: Tensor) => tensor(await trust.data(), { shape: [4, 1] });
  const again = async (trust: Tensor) => tensor(await trust.data(), { shape: [4, 1] });
  await warnsOf("G111", () => fuse(numbers, (live, old) => live.sub(old).square()));
  await warnsOf("G111", () => fuse(again, (live, old) => live.mul(old)));
  await warnsOf("G111", () => fuse((trust) => trust.detach(), (live, old) => live.mul(old)));
});

Deno.test("numbers that were read are told where a layer takes them, fused with data, and not where another pass is for the data", async () => {
  const measured = tensor([[0.3], [-0.2], [0.8], [0.1]]);
  const trained = async (numbersOf: (trust: Tensor) => Promise<Tensor>, isOne: boolean): Promise<void> => {
    const net = new Linear(2, 1, new HostRandom(1)), policy = new Linear(1, 1, new HostRandom(2));
    const optimizer = new SGD([...net.parameters(), ...policy.parameters()], { lr: 0.1 });
    for (let i = 0; i < 2; i++) {
      const trust = net.forward(x).sigmoid(), numbers = await numbersOf(isOne ? trust : net.forward(x).sigmoid());
      const fused = numbers.mul(measured).add(numbers.neg().add(1).mul(0.37));
      optimizer.zeroGrad();
      policy.forward(fused).square().mean().add(trust.sub(0.4).square().mean().mul(0.01)).backward();
      optimizer.step();
    }
  };
  await warnsOf("G111", () => trained(async (trust) => tensor(await trust.data(), { shape: [4, 1] }), true));
  await isSilent(() => trained(async (trust) => tensor(await trust.data(), { shape: [4, 1] }), false));
});

Deno.test("a term that a compiled function gives is told where what is in it learns from the rest", async () => {
  const net = new Linear(2, 1, new HostRandom(1)), optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const penalty = compile((x: Tensor) => net.forward(x).square().mean(), { state: [net] });
  const { message } = await warnsOf("G111", async () => {
    for (let i = 0; i < 2; i++) {
      const loss = net.forward(x).sub(1).square().mean().add((await penalty(x)).mul(0.1));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    }
  });
  match(message, /of `penalty` is data outside of it[^]*help: compute the loss, and call backward\(\), inside/);
});
