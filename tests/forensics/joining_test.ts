/** Parameters without a gradient: refused where it is certain, told once where it is a guess, and nothing where it was said. */

import { deepStrictEqual as equal, match, ok } from "node:assert";
import {
  Adam,
  Categorical,
  compile,
  frozen,
  gradients,
  HostRandom,
  joinsLater,
  Linear,
  MLP,
  Module,
  onWarning,
  ParameterGroup,
  type PlumblineError,
  SGD,
  type Tensor,
  tensor,
  useDevice,
  zeros,
} from "../../mod.ts";
import { isSilent, raises, warnsOf } from "./expect.ts";

await useDevice("cpu");
const random = new HostRandom(7);
const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });

/** What is said while `program` runs: the codes and their first lines. */
async function said(program: () => unknown): Promise<string[]> {
  const warnings: PlumblineError[] = [];
  const end = onWarning((warning) => warnings.push(warning));
  try {
    await program();
  } finally {
    end();
  }
  return warnings.map(({ code, sites }) => `${code} ${sites[0]?.text?.trim()}`);
}

class Heads extends Module {
  readonly trunk = new MLP([2, 4, 3], random);
  readonly main = new Linear(3, 1, random);
  readonly extra = new Linear(3, 1, random);
  readonly experts = [0, 1, 2].map(() => new Linear(3, 1, random));

  override forward(x: Tensor): Tensor {
    return this.trunk.forward(x).tanh();
  }
}

function learner(net: Module) {
  const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
  const step = (lossOf: () => Tensor): void => {
    optimizer.zeroGrad();
    lossOf().backward();
    optimizer.step();
  };
  return { optimizer, step };
}

Deno.test("a head that no loss uses is told at the second step from the same loss, once, and is used as soon as one does", async () => {
  const net = new Heads();
  joinsLater(net.experts[0]!), joinsLater(net.experts[1]!), joinsLater(net.experts[2]!);
  const { step } = learner(net);
  const main = () => net.main.forward(net.forward(x)).square().mean();
  const before = await net.extra.weight.data();
  await isSilent(() => step(main));
  const warning = await warnsOf("G106", () => step(main));
  equal(warning.params, ["net.extra.weight", "net.extra.bias"]);
  match(warning.message, /had no part in a loss so far, and stay as they are[^]*joinsLater\(module\)/);
  equal(await net.extra.weight.data(), before);
  await isSilent(() => {
    for (let i = 0; i < 3; i++) step(main);
    step(() => main().add(net.extra.forward(net.forward(x)).square().mean()));
  });
  ok((await net.extra.weight.data()).some((w, i) => w !== before[i]));
});

Deno.test("losses that take turns are not told: each is another loss", async () => {
  const net = new Heads();
  net.experts.forEach(joinsLater);
  const { step } = learner(net);
  await isSilent(() => {
    for (let i = 0; i < 3; i++) {
      step(() => net.main.forward(net.forward(x)).square().mean());
      step(() => net.extra.forward(net.forward(x)).square().mean());
    }
  });
});

Deno.test("an entry of a list of which others are used has eight steps", async () => {
  const net = new Heads();
  const { step } = learner(net);
  const loss = (k: number) =>
    net.main.forward(net.forward(x)).add(net.extra.forward(net.forward(x)))
      .add(net.experts[k]!.forward(net.forward(x))).square().mean();
  await isSilent(() => {
    for (let i = 0; i < 8; i++) step(() => loss(i % 2));
  });
  const warning = await warnsOf("G106", () => step(() => loss(0)));
  equal(warning.params, ["net.experts.2.weight", "net.experts.2.bias"]);
  await isSilent(() => step(() => loss(2)));
});

Deno.test("what was declared to join later is silent, also where the loss cuts it, and where all of an optimiser waits", async () => {
  const net = joinsLater(new Heads());
  const { step } = learner(net);
  const critic = joinsLater(new MLP([2, 4, 1], random)), waiting = new SGD(critic.parameters(), { lr: 0.1 });
  await isSilent(async () => {
    for (let i = 0; i < 12; i++) {
      step(() => net.main.forward(net.forward(x)).mul(net.extra.forward(net.forward(x)).detach()).mean());
      waiting.step();
      await critic.forward(x).mean().item();
    }
  });
});

Deno.test("a compiled phase that leaves a head out tells it at its second call, unless another phase has used it", async () => {
  for (const hasOther of [true, false]) {
    const trunk = new MLP([2, 4, 3], random), a = new Linear(3, 1, random), b = new Linear(3, 1, random);
    const optimizer = new Adam([trunk, a, b].flatMap((x) => x.parameters()), { lr: 1e-2 });
    const phase = (head: Linear) =>
      compile((x: Tensor) => {
        head.forward(trunk.forward(x)).square().mean().backward();
        optimizer.step();
      }, { state: [trunk, a, b, optimizer] });
    const [first, second] = [phase(a), phase(b)];
    equal(await said(() => first(x)), []);
    if (hasOther) await second(x);
    const found = await said(() => first(x));
    equal(found, hasOther ? [] : ["G106 head.forward(trunk.forward(x)).square().mean().backward();"]);
    equal(await said(() => first(x)), []);
  }
});

Deno.test("agents' optimisers step in one loop though some had no loss, and so does one whose data come late", async () => {
  class Team extends Module {
    readonly members = [0, 1].map(() => new MLP([2, 4, 1], random));
    override forward(x: Tensor): Tensor {
      return this.members[0]!.forward(x);
    }
  }
  const team = new Team();
  team.namedParameters();
  const agents = team.members.map((net) => ({ net, optimizer: new Adam(net.parameters(), { lr: 1e-2 }) }));
  await isSilent(async () => {
    for (let i = 0; i < 6; i++) {
      for (const [k, { net, optimizer }] of agents.entries()) {
        optimizer.zeroGrad();
        if (i >= 1 + k && (i + k) % 2 === 1) net.forward(x).square().mean().backward();
        optimizer.step();
        if (i === 5) await net.forward(x).mean().item();
      }
    }
  });
});

Deno.test("gradients that zeroGrad() took away before the step are refused, those that were taken away by hand are not", async () => {
  const trunk = new MLP([2, 4, 3], random), head = new Linear(3, 1, random);
  const optimizer = new Adam([...trunk.parameters(), ...head.parameters()], { lr: 1e-2 });
  const lossOf = () => head.forward(trunk.forward(x)).square().mean();
  const error = await raises("G107", "optimizer.step(); // here", () => {
    lossOf().backward();
    optimizer.zeroGrad();
    optimizer.step(); // here
  });
  match(error.message, /thrown away after backward\(\)/);
  await isSilent(() => {
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      lossOf().backward();
      for (const p of trunk.parameters()) p.grad = null;
      optimizer.step();
    }
  });
});

Deno.test("optimisers that were exchanged are refused when the first gradient is thrown away unused", async () => {
  const actor = new MLP([2, 4, 1], random), critic = new MLP([2, 4, 1], random);
  const actorOptimizer = new Adam(critic.parameters(), { lr: 1e-2 }); // wrong
  const criticOptimizer = new Adam(actor.parameters(), { lr: 1e-2 });
  const error = await raises("G504", "// wrong", () => {
    actorOptimizer.zeroGrad();
    actor.forward(x).mean().backward();
    actorOptimizer.step();
    criticOptimizer.zeroGrad();
  });
  match(
    error.message,
    /holds 4 parameters of `critic`, which the loss does not reach: it reaches 4 parameters of `actor`/,
  );
});

Deno.test("optimisers that were exchanged are refused in a compiled step, whose gradients are thrown away at its end", async () => {
  const actor = new MLP([2, 4, 1], random), critic = new MLP([2, 4, 1], random);
  const actorOptimizer = new Adam(critic.parameters(), { lr: 1e-2 }); // wrong
  const criticOptimizer = new Adam(actor.parameters(), { lr: 1e-2 });
  const step = compile((x: Tensor) => {
    actorOptimizer.zeroGrad();
    actor.forward(x).mean().backward();
    actorOptimizer.step();
  }, { state: [actorOptimizer, criticOptimizer] });
  const error = await raises("G504", "// wrong", () => step(x));
  match(error.message, /it reaches 4 parameters of `actor`, which `criticOptimizer` holds/);
});

Deno.test("where an optimiser holds nothing of a loss, a stop on the way to what it holds is told, and an assignment that ends it", async () => {
  const [online, target] = [new MLP([2, 4, 1], random), new MLP([2, 4, 1], random)];
  const optimizer = new SGD(online.parameters(), { lr: 0.1 }); // wrong
  const stopped = await raises("G504", "// wrong", () => {
    online.forward(x).detach().sub(target.forward(x)).square().mean().backward();
    optimizer.step();
  });
  match(
    stopped.message,
    /detach\(\) passes no gradient[^]*if it is to be 4 parameters of `online`, the way is cut: {2}leave out the detach\(\): {2}online\.forward\(x\)$/,
  );
  const inner = gradients(online.forward(x).square().mean(), online.parameters());
  const assigned = await raises("G504", "fast.parameters()[i]!.assign(", () => {
    const fast = new MLP([2, 4, 1], random);
    online.parameters().forEach((w, i) => fast.parameters()[i]!.assign(w.sub(inner[i]!.mul(0.1))));
    fast.forward(x).sub(1).square().mean().backward();
    optimizer.step();
  });
  match(
    assigned.message,
    /which is made of 4 parameters of `online`[^]*use the tensor itself in the loss, w\.sub\(inner\[i\]!\.mul\(0\.1\)\)/,
  );
});

Deno.test("what was frozen when the optimiser was made is told once it is thawed, with the reason", async () => {
  const a = new Linear(2, 3, random), b = new Linear(3, 1, random);
  frozen(a);
  const optimizer = new SGD([...a.parameters(), ...b.parameters()], { lr: 0.1 });
  const step = () => {
    optimizer.zeroGrad();
    b.forward(a.forward(x)).mean().backward();
    optimizer.step();
  };
  await isSilent(step);
  for (const w of a.parameters()) w.requiresGrad = true;
  const warning = await warnsOf("G503", step);
  match(warning.message, /it was frozen when the optimiser was made, which leaves out what is frozen/);
});

Deno.test("a layer that was replaced after the optimiser was made is refused; one beside it that nobody owns is told", async () => {
  class Net extends Module {
    trunk = new Linear(2, 3, random);
    head = new Linear(3, 1, random);
    override forward(x: Tensor): Tensor {
      return this.head.forward(this.trunk.forward(x).tanh());
    }
  }
  const net = new Net(), optimizer = new SGD(net.parameters(), { lr: 0.1 });
  net.head = new Linear(3, 2, random);
  const error = await raises("G504", "const net = new Net(), optimizer", () => {
    net.forward(x).square().mean().backward();
    optimizer.step();
  });
  match(error.message, /holds `net.head.weight` and `net.head.bias`.*not those that stand there now/);
  const trunk = new Linear(2, 3, random), old = new Linear(3, 1, random), used = new Linear(3, 1, random);
  const other = new SGD([...trunk.parameters(), ...old.parameters()], { lr: 0.1 });
  const found = await said(() => {
    used.forward(trunk.forward(x)).mean().backward();
    other.step();
  });
  equal(found.map((x) => x.slice(0, 4)), ["G504"]);
});

Deno.test("grads() of a group gives zeros for what no loss has used, and tells it as step() does", async () => {
  const a = new Linear(2, 1, random), b = new Linear(2, 1, random);
  const group = new ParameterGroup("both", [...a.parameters(), ...b.parameters()]);
  const grads = () => {
    for (const p of group.parameters) p.grad = null;
    a.forward(x).square().mean().backward();
    return group.grads();
  };
  let last = await said(grads);
  equal(last, []);
  last = await said(grads);
  equal(last.map((x) => x.slice(0, 4)), ["G106"]);
  equal((await grads().tensor.data()).slice(3), new Float32Array(3));
});

Deno.test("what one step has left out is told when the program ends", async () => {
  const mod = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    file,
    `import { HostRandom, Linear, SGD, tensor, useDevice } from ${mod};
await useDevice("cpu");
const random = new HostRandom(0), a = new Linear(2, 1, random), b = new Linear(2, 1, random);
const optimizer = new SGD([...a.parameters(), ...b.parameters()], { lr: 0.1 });
a.forward(tensor([[1, 2]])).mean().backward();
optimizer.step();
console.log("done", await a.weight.data());
`,
  );
  try {
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", "--config", config, file];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
    const [out, told] = [stdout, stderr].map((x) => new TextDecoder().decode(x));
    ok(out!.startsWith("done"), told);
    match(told!, /^warning\[G106\]: never used: `b.weight` \[1,2\], `b.bias` \[1\]/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("what was frozen after the optimiser was made is no part of it", async () => {
  const a = new Linear(2, 1, random), b = new Linear(2, 1, random);
  const optimizer = new SGD([...a.parameters(), ...b.parameters()], { lr: 0.1 });
  frozen(b);
  await isSilent(() => {
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      a.forward(x).mean().backward();
      optimizer.step();
    }
  });
});

Deno.test("a coefficient is no multiple of a short number that was logged, an accuracy for one", async () => {
  for (const [shown, weight] of [[0.625, 0.01], [0.5, 0.01], [0.25, 0.1], [2, 0.02], [1, 0.1], [0.25, 0.25]] as const) {
    const net = new Heads(), { step } = learner(net);
    const codes = await said(async () => {
      for (let i = 0; i < 4; i++) {
        const hidden = net.forward(x), one = net.main.forward(hidden), other = net.extra.forward(hidden);
        // A share of what the other head gets right.
        await other.mul(0).add(shown).mean().item();
        const heads = net.experts.map((expert) => expert.forward(hidden).square().mean()).reduce((a, b) => a.add(b));
        step(() =>
          (i % 2 === 0 ? one : other).sub(1).square().mean().add(heads).add(hidden.square().mean().mul(weight))
        );
      }
    });
    ok(codes.every((code) => /^G1(01|06)/.test(code)), `${codes}`);
  }
  const pi = new Linear(2, 3, random), temperature = new Linear(1, 1, random);
  const optimizer = new SGD([...pi.parameters(), ...temperature.parameters()], { lr: 0.1 });
  await said(async () => {
    for (let i = 0; i < 3; i++) {
      await temperature.forward(zeros([1, 1])).sum().exp().item();
      optimizer.zeroGrad();
      new Categorical(pi.forward(x)).entropy().mean().backward();
      optimizer.step();
    }
  });
});
