/** Training steps inside of a scan: what a step assigns is carried to the next one. */

import { deepEqual, ok, rejects, throws } from "node:assert/strict";
import {
  Adam,
  compile,
  Generator,
  HostRandom,
  MLP,
  NonFiniteError,
  Parameter,
  scan,
  type Tensor,
  tensor,
  uniform,
  Variable,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const minibatches = 5;
const rows = 6;

function problem() {
  const random = new HostRandom(3);
  const model = new MLP([2, 8, 1], random);
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const seen = new Variable(tensor(0), "seen");
  const learn = (x: Tensor, y: Tensor): Tensor => {
    const loss = model.forward(x).sub(y).square().mean();
    loss.backward();
    optimizer.clipGradNorm(0.5);
    optimizer.step();
    seen.assign(seen.add(x.shape[0]!));
    return loss;
  };
  return { model, optimizer, seen, learn, state: [model, optimizer, seen] };
}

const data = () => {
  const random = new HostRandom(4);
  const x = random.uniform(minibatches * rows * 2, -1, 1);
  const y = Float32Array.from({ length: minibatches * rows }, (_, i) => x[2 * i]! * x[2 * i + 1]!);
  return { x, y };
};

onEachEngine("an epoch of Adam steps in one scan leaves what the same steps leave one by one", async () => {
  const { x, y } = data();
  const one = problem();
  const step = compile(one.learn, { state: one.state });
  const losses: number[] = [];
  for (let epoch = 0; epoch < 2; epoch++) {
    for (let i = 0; i < minibatches; i++) {
      const xs = tensor(x.slice(i * rows * 2, (i + 1) * rows * 2)).reshape(rows, 2);
      losses.push(await (await step(xs, tensor(y.slice(i * rows, (i + 1) * rows)).reshape(rows, 1))).item() as number);
    }
  }
  const all = problem();
  const epoch = compile((x: Tensor, y: Tensor) => {
    const [, losses] = scan(
      (_, [x, y]: [Tensor, Tensor]) => [[], all.learn(x, y)],
      [],
      [x, y] as [Tensor, Tensor],
      {
        state: all.state,
      },
    );
    return losses;
  }, { state: all.state });
  const found: number[] = [];
  for (let i = 0; i < 2; i++) {
    found.push(
      ...await (await epoch(tensor(x).reshape(minibatches, rows, 2), tensor(y).reshape(minibatches, rows, 1))).data(),
    );
  }
  losses.forEach((loss, i) => ok(Math.abs(loss - found[i]!) < 1e-5 * (1 + Math.abs(loss)), `loss ${i}`));
  ok(found.at(-1)! < found[0]!);
  const [a, b] = [
    await one.optimizer.groups[0]!.group.vector.data(),
    await all.optimizer.groups[0]!.group.vector.data(),
  ];
  a.forEach((w, i) => ok(Math.abs(w - b[i]!) < 1e-5, `weight ${i}`));
  deepEqual([await all.seen.item(), await all.optimizer.count.item()], [60, 10]);
  deepEqual(epoch.traces.length, 1);
});

onEachEngine(
  "a scan outside of compile() assigns its state too, and a generator that it carries draws anew",
  async () => {
    const generator = new Generator(7);
    const again = new Generator(7);
    const sum = new Variable(tensor(0), "sum");
    const [, drawn] = scan(
      () => {
        const x = uniform(generator.next(), []);
        sum.assign(sum.add(x));
        return [[], x];
      },
      [],
      [],
      { length: 4, state: [generator, sum] },
    );
    const expected: number[] = [];
    for (let i = 0; i < 4; i++) expected.push(await uniform(again.next(), []).item() as number);
    deepEqual([...await drawn.data()], expected);
    ok(Math.abs(await sum.item() as number - expected.reduce((a, b) => a + b)) < 1e-6);
    deepEqual(await uniform(generator.next(), []).item(), await uniform(again.next(), []).item());
  },
);

Deno.test("a scan inside of a scan needs the outer one to carry what it assigns", () => {
  const w = new Variable(tensor(0), "w");
  const inner = () => scan((_, x: Tensor) => (w.assign(w.add(x)), [[], x]), [], tensor([1, 2]), { state: w });
  throws(() => scan((_, x: Tensor) => (inner(), [[], x]), [], zeros([3])), { code: "G105" });
});

onEachEngine("scans inside of scans carry state through both", async () => {
  const w = new Variable(tensor(0), "w");
  const inner = () => scan((_, x: Tensor) => (w.assign(w.add(x)), [[], x]), [], tensor([1, 2]), { state: w });
  scan((_, x: Tensor) => (inner(), [[], x]), [], zeros([3]), { state: w });
  deepEqual(await w.item(), 9);
});

onEachEngine("a gradient norm that goes bad inside of an epoch stops it, and leaves the state as it was", async () => {
  const w = new Parameter(tensor([1, 1]), "w");
  const optimizer = new Adam([w], { lr: 0.1 });
  const epoch = compile((x: Tensor) => {
    scan(
      (_, x: Tensor) => {
        w.mul(x).sqrt().sum().backward();
        optimizer.clipGradNorm(1);
        optimizer.step();
        return [[], []];
      },
      [],
      x,
      { state: optimizer },
    );
    return [];
  }, { state: optimizer });
  await epoch(tensor([[1, 1], [1, 1]]));
  const before = [...await w.data()];
  await rejects(async () => {
    await epoch(tensor([[1, 1], [1, -1]]));
    await w.data();
  }, (error: unknown) => error instanceof NonFiniteError && /sqrt/.test(error.message));
  deepEqual([...await w.data()], before);
});
