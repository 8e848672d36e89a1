/** Helps are right for programs that are not in the table: a broken one that does what its help says trains, in silence. */

import { ok } from "node:assert";
import { everywhere } from "./follow.ts";
import { answerOf, learns, quietly } from "./learns.ts";
import { runText } from "./programs.ts";

/** A program, what the help of its error says, and what somebody does who reads it. */
interface Read {
  readonly text: string;
  readonly help: string;
  readonly edits: readonly (readonly [old: string, by: string])[];
  /** What learns then. */
  readonly modules: string;
}

const texts: readonly Read[] = [
  {
    text: `import { Adam, compile, HostRandom, MLP, tensor } from "../../../../mod.ts";
const net = new MLP([2, 4, 1], new HostRandom(0)), optimizer = new Adam(net.parameters());
const step = compile((x) => {
  const y = net.forward(x);
  const scale = y.mean().item() as unknown as number;
  const loss = y.mul(scale).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [optimizer] });
await step(tensor([[1, 2]]));`,
    help: "return the tensor from the function and read it there",
    edits: [["y.mean().item() as unknown as number", "y.mean()"]],
    modules: "net",
  },
  {
    text: `import { Adam, HostRandom, MLP, scan, tensor, Variable, zeros } from "../../../../mod.ts";
const net = new MLP([2, 2], new HostRandom(0)), optimizer = new Adam(net.parameters());
const memory = new Variable(zeros([2]), "memory");
const xs = tensor([[1, 2], [3, 4]]);
const [h] = scan((h, x) => {
  const next = h.add(net.forward(x.unsqueeze(0)).squeeze(0));
  memory.assign(next);
  return [next, x] as const;
}, zeros([2]), xs, {});
h.square().mean().backward();
optimizer.step();`,
    help: "name it as state, so that each step finds what the one before assigned: scan(step, init, xs, { state }).",
    edits: [["xs, {});", "xs, { state: memory });"]],
    modules: "net",
  },
  {
    text: `import { Adam, audit, HostRandom, MLP, tensor } from "../../../../mod.ts";
const net = new MLP([2, 4, 1], new HostRandom(0)), optimizer = new Adam(net.parameters());
const lossOf = () => net.forward(tensor([[1, 2]])).square().mean();
const loss = lossOf();
await audit(() => loss, optimizer);
loss.backward();
optimizer.step();`,
    help: "await audit(() => lossOf(..))",
    edits: [["audit(() => loss,", "audit(() => lossOf(),"]],
    modules: "net",
  },
  {
    text: `import { Adam, Categorical, HostRandom, Linear, MLP, frozen, oneHot, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), net = new MLP([2, 4, 3], random), judge = frozen(new Linear(3, 1, random));
const optimizer = new Adam(net.parameters());
const chosen = oneHot(new Categorical(net.forward(tensor([[1, 2]]))).sample(random.key()), 3);
judge.forward(chosen).square().mean().backward();
optimizer.step();`,
    help: "a choice among classes has no rsample(): put logProb() of the choice into the loss, or choose softly",
    edits: [[
      "oneHot(new Categorical(net.forward(tensor([[1, 2]]))).sample(random.key()), 3)",
      "net.forward(tensor([[1, 2]])).softmax(-1)",
    ]],
    modules: "net",
  },
  {
    text: `import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), net = new MLP([2, 4, 3], random);
const optimizer = new Adam(net.parameters());
for (let i = 0; i < 2; i++) {
  optimizer.zeroGrad();
  new Linear(3, 1, random).forward(net.forward(tensor([[1, 2]]))).square().mean().backward();
  optimizer.step();
}`,
    help: "it is made after the optimiser: make it once, before that, and not anew in each step.",
    edits: [[
      "const optimizer = new Adam(net.parameters());",
      "const head = new Linear(3, 1, random);\nconst optimizer = new Adam([...net.parameters(), ...head.parameters()]);",
    ], ["new Linear(3, 1, random).forward", "head.forward"]],
    modules: "net, head",
  },
  {
    text: `import { Adam, compile, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), net = new MLP([2, 4, 3], random), outer = new Linear(3, 1, random);
const optimizer = new Adam(net.parameters());
const predict = compile((x) => {
  const head = outer;
  return head.forward(net.forward(x));
}, { state: net });
await predict(tensor([[1, 2]]));
net.forward(tensor([[1, 2]])).square().mean().backward();
optimizer.step();`,
    help: "name it: compile(fn, { state: [model, optimizer] })",
    edits: [["{ state: net }", "{ state: [net, outer] }"]],
    modules: "net",
  },
  {
    text: `import { Adam, compile, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), net = new MLP([2, 4, 3], random);
const optimizer = new Adam(net.parameters());
const predict = compile((x) => {
  const head = new Linear(3, 1, new HostRandom(1));
  return head.forward(net.forward(x));
}, { state: net });
await predict(tensor([[1, 2]]));
net.forward(tensor([[1, 2]])).square().mean().backward();
optimizer.step();`,
    help: "it is made inside: make it once, before the function is compiled, and name it as state.",
    edits: [["  const head = new Linear(3, 1, new HostRandom(1));\n", ""], [
      "const predict",
      "const head = new Linear(3, 1, new HostRandom(1));\nconst predict",
    ], ["{ state: net }", "{ state: [net, head] }"]],
    modules: "net",
  },
  {
    text: `import { Adam, compile, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), net = new MLP([2, 4, 3], random), head = new Linear(3, 1, random);
const optimizer = new Adam([...net.parameters(), ...head.parameters()]);
const features = net.forward(tensor([[1, 2]]));
const step = compile(() => {
  optimizer.zeroGrad();
  head.forward(features).square().mean().backward();
  optimizer.step();
}, { state: [net, head, optimizer] });
await step();`,
    help: "compute it inside of the function, net.forward(tensor([[1, 2]]))",
    edits: [["head.forward(features)", "head.forward(net.forward(tensor([[1, 2]])))"]],
    modules: "net, head",
  },
  {
    text: `import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), net = new MLP([2, 4, 3], random), head = new Linear(3, 1, random);
const optimizer = new Adam([...net.parameters(), ...head.parameters()]);
const features = net.forward(tensor([[1, 2]]));
for (let i = 0; i < 2; i++) {
  optimizer.zeroGrad();
  head.forward(features).square().mean().backward();
  optimizer.step();
}`,
    help:
      "what is the same for all steps:  compute it in each of them, after the change, net.forward(tensor([[1, 2]]))",
    edits: [["head.forward(features)", "head.forward(net.forward(tensor([[1, 2]])))"]],
    modules: "net, head",
  },
  {
    text: `import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";
const net = new MLP([2, 4, 1], new HostRandom(0)), optimizer = new Adam(net.parameters());
let total = tensor(0);
for (let i = 0; i < 3; i++) {
  const loss = net.forward(tensor([[1, 2]])).square().mean();
  total = total.add(loss);
  optimizer.zeroGrad();
  total.backward();
  optimizer.step();
}`,
    help: 'a sum for the log:  total.add(loss.detach("metric")), and backward() of the loss of this step',
    edits: [["total.add(loss)", 'total.add(loss.detach("metric"))'], ["total.backward()", "loss.backward()"]],
    modules: "net",
  },
  {
    text: `import { Adam, frozen, HostRandom, MLP, tensor } from "../../../../mod.ts";
const net = new MLP([2, 4, 1], new HostRandom(0)), target = frozen(new MLP([2, 4, 1], new HostRandom(0)));
const optimizer = new Adam(net.parameters());
target.forward(tensor([[1, 2]])).square().mean().backward();
optimizer.step();`,
    help: "compute the loss with the network that is to learn",
    edits: [["target.forward", "net.forward"]],
    modules: "net",
  },
  {
    text: `import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";
const net = new MLP([2, 4, 2], new HostRandom(0)), optimizer = new Adam(net.parameters());
const out = net.forward(tensor([[1, 2]]));
const loss = out.sub(out.mean(0)).div(out.std(0)).add(out).square().mean();
loss.backward();
optimizer.step();
await loss.item();`,
    help: "{ correction: 0 }, which gives 0: then add a small number where it divides.",
    edits: [["out.std(0)", "out.std(0, { correction: 0 }).add(1e-6)"]],
    modules: "net",
  },
  {
    text: `import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";
const random = new HostRandom(0), scorer = new MLP([2, 4, 3], random), head = new Linear(3, 1, random);
const optimizer = new Adam([...scorer.parameters(), ...head.parameters()]);
const s = scorer.forward(tensor([[1, 2]]));
const best = s.greaterEqual(s.max(1, true)).cast("float32");
head.forward(best).square().mean().backward();
optimizer.step();`,
    help: "use a smooth one, as s.sub(s.max(1, true)).mul(10).sigmoid()",
    edits: [['s.greaterEqual(s.max(1, true)).cast("float32")', "s.sub(s.max(1, true)).mul(10).sigmoid()"]],
    modules: "scorer, head",
  },
];

for (const { text, help, edits, modules } of texts) {
  Deno.test(`whoever does what a help says, "${help}", has a program that learns`, async () => {
    const { error } = answerOf(await quietly(() => runText(text)), text);
    ok(error.help.some((x) => x.includes(help)), error.message);
    await learns(edits.reduce((some, [old, by]) => everywhere(some, old, by), text), modules);
  });
}
