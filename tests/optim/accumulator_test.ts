/** Gradients of several calls of a compiled function, added up for one step: that of the whole batch. */

import { deepStrictEqual as equal, ok, rejects, throws } from "node:assert/strict";
import {
  Adam,
  compile,
  GradientAccumulator,
  HostRandom,
  Linear,
  MLP,
  onWarning,
  Parameter,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { onCpu, onEachEngine } from "../engines.ts";

const parts = 4;
const random = new HostRandom(3);
const x = tensor(random.uniform(24, -1, 1), { shape: [12, 2] });
const y = tensor(random.uniform(12, -1, 1), { shape: [12, 1] });

interface Learner {
  readonly net: MLP;
  readonly optimizer: Adam;
  lossOf(x: Tensor, y: Tensor): Tensor;
}

function learner(): Learner {
  const net = new MLP([2, 3, 1], new HostRandom(0));
  const optimizer = new Adam(net.parameters(), { lr: 0.1 });
  return { net, optimizer, lossOf: (x, y) => net.forward(x).sub(y).square().mean().div(parts) };
}

const numbersOf = async ({ net }: Learner): Promise<number[][]> =>
  await Promise.all(net.parameters().map(async (w) => [...await w.data()]));

onEachEngine(
  "parts of a batch in calls of their own step as one batch in parts, bit for bit, without a warning",
  async () => {
    const warnings: string[] = [];
    const end = onWarning((warning) => warnings.push(warning.message));
    const one = learner();
    const whole = compile((x, y) => {
      const [inputs, targets] = [x.chunk(parts), y.chunk(parts)];
      inputs.forEach((x, i) => one.lossOf(x, targets[i]!).backward());
      one.optimizer.clipGradNorm(0.5);
      one.optimizer.step();
    }, { state: [one.net, one.optimizer] });
    const several = learner();
    const gradients = new GradientAccumulator(several.net);
    const part = compile((x, y) => {
      several.lossOf(x, y).backward();
      gradients.add();
    }, { state: [several.net, gradients] });
    const step = compile(() => {
      gradients.take();
      several.optimizer.clipGradNorm(0.5);
      several.optimizer.step();
    }, { state: [several.net, several.optimizer, gradients] });
    for (let k = 0; k < 3; k++) {
      await whole(x, y);
      for (let i = 0; i < parts; i++) await part(x.slice(0, 3 * i, 3 * i + 3), y.slice(0, 3 * i, 3 * i + 3));
      await step();
    }
    end();
    equal(await numbersOf(several), await numbersOf(one));
    ok(JSON.stringify(await numbersOf(one)) !== JSON.stringify(await numbersOf(learner())), "it learns");
    equal(warnings, []);
  },
);

onCpu("a parameter without a gradient has none after take(), until a part reaches it", async () => {
  const net = new MLP([2, 3, 1], new HostRandom(0));
  const late = new Parameter(tensor([1, 2]), "late");
  const gradients = new GradientAccumulator({ variables: () => [...net.variables(), late] });
  const optimizer = new Adam([...net.parameters(), late], { lr: 0.1 });
  const add = (loss: Tensor): void => {
    loss.backward();
    gradients.add();
  };
  const part = compile((x) => add(net.forward(x).sum()), { state: [net, gradients] });
  const withLate = compile((x) => add(net.forward(x).mul(late).sum()), { state: [net, late, gradients] });
  const step = compile(() => {
    gradients.take();
    optimizer.step();
  }, { state: [net, late, optimizer, gradients] });
  await part(x);
  await step();
  equal(await late.toList(), [1, 2]);
  await part(x);
  await withLate(x);
  await step();
  ok((await late.data()).every((v, i) => v !== [1, 2][i]));
});

onCpu(
  "sums saved in the middle of a batch and taken over by another program step as the first would have",
  async () => {
    const make = () => {
      const one = learner();
      const gradients = new GradientAccumulator(one.net);
      const part = compile((x, y) => {
        one.lossOf(x, y).backward();
        gradients.add();
      }, { state: [one.net, gradients] });
      const step = compile(() => {
        gradients.take();
        one.optimizer.step();
      }, { state: [one.net, one.optimizer, gradients] });
      return { ...one, gradients, part, step };
    };
    const [first, second] = [make(), make()];
    equal(first.gradients.stateDict(), {});
    await first.part(x, y);
    const saved = first.gradients.stateDict("sums.");
    equal(Object.keys(saved), ["sums.0", "sums.1", "sums.2", "sums.3"]);
    await second.part(y.expand(12, 2), y);
    second.gradients.loadStateDict(saved, { prefix: "sums." });
    for (const { part, step } of [first, second]) {
      await part(x, y);
      await step();
    }
    equal(await numbersOf(second), await numbersOf(first));
    // None were there: the next step finds no gradient.
    await first.part(x, y);
    first.gradients.loadStateDict({});
    await first.step();
    equal(await numbersOf(first), await numbersOf(second));
    throws(
      () => first.gradients.loadStateDict({ 0: tensor([1]), 4: tensor([1]) }),
      /G301.*do not fit the sums of gradients, and nothing was loaded; .*`0` is float32 \[3, 2\] here and float32 \[1\] there; unexpected: `4`/s,
    );
  },
);

onCpu("a cut is named though the step is in another call, and so is what ends with a call", async () => {
  const [net, aux] = [new Linear(2, 1, new HostRandom(0)), new Linear(2, 1, new HostRandom(1))];
  const lossOf = (x: Tensor): Tensor => net.forward(x).mul(aux.forward(x).round()).sum();
  const optimizer = new Adam([...net.parameters(), ...aux.parameters()], { lr: 0.1 });
  const gradients = new GradientAccumulator(optimizer);
  const part = compile((x) => {
    lossOf(x).backward();
    gradients.add();
  }, { state: [net, aux, gradients] });
  const step = compile(() => {
    gradients.take();
    optimizer.step();
  }, { state: [optimizer, gradients] });
  await part(x);
  await rejects(step(), /G101\]: gradient cut: `aux\.weight` .*round\(\)/s);
  const other = learner();
  const lost = compile((x, y) => other.lossOf(x, y).backward(), { state: other.net });
  await lost(x, y);
  await rejects(
    compile(() => other.optimizer.step(), { state: [other.net, other.optimizer] })(),
    /G107\].*the gradients of a compiled function end with its call: .*new GradientAccumulator\(model\)/s,
  );
});
