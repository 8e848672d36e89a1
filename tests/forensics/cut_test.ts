/** Programs whose gradient is cut, as users write them: each is refused at its line. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  Adam,
  boundary,
  compile,
  concat,
  frozen,
  Generator,
  HostRandom,
  Linear,
  MLP,
  Module,
  noGrad,
  Normal,
  Parameter,
  SGD,
  stopGradient,
  type Tensor,
  tensor,
  where,
  zeros,
} from "../../mod.ts";
import { isSilent, raises, warnsOf } from "./expect.ts";

const random = new HostRandom(3);
const x = tensor(Array.from({ length: 8 }, () => Array.from({ length: 4 }, () => random.next() - 0.5)));

function nets() {
  const pi = new MLP([4, 6, 2], random);
  const aux = new MLP([4, 6, 1], random);
  const optimizer = new Adam([...pi.parameters(), ...aux.parameters()], { lr: 1e-3 });
  return { pi, aux, optimizer };
}

Deno.test("item() that enters by itself is named, with the line where it enters", async () => {
  const { pi, aux, optimizer } = nets();
  const error = await raises("G101", "aux.forward(x).mean().item()", async () => {
    const penalty = await aux.forward(x).mean().item() as number;
    pi.forward(x).square().mean().add(penalty).backward();
    optimizer.step();
  });
  equal(error.params, ["0.weight", "0.bias", "1.weight", "1.bias"].map((path) => `aux.layers.${path}`));
  ok(/enters here as a constant/.test(error.message));
  ok(/audit: pi\.\* reached 4\/4, aux\.\* cut 4\/4\. step\(\) refused/.test(error.message));
});

Deno.test("item() that enters by tensor() is mended by the tensor in its place", async () => {
  const { pi, optimizer } = nets();
  const error = await raises("G101", "y.item()", async () => {
    const y = pi.forward(x).mean();
    const value = await y.item();
    tensor(value).sub(1).square().backward();
    optimizer.step();
  });
  ok(/keep the tensor: {2}y in place of tensor\(value\)\n/.test(error.message), error.message);
});

Deno.test("item() that goes through host arithmetic is a guess: it is named in a warning", async () => {
  const { pi, aux, optimizer } = nets();
  const warning = await warnsOf("G101", async () => {
    const penalty = await aux.forward(x).mean().item() as number;
    pi.forward(x).square().mean().add(0.1 * (3 * penalty + 1)).backward();
    optimizer.step();
  });
  ok(/^const penalty = await aux/.test(warning.sites[0]!.text!.trim()), warning.message);
  equal(warning.params.length, 4);
});

Deno.test("numbers in an array that were read are recognised: identity, slices, copies, lists", async () => {
  const enter: ((data: Float32Array) => Tensor)[] = [
    (data) => tensor(data),
    (data) => tensor(data.subarray(2, 6)),
    (data) => tensor(data.slice(1, 5)),
    (data) => tensor([...data].reverse()),
    (data) => tensor(Float32Array.from(data)),
  ];
  for (const again of enter) {
    const { pi, aux, optimizer } = nets();
    await raises("G101", "aux.forward(x).data()", async () => {
      const trust = await aux.forward(x).data() as Float32Array;
      const weights = again(trust);
      pi.forward(x).square().sum(1).slice(0, 0, weights.size).mul(weights).mean().backward();
      optimizer.step();
    });
  }
});

Deno.test("numbers of toList() are recognised", async () => {
  const { pi, aux, optimizer } = nets();
  const error = await raises("G101", "aux.forward(x).toList()", async () => {
    const trust = await aux.forward(x).toList() as number[][];
    pi.forward(x).mul(tensor(trust)).mean().backward();
    optimizer.step();
  });
  ok(/tensor\(trust\)/.test(error.message), error.message);
});

Deno.test("detach() without a reason is named", async () => {
  const { pi, aux, optimizer } = nets();
  await raises("G101", "const hidden = aux.forward(x).detach();", () => {
    const hidden = aux.forward(x).detach();
    pi.forward(x).mul(hidden).mean().backward();
    optimizer.step();
  });
});

Deno.test("noGrad() is named at its call, also where the value leaves it by an assignment", async () => {
  const { pi, aux, optimizer } = nets();
  const error = await raises("G101", "const hidden = noGrad(() => aux.forward(x));", () => {
    const hidden = noGrad(() => aux.forward(x));
    pi.forward(x).mul(hidden).mean().backward();
    optimizer.step();
  });
  ok(/noGrad\(\) passes no gradient/.test(error.message));
  await raises("G101", "noGrad(() => {", () => {
    let hidden = x;
    optimizer.zeroGrad();
    noGrad(() => {
      hidden = aux.forward(x);
    });
    pi.forward(x).mul(hidden).mean().backward();
    optimizer.step();
  });
});

Deno.test("noGrad() with a reason, and noGrad() around what learns elsewhere too, are silent", async () => {
  const { pi, aux, optimizer } = nets();
  await isSilent(() => {
    const target = noGrad(() => pi.forward(x).mul(0.9));
    const hidden = noGrad(() => aux.forward(x), "aux learns later");
    pi.forward(x).mul(hidden).sub(target).square().mean().backward();
    optimizer.step();
  });
  throws(() => noGrad(async () => await pi.forward(x).data()), /not async/);
  const w = new Parameter(tensor([2]), "w");
  const outside = w.mul(3);
  noGrad(() => outside).add(w).sum().backward();
  equal(await w.grad!.toList(), [4]);
});

Deno.test("the cut is named, not what hides behind the softmax(), clamp() or norm() after it", async () => {
  for (const after of [(y: Tensor) => y.softmax(-1), (y: Tensor) => y.clamp(-1, 1), (y: Tensor) => y.norm(1, true)]) {
    const { pi, aux, optimizer } = nets();
    await raises("G101", "const hidden = aux.forward(x).detach();", () => {
      const hidden = aux.forward(x).detach();
      after(pi.forward(x).mul(hidden)).mul(pi.forward(x)).mean().backward();
      optimizer.step();
    });
  }
});

Deno.test("argmax() is named, not the cast after it", async () => {
  const { pi, aux, optimizer } = nets();
  const error = await raises("G101", "const choice = aux.forward(x).argmax(0);", () => {
    const choice = aux.forward(x).argmax(0);
    const scale = choice.cast("float32").add(1);
    pi.forward(x).mean(1).mul(scale).mean().backward();
    optimizer.step();
  });
  ok(/argmax\(\) passes no gradient/.test(error.message));
});

Deno.test("a comparison is named", async () => {
  const { pi, aux, optimizer } = nets();
  await raises("G101", "const trusted = aux.forward(x).greater(0.1);", () => {
    const trusted = aux.forward(x).greater(0.1);
    where(trusted.expand(8, 2), pi.forward(x), 0).mean().backward();
    optimizer.step();
  });
});

Deno.test("round() and casts to integers are named", async () => {
  const { pi, aux, optimizer } = nets();
  await raises("G101", "const level = aux.forward(x).mul(10).round();", () => {
    const level = aux.forward(x).mul(10).round();
    pi.forward(x).mul(level).mean().backward();
    optimizer.step();
  });
  await raises("G101", 'const count = aux.forward(x).cast("int32");', () => {
    optimizer.zeroGrad();
    const count = aux.forward(x).cast("int32");
    pi.forward(x).mul(count.cast("float32")).mean().backward();
    optimizer.step();
  });
});

Deno.test("a sample whose log-probability is not used is named", async () => {
  const { pi, aux, optimizer } = nets();
  const generator = new Generator(1);
  await raises("G101", "const action = new Normal(pi.forward(x), spread).sample(generator.next());", () => {
    const spread = zeros([8, 2]).add(0.1);
    const action = new Normal(pi.forward(x), spread).sample(generator.next());
    aux.forward(concat([action, action], 1)).mean().neg().backward();
    optimizer.step();
  });
});

Deno.test("the result of a compiled function is data", async () => {
  const { pi, aux, optimizer } = nets();
  await raises("G101", "const features = compile((x: Tensor) => aux.forward(x), { state: aux });", async () => {
    const features = compile((x: Tensor) => aux.forward(x), { state: aux });
    pi.forward(x).mul(await features(x)).mean().backward();
    optimizer.step();
  });
});

Deno.test("a loss whose every way is cut is refused by backward()", async () => {
  const model = new Linear(4, 1, random);
  await raises("G101", "const prediction = tensor(await model.forward(x).data());", async () => {
    const prediction = tensor(await model.forward(x).data());
    prediction.square().mean().backward();
  });
});

Deno.test("a layer that forward() forgets is named when the same loss leaves it out again", async () => {
  class Net extends Module {
    hidden = new Linear(4, 4, random);
    head = new Linear(4, 1, random);
    forward(x: Tensor): Tensor {
      return this.head.forward(x);
    }
  }
  const net = new Net();
  const optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const step = () => {
    optimizer.zeroGrad();
    net.forward(x).mean().backward();
    optimizer.step();
  };
  await isSilent(step);
  const warning = await warnsOf("G106", step);
  ok(warning.sites[0]!.text?.includes("hidden = new Linear(4, 4, random);"), warning.message);
  equal(warning.params, ["net.hidden.weight", "net.hidden.bias"]);
  await isSilent(step);
});

Deno.test("a cut inside of a compiled step is named when it is traced", async () => {
  const { pi, aux, optimizer } = nets();
  await raises("G101", "const hidden = aux.forward(x).detach();", async () => {
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      const hidden = aux.forward(x).detach();
      const loss = pi.forward(x).mul(hidden).mean();
      loss.backward();
      optimizer.step();
      return loss;
    }, { state: [pi, aux, optimizer] });
    await step(x);
  });
});

Deno.test("a read in a compiled function that nobody waits for ends the call, at its line", async () => {
  const { pi } = nets();
  for (const read of [(t: Tensor) => t.item(), async (t: Tensor) => await t.data()]) {
    const step = compile((x: Tensor) => {
      const loss = pi.forward(x).mean();
      read(loss).catch(() => {});
      return loss;
    }, { state: pi });
    await raises("G102", "of [(t: Tensor) => t.item(), async (t: Tensor) => await t.data()]", () => step(x));
  }
});

Deno.test("step() without backward(), or after zeroGrad(), is refused", async () => {
  const model = new Linear(4, 1, random);
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  await raises("G107", "optimizer.step();", () => {
    model.forward(x).mean().backward();
    optimizer.zeroGrad();
    optimizer.step();
  });
});

const drive = async (action: Tensor): Promise<Tensor> => {
  const numbers = await action.data();
  return tensor(Float32Array.from(numbers, (v) => Math.tanh(v) * 0.3), { shape: action.shape });
};

Deno.test("a boundary that forbids gradients is named, at its call", async () => {
  const { pi, aux } = nets();
  const physics = boundary("physics", drive, "forbid");
  const error = await raises("G108", "const position = await physics(pi.forward(x));", async () => {
    const position = await physics(pi.forward(x));
    position.add(aux.forward(x)).square().mean().backward();
  });
  ok(/boundary `physics`/.test(error.message));
});

Deno.test("a boundary with a derivative of its own passes gradients", async () => {
  const w = new Parameter(tensor([0.5, -1]), "w");
  const physics = boundary("physics", drive, {
    vjp: (gradient, [action]) => [gradient.mul(action!.tanh().square().neg().add(1).mul(0.3))],
  });
  (await physics(w)).sum().backward();
  const found = await w.grad!.data();
  [0.5, -1].forEach((v, i) => ok(Math.abs(found[i]! - 0.3 * (1 - Math.tanh(v) ** 2)) < 1e-6));
});

Deno.test("declared stops, frozen modules and boundaries that stop are silent, and what they hide stays as it is", async () => {
  const { pi, aux, optimizer } = nets();
  const before = await aux.layers[0]!.weight.data();
  await isSilent(() => {
    const hidden = stopGradient(aux.forward(x), "features are data here");
    pi.forward(x).mul(hidden).mean().backward();
    optimizer.step();
  });
  equal(await aux.layers[0]!.weight.data(), before);
  const stopping = boundary("physics", drive, "stop");
  await isSilent(async () => {
    optimizer.zeroGrad();
    pi.forward(x).add((await stopping(aux.forward(x))).mean()).mean().backward();
    optimizer.step();
  });
  frozen(aux);
  await isSilent(() => {
    optimizer.zeroGrad();
    pi.forward(x).square().mean().backward();
    optimizer.step();
  });
  equal(await aux.layers[0]!.weight.data(), before);
});

Deno.test("alternating losses of actor and critic are silent", async () => {
  const actor = new MLP([4, 6, 2], random);
  const critic = new MLP([4, 6, 1], random);
  const [actorOptimizer, criticOptimizer] = [actor, critic].map((net) => new Adam(net.parameters(), { lr: 1e-3 }));
  await isSilent(async () => {
    for (let i = 0; i < 3; i++) {
      criticOptimizer!.zeroGrad();
      const criticLoss = critic.forward(x).sub(1).square().mean();
      criticLoss.backward();
      criticOptimizer!.step();
      actorOptimizer!.zeroGrad();
      const value = critic.forward(x).detach();
      const actorLoss = actor.forward(x).square().mul(value).mean();
      actorLoss.backward();
      actorOptimizer!.step();
      await criticLoss.item();
      await actorLoss.item();
    }
  });
});

Deno.test("a target network that follows by assignment is silent", async () => {
  const net = new Linear(4, 1, random);
  const target = frozen(new Linear(4, 1, random));
  const optimizer = new SGD(net.parameters(), { lr: 0.1 });
  await isSilent(async () => {
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      const loss = net.forward(x).sub(target.forward(x)).square().mean();
      loss.backward();
      optimizer.step();
      target.weight.assign(target.weight.mul(0.9).add(net.weight.mul(0.1)));
      await loss.item();
    }
  });
});

Deno.test("a policy gradient with old log-probabilities as data is silent over several epochs", async () => {
  const pi = new MLP([4, 6, 2], random);
  const optimizer = new Adam(pi.parameters(), { lr: 1e-3 });
  const generator = new Generator(1);
  const spread = zeros([8, 2]).add(0.3);
  await isSilent(async () => {
    const acting = new Normal(pi.forward(x), spread);
    const action = acting.sample(generator.next());
    const old = tensor(await acting.logProb(action).data(), { shape: [8, 2] });
    const reward = tensor((await action.data()).map((v) => -v * v), { shape: [8, 2] });
    for (let epoch = 0; epoch < 3; epoch++) {
      optimizer.zeroGrad();
      const ratio = new Normal(pi.forward(x), spread).logProb(action).sub(old).exp();
      ratio.mul(reward).mean().neg().backward();
      optimizer.step();
    }
  });
});

Deno.test("places in an order pass no gradient, and the help names the values, which do", async () => {
  const w = new Parameter(tensor([3, 1, 2]), "w");
  const error = await raises("G101", "w.topk(2)", () => w.topk(2).indices.float().sum().backward());
  ok(error.help.join().includes("learn through the values, sort().values or topk(k).values"), error.message);
  await isSilent(() => w.topk(2).values.sum().backward());
});

Deno.test("all lines that cut a parameter from a loss are named: a codebook that is stopped in two ways", async () => {
  const encoder = new Linear(4, 3, random),
    book = new Parameter(tensor(random.uniform(15, -1, 1), { shape: [5, 3] }), "book");
  const optimizer = new SGD([...encoder.parameters(), book], { lr: 0.1 });
  const error = await raises("G101", "// commits", () => {
    const z = encoder.forward(x);
    const q = book.take(z.unsqueeze(1).sub(book).square().sum(-1).argmin(-1), 0);
    const code = z.add(q.sub(z).detach()); // straight through
    const commitment = z.sub(q.detach()).square().mean(); // commits
    code.square().mean().add(commitment).backward();
    optimizer.step();
  });
  ok(error.sites[1]!.text?.includes("// straight through"), error.message);
  ok(/detach\(\) cuts another way/.test(error.message), error.message);
  const alone = await raises("G101", "// straight through", () => {
    const z = encoder.forward(x), q = book.take(tensor(new Int32Array(8)), 0);
    z.add(q.sub(z).detach()).square().mean().backward(); // straight through
    optimizer.step();
  });
  ok(
    /\(straight through\): give that a term of its own, q\.sub\(z\.detach\("it follows"\)\)\.square\(\)\.mean\(\)/.test(
      alone.message,
    ),
    alone.message,
  );
});
