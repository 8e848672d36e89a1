/** Parts of a loss that know what learns as numbers only; gradients that count twice, vanish by their graph, or decide nothing. */

import { deepStrictEqual as equal, match, ok } from "node:assert";
import {
  Adam,
  boundary,
  compile,
  concat,
  conjugateGradient,
  F,
  type FlatVector,
  gradients,
  HostRandom,
  hvp,
  Linear,
  MLP,
  noGrad,
  Normal,
  ones,
  onWarning,
  Parameter,
  ParameterGroup,
  type PlumblineError,
  randomKey,
  SGD,
  stack,
  stopGradient,
  type Tensor,
  tensor,
  useDevice,
} from "../../mod.ts";
import { isSilent, raises, warnsOf } from "./expect.ts";

await useDevice("cpu");
const random = new HostRandom(5);
const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
const y = x.sum(1, true);
const nets = () => [new MLP([2, 6, 1], random), new MLP([1, 6, 1], random)] as const;

/** Losses of `out`, of which a part has no gradient, and what is named of it. */
const cut: Readonly<Record<string, (out: Tensor) => Promise<Tensor>>> = {
  "a term scaled by a number": async (out) =>
    y.mul(await out.mean().item() as number).square().mean().add(out.abs().mean()),
  "a weighted penalty": async (out) => out.sub(y).square().mean().add(0.1 * (await out.abs().mean().item() as number)),
  "a number that is subtracted": async (out) => out.mean().sub(await out.square().mean().item() as number),
  "a copy in one of two terms": async (out) =>
    tensor(await out.data(), { shape: [8, 1] }).sub(y).square().mean().mul(3).add(out.square().mean().div(2)),
  "one of the losses of a stack": async (out) =>
    stack([out.square().mean(), tensor(await out.abs().mean().item() as number)]).sum(),
  "terms that are added before the mean": async (out) =>
    tensor(await out.toList() as number[][]).square().add(out.abs().mul(0.1)).mean(),
};

for (const [name, lossOf] of Object.entries(cut)) {
  Deno.test(`${name} is told once, with the line of the read, and what learns goes on`, async () => {
    const [net] = nets();
    const optimizer = new SGD(net.parameters(), { lr: 0.01 });
    const codes: string[] = [];
    const step = async () => {
      const loss = await lossOf(net.forward(x));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    };
    const warning = await warnsOf("G111", step);
    ok(/await out/.test(warning.sites[0]!.text ?? ""), warning.message);
    equal(warning.params.length, 4);
    match(
      warning.message,
      /a part of the gradient is cut: 4 parameters of `\w+` learn from the loss, but not from a term/,
    );
    match(warning.message, /enters here as a constant[^]*help: keep the tensor[^]*help: if intended/);
    const end = onWarning(({ code }) => codes.push(code));
    await step();
    end();
    equal(codes, []);
  });
}

Deno.test("a copy that goes into a layer is told where what it was read from is alive in the loss, and only there", async () => {
  const [encoder, decoder] = nets();
  const optimizer = new Adam([...encoder.parameters(), ...decoder.parameters()], { lr: 1e-3 });
  const step = (loss: Tensor) => {
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  };
  const warning = await warnsOf("G111", async () => {
    const code = encoder.forward(x);
    const copy = tensor(await code.data(), { shape: [8, 1] }); // copied
    step(decoder.forward(copy).sub(y).square().mean().add(code.square().mean().mul(0.01)));
  });
  ok(warning.sites[0]!.text?.includes("// copied"), warning.message);
  match(warning.message, /but not from what a layer makes of these numbers/);
  await isSilent(async () => {
    // Actions that were taken are data for the critic; the policy learns from another pass.
    const taken = tensor(await encoder.forward(x).data(), { shape: [8, 1] });
    step(decoder.forward(taken).sub(y).square().mean().add(encoder.forward(x).square().mean()));
  });
});

/** Losses in which numbers that were read are what they should be. */
const meant: Readonly<Record<string, (out: Tensor, other: Parameter) => Promise<Tensor>>> = {
  "a weight": async (out) => out.square().mul(tensor(await out.abs().data(), { shape: [8, 1] })).mean(),
  "an advantage": async (out) =>
    out.sub(y).square().mean().sub(out.mul(y.sub(tensor(await out.data(), { shape: [8, 1] }))).mean()),
  "a target": async (out) => out.sub(tensor(await out.data(), { shape: [8, 1] }).mul(0.9).add(y)).square().mean(),
  "an old log-probability": async (out) => out.sub(tensor(await out.data(), { shape: [8, 1] })).exp().mul(y).mean(),
  "an old value that clips": async (out) => {
    const old = tensor(await out.data(), { shape: [8, 1] });
    return out.sub(y).square().maximum(old.add(out.sub(old).clamp(-0.2, 0.2)).sub(y).square()).mean();
  },
  "its own value as a scale": async (out) => {
    const loss = out.sub(y).square().mean();
    return loss.div(await loss.item() as number).add(loss.mul(1 / (await loss.item() as number)));
  },
  "statistics": async (out) =>
    out.sub(await out.mean().item() as number).div((await out.std().item() as number) + 1e-5).sub(y).square().mean(),
  "a multiplier, and the cost for it": async (out, other) => {
    const cost = out.square().mean();
    const weight = await other.exp().item() as number, paid = await cost.item() as number;
    return out.sub(y).square().mean().add(cost.mul(weight)).sub(other.exp().mul(paid));
  },
  "a stop with a reason": async (out) =>
    out.square().mean().add(await stopGradient(out.abs().mean(), "the sum is shown").item() as number),
  "a boundary that stops": async (out) => {
    const host = boundary("host", async (x: Tensor) => tensor(await x.data(), { shape: [8, 1] }), "stop");
    return out.square().mean().add((await host(out)).mean());
  },
  "a number of the step before": async (out) => {
    const loss = out.sub(y).square().mean();
    const shown = best === null ? loss : loss.sub(best);
    best = await loss.item() as number;
    return shown;
  },
};
let best: number | null = null;

for (const [name, lossOf] of Object.entries(meant)) {
  Deno.test(`numbers that were read are silent as ${name}`, async () => {
    const [net] = nets();
    const other = new Parameter(tensor(-0.3), "other");
    const [optimizer, dual] = [new SGD(net.parameters(), { lr: 0.01 }), new SGD([other], { lr: 0.01 })];
    await isSilent(async () => {
      for (let i = 0; i < 3; i++) {
        const loss = await lossOf(net.forward(x), other);
        optimizer.zeroGrad();
        dual.zeroGrad();
        loss.backward();
        optimizer.step();
        if (other.grad) dual.step();
      }
    });
  });
}

/** What learns from a part of a loss, and is cut from another by a sample or a step. */
const partly: Readonly<
  Record<string, readonly [what: RegExp, help: RegExp, lossOf: (q: Normal, decoder: MLP) => Tensor]>
> = {
  "what is made of a sample": [
    /4 parameters of `encoder` learn from the loss, but not from what is made of this sample/,
    /use rsample\(\)[^]*if intended: +stopGradient\(q\.sample\(randomKey\(1\)\), "why"\)/,
    (q, decoder) => decoder.forward(q.sample(randomKey(1))).sub(y).square().add(q.kl(new Normal(0, 1))).mean(), // cut
  ],
  "a count of what is above": [
    /4 parameters of `encoder` learn from the loss, but not from a term of it that is a step/,
    /use a smooth one, as q\.loc\.sub\(0\)\.mul\(10\)\.sigmoid\(\)/,
    (q, decoder) => decoder.forward(q.loc).square().mean().add(q.loc.greater(0).cast("float32").mean().mul(0.1)), // cut
  ],
  "an action that a critic judges, and whose log-probability is a penalty": [
    /4 parameters of `encoder` learn from the loss, but not from what is made of this sample/,
    /use rsample\(\), or weigh its logProb\(\) by it: {2}logProb\.mul\(value\.detach\("a weight"\)\)/,
    (q, critic) => {
      const action = q.sample(randomKey(1)); // cut
      return q.logProb(action).mul(0.2).sub(F.minimum(critic.forward(action), critic.forward(action.neg()))).mean();
    },
  ],
  "an action whose reward is a term of its own": [
    /4 parameters of `encoder` learn from the loss, but not from what is made of this sample/,
    /use rsample\(\)/,
    (q, critic) => {
      const action = q.sample(randomKey(1)); // cut
      return q.logProb(action).mul(0.2).sub(critic.forward(x.slice(1, 0, 1)).add(action.square())).mean();
    },
  ],
  "a term that is stopped without a reason": [
    /4 parameters of `encoder` learn from the loss, but not from a term of it that detach\(\) stops/,
    /leave out the detach\(\): {2}critic\.forward\(q\.loc\)\n[^]*if intended: +stopGradient/,
    (q, critic) =>
      q.loc.square().mean().add(critic.forward(x.slice(1, 1)).square()).sub(critic.forward(q.loc).detach()).mean(), // cut
  ],
  "a penalty under noGrad()": [
    /4 parameters of `encoder` learn from the loss, but not from a term of it that noGrad\(\) stops/,
    /compute it outside of noGrad\(\)/,
    (q, decoder) => decoder.forward(q.loc).square().mean().add(noGrad(() => q.loc.abs()).mean().mul(0.1)), // cut
  ],
};

for (const [name, [what, help, lossOf]] of Object.entries(partly)) {
  Deno.test(`${name} is told where it is cut from a part of the loss only`, async () => {
    const [encoder, decoder] = nets();
    const optimizer = new SGD([...encoder.parameters(), ...decoder.parameters()], { lr: 0.01 });
    const step = compile(() => {
      const loss = lossOf(new Normal(encoder.forward(x), 0.5), decoder);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    }, { state: [encoder, decoder, optimizer] });
    const warning = await warnsOf("G111", step);
    ok(warning.sites[0]!.text?.includes("// cut"), warning.message);
    match(warning.message, what);
    match(warning.message, help);
  });
}

Deno.test("samples that are learned from by their log-probability, or through what drew them, and steps that weigh are silent", async () => {
  const [encoder, decoder] = nets();
  const parameters = [...encoder.parameters(), ...decoder.parameters()];
  const optimizer = new SGD(parameters, { lr: 0.01 });
  const losses: ((q: Normal) => Tensor)[] = [
    // The critic at an action that was drawn; contrastive divergence; a declared stop; a hinge, a quantile, a hand-written maximum.
    (q) => {
      const action = q.sample(randomKey(1)), value = decoder.forward(action);
      return value.sub(y).square().sub(q.logProb(action).mul(value.detach())).mean();
    },
    (q) => q.loc.square().mean().sub(encoder.forward(concat([q.sample(randomKey(2)), y], 1)).square().mean()),
    (q) =>
      decoder.forward(stopGradient(q.sample(randomKey(3)), "codes are data")).square().mean().add(
        q.loc.square().mean(),
      ),
    (q) =>
      q.loc.mul(q.loc.less(1).cast("float32")).mean().add(decoder.forward(q.rsample(randomKey(4))).square().mean()),
    (q) => y.sub(q.loc).mul(y.less(q.loc).cast("float32").neg().add(0.9)).mean(),
    (q) => q.loc.sub(q.loc.max(0).detach()).exp().sum(0).log().add(q.loc.max(0).detach()).sum(),
    // One largest value, in both places; values of a surrogate that are shown; a hard choice whose gradient is a soft one's.
    (q) => {
      const most = q.loc.max().detach();
      return most.add(q.loc.sub(most).exp().sum().log()).add(decoder.forward(q.loc).square().mean());
    },
    (q) => {
      const surrogate = decoder.forward(q.loc).mean();
      return surrogate.sub(surrogate.detach()).add(q.loc.square().mean());
    },
    (q) => q.loc.greater(0).cast("float32").sub(q.loc.sigmoid()).detach().add(q.loc.sigmoid()).mul(y).mean(),
    // The divergence from a policy that is not to move, of what was drawn; a judge who tells what is drawn from what is real.
    (q) => {
      const action = q.sample(randomKey(5)), old = new Normal(noGrad(() => encoder.forward(x)), 0.4).logProb(action);
      return q.logProb(action).sub(old).mean().sub(q.logProb(action).mul(y).mean());
    },
    (q) => {
      const action = q.sample(randomKey(6));
      return decoder.forward(action).mean().sub(decoder.forward(y).mean()).sub(q.logProb(action).mul(y).mean());
    },
    (q) => q.logProb(q.rsample(randomKey(7))).mul(0.2).sub(decoder.forward(q.rsample(randomKey(7)))).mean(),
    // The reward of what was drawn is the weight of its log-probability; its value is learned, and stopped where it weighs.
    (q) => {
      const action = q.sample(randomKey(8)), value = decoder.forward(x.slice(1, 0, 1));
      const advantage = action.square().sub(value);
      return advantage.square().mean().sub(q.logProb(action).mul(advantage.detach()).mean());
    },
  ];
  for (const lossOf of losses) {
    await isSilent(() => {
      optimizer.zeroGrad();
      lossOf(new Normal(encoder.forward(x), 0.5)).backward();
    });
  }
});

Deno.test("a loss of a thing and its own numbers, which were read, is 0 and so is its gradient: it is told", async () => {
  const [net] = nets();
  const optimizer = new SGD(net.parameters(), { lr: 0.01 });
  const warning = await warnsOf("G110", async () => {
    const out = net.forward(x);
    const loss = out.sub(tensor(await out.toList() as number[][])).square().mean(); // itself
    loss.backward();
    optimizer.step();
    await loss.item();
  });
  ok(warning.sites[0]!.text?.includes("// itself"), warning.message);
  match(warning.message, /a thing less itself: it is 0/);
});

Deno.test("backward() twice on one loss is told where it is called again; after zeroGrad(), or for two losses, it is not", async () => {
  const [net] = nets();
  const optimizer = new SGD(net.parameters(), { lr: 0.01 });
  const warning = await warnsOf("G112", () => {
    const loss = net.forward(x).mean();
    loss.backward();
    loss.backward(); // again
  });
  ok(warning.sites[0]!.text?.includes("// again"), warning.message);
  match(warning.message, /called twice on one loss: its gradient counts twice for 4 parameters of `\w+`/);
  await isSilent(() => {
    optimizer.zeroGrad();
    const out = net.forward(x), loss = out.mean();
    loss.backward();
    optimizer.zeroGrad();
    loss.backward();
    out.square().mean().backward();
    optimizer.step();
  });
});

Deno.test("gradients that add up over two steps are told, and so is a step without a backward(); a GAN's leftovers are not", async () => {
  const [net] = nets();
  const optimizer = new SGD(net.parameters(), { lr: 0.01 });
  const warning = await warnsOf("G112", () => {
    for (let i = 0; i < 2; i++) {
      net.forward(x).mean().backward();
      optimizer.step(); // adds up
    }
  });
  ok(warning.sites[0]!.text?.includes("// adds up"), warning.message);
  match(warning.message, /add up over the steps: zeroGrad\(\) was not called/);
  const ofTwo = await warnsOf("G112", () => {
    optimizer.zeroGrad();
    for (let i = 0; i < 2; i++) {
      const out = net.forward(x);
      out.mean().backward();
      out.square().mean().backward();
      optimizer.step(); // of two losses
    }
  });
  ok(ofTwo.sites[0]!.text?.includes("// of two losses"), ofTwo.message);
  const repeated = await warnsOf("G112", () => {
    optimizer.zeroGrad();
    net.forward(x).mean().backward();
    optimizer.step();
    optimizer.step(); // the same
  });
  ok(repeated.sites[0]!.text?.includes("// the same"), repeated.message);
  const [artist, judge] = [new Linear(2, 2, random), new Linear(2, 1, random)];
  const [ours, theirs] = [artist, judge].map((x) => new SGD(x.parameters(), { lr: 0.01 }));
  await isSilent(() => {
    for (let i = 0; i < 3; i++) {
      theirs!.zeroGrad();
      judge.forward(artist.forward(x).detach("given")).mean().backward();
      theirs!.step();
      ours!.zeroGrad();
      judge.forward(artist.forward(x)).mean().backward();
      ours!.step();
    }
  });
});

Deno.test("the divergence of a policy from itself is refused by hessian(), and told by gradients() and hvp()", async () => {
  const policy = new MLP([2, 4, 2], random), group = new ParameterGroup("policy", policy.parameters());
  const of = (loc: Tensor) => new Normal(loc, ones([8, 2]));
  const error = await raises("G110", "now.kl(now)", () => {
    const now = of(policy.forward(x));
    group.hessian(now.kl(now).sum(1).mean());
  });
  match(error.message, /the Hessian is 0 for all numbers, since this loss compares a thing with itself/);
  await raises("G110", "of(policy.forward(x)).kl(of(policy.forward(x)))", () => {
    group.hessian(of(policy.forward(x)).kl(of(policy.forward(x))).sum(1).mean());
  });
  const told: PlumblineError[] = [];
  const end = onWarning((warning) => told.push(warning));
  const p = policy.forward(x).logSoftmax(-1);
  gradients(p.exp().mul(p.sub(p)).sum(-1).mean(), policy.parameters());
  hvp((w) => w.div(w).sum(), tensor([1, 2]), tensor([1, 1]));
  end();
  equal(told.map((x) => x.code), ["G110", "G110"]);
  const solve = compile(() => {
    const now = of(policy.forward(x)), old = of(stopGradient(now.loc, "the policy before the step"));
    const fisher = group.hessian(old.kl(now).sum(1).mean());
    const damped = (v: FlatVector<"policy">) => fisher(v).add(v.mul(0.1));
    return conjugateGradient(damped, group.gradient(now.loc.square().mean())).tensor;
  }, { state: group });
  await isSilent(async () => ok(Number(await (await solve()).norm().item()) > 0));
});

Deno.test("differences that are no thing with itself, and products with what only happens to be 0, are silent", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  await isSilent(() => {
    gradients(w.sub(w.detach("the start")).square().sum(), [w]);
    gradients(w.sub(w).add(w).sum(), [w]);
    gradients(concat([w.sub(w), w.mul(2)]).sum(), [w]);
    gradients(w.mul(tensor([0, 0])).sum(), [w]);
    gradients(w.sub(w.mul(1)).square().sum(), [w]);
    gradients(w.unsqueeze(1).sub(w.unsqueeze(0)).square().sum(), [w]);
    gradients(w.reshape(1, 2).tanh().transpose().sub(w.reshape(2, 1).tanh().transpose()).square().sum(), [w]);
    hvp((x) => x.sum(), tensor([1, 2]), tensor([1, 1]));
  });
});

Deno.test("all pairs of a batch are compared, not a thing with itself: a loss of their differences has its Hessian", async () => {
  const net = new MLP([2, 4, 1], random), group = new ParameterGroup("net", net.parameters());
  await isSilent(async () => {
    const scores = net.forward(x).squeeze(1);
    const loss = scores.unsqueeze(1).sub(scores.unsqueeze(0)).square().mean();
    const product = group.hessian(loss)(group.gradient(loss)).tensor;
    ok(Number(await product.norm().item()) > 0);
  });
});

Deno.test("one term that compares a thing with itself is told, though others have a gradient", async () => {
  const policy = new MLP([2, 4, 2], random), optimizer = new SGD(policy.parameters(), { lr: 0.01 });
  const of = (loc: Tensor) => new Normal(loc, 0.5);
  const step = (before: (now: Normal) => Tensor, then: () => Normal) => {
    const now = of(policy.forward(x));
    const ratio = now.logProb(y).sub(before(then())).exp(); // the ratio
    const gain = ratio.mul(y).minimum(ratio.clamp(0.8, 1.2).mul(y)).mean();
    optimizer.zeroGrad();
    now.loc.square().mean().sub(gain).backward();
    optimizer.step();
  };
  await isSilent(() => step((old) => old.logProb(y).detach("of the policy that acted"), () => of(policy.forward(x))));
  const warning = await warnsOf("G110", () => step((old) => old.logProb(y), () => of(policy.forward(x))));
  ok(warning.sites[0]!.text?.includes("// the ratio"), warning.message);
  match(warning.message, /nothing learns from a term of the loss, which compares a thing with itself/);
  match(warning.message, /this term has no gradient[^]*stopGradient\(old, "of the policy that acted"\)/);
});

Deno.test("a condition outside of a trace that nothing asks for is told after the second step; one that is read or used is not", async () => {
  const w = new Parameter(tensor([1, 2]), "w"), optimizer = new SGD([w], { lr: 0.1 });
  const step = () => {
    optimizer.zeroGrad();
    w.square().sum().backward();
    optimizer.step();
  };
  await isSilent(async () => {
    for (let i = 0; i < 4; i++) {
      const isLarge = w.sum().greater(0), isSmall = w.sum().less(9);
      step();
      await isLarge.item();
      w.mul(isSmall.cast("float32"));
    }
    step(), step();
  });
  const warning = await warnsOf("G104", () => {
    if (w.sum().greater(100)) step();
    step();
  });
  ok(warning.sites[0]!.text?.includes("if (w.sum().greater(100)) step();"), warning.message);
  match(warning.message, /`if \(tensor\)` is always true[^]*if \(await w\.sum\(\)\.greater\(100\)\.item\(\)\)/);
});

Deno.test("a condition that was read is not told when it is gone", async () => {
  const w = new Parameter(tensor([1, 2]), "w"), optimizer = new SGD([w], { lr: 0.1 });
  const { deref } = WeakRef.prototype;
  try {
    await isSilent(async () => {
      const condition = w.sum().greater(0);
      await condition.item();
      // As after a collection of what nobody holds.
      WeakRef.prototype.deref = function <T extends WeakKey>(this: WeakRef<T>): T | undefined {
        const held = deref.call(this) as T | undefined;
        return held === condition.node ? undefined : held;
      };
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad();
        w.square().sum().backward();
        optimizer.step();
      }
    });
  } finally {
    WeakRef.prototype.deref = deref;
  }
});
