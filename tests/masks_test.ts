/** What PyTorch's users write in place: masks of a softmax, and numbers that were read. */

import { deepStrictEqual as equal, ok } from "node:assert";
import { gradcheck, gradients, HostRandom, MultiheadAttention, Parameter, tensor, where } from "../mod.ts";
import { onCpu, onEachEngine } from "./engines.ts";

const mask = tensor([[true, false, true, true], [false, false, false, false], [false, true, false, false]]);

onEachEngine("softmax() with a mask is exactly 0 outside of it, and in rows without an entry", async () => {
  const x = tensor([[1, 90, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]);
  const w = await x.softmax(1, { where: mask }).toList() as number[][];
  const total = Math.exp(-2) + Math.exp(-1) + 1;
  const expected = [Math.exp(-2) / total, 0, Math.exp(-1) / total, 1 / total];
  ok(w[0]!.every((v, i) => Math.abs(v - expected[i]!) < 1e-6), String(w[0]));
  equal(w[0]![1], 0);
  equal(w.slice(1), [[0, 0, 0, 0], [0, 1, 0, 0]]);
});

onEachEngine(
  "the gradient of a masked softmax is that of the softmax over the entries that are left, without NaN",
  async () => {
    const random = new HostRandom(1);
    const numbers = random.uniform(12, -3, 3);
    const x = new Parameter(tensor(numbers, { shape: [3, 4] }), "x");
    const costs = tensor(random.uniform(12, -1, 1), { shape: [3, 4] });
    const [slope] = gradients(x.softmax(1, { where: mask }).mul(costs).sum(), [x]);
    const found = await slope!.toList() as number[][];
    const left = new Parameter(tensor([numbers[0]!, numbers[2]!, numbers[3]!]), "left");
    const [costA, , costB, costC] = (await costs.toList() as number[][])[0]!;
    const [expected] = gradients(left.softmax(0).mul(tensor([costA!, costB!, costC!])).sum(), [left]);
    const [a, b, c] = await expected!.data();
    ok([a!, 0, b!, c!].every((v, i) => Math.abs(v - found[0]![i]!) < 1e-6), `${found[0]} against ${[a, b, c]}`);
    equal(found.slice(1), [[0, 0, 0, 0], [0, 0, 0, 0]]);
    await gradcheck((x) => x.softmax(1, { where: mask }).mul(costs).sum(), [x]);
  },
);

onEachEngine("what lies outside of the mask may be anything", async () => {
  const x = new Parameter(tensor([[NaN, 1, Infinity, 1]]), "x");
  const w = x.softmax(1, { where: tensor([[false, true, false, true]]) });
  equal(await w.toList(), [[0, 0.5, 0, 0.5]]);
  const [slope] = gradients(w.mul(tensor([[1, 2, 3, 4]])).sum(), [x]);
  equal(await slope!.toList(), [[0, -0.5, 0, 0.5]]);
});

onEachEngine("what a mask forbids never wins, however small the others are", async () => {
  const x = new Parameter(tensor([[-3.402e38, 7, -3.402e38], [-Infinity, 7, -Infinity]]), "x");
  const w = x.softmax(1, { where: tensor([true, false, true]) });
  equal(await w.toList(), [[0.5, 0, 0.5], [0, 0, 0]]);
  const [slope] = gradients(w.mul(tensor([1, 2, 3])).sum(), [x]);
  equal(await slope!.toList(), [[-0.5, 0, 0.5], [0, 0, 0]]);
});

onCpu("a sequence that is all padding is seen as nothing, without NaN in first or second derivatives", async () => {
  const random = new HostRandom(2);
  const attention = new MultiheadAttention(4, 2, random, { batchFirst: true });
  const x = new Parameter(tensor(random.uniform(16, -1, 1), { shape: [2, 2, 4] }), "x");
  const keyPaddingMask = tensor([[true, true], [false, true]]);
  for (const isCausal of [false, true]) {
    const seen = attention.forward(x, x, x, { keyPaddingMask, isCausal });
    const parameters = [x, ...attention.parameters()];
    const first = gradients(seen.square().sum(), parameters);
    const second = gradients(first[0]!.square().sum(), parameters);
    equal(await seen.select(0, 0).toList(), [[0, 0, 0, 0], [0, 0, 0, 0]]);
    for (const slope of [...first, ...second]) ok((await slope.data()).every(Number.isFinite));
    ok((await first[0]!.select(0, 1).data()).some((v) => v !== 0));
  }
});

onEachEngine("a mask is broadcast as in where()", async () => {
  const x = tensor([[1, 1, 1], [2, 2, 2]]);
  const row = tensor([true, true, false]);
  equal(await x.softmax(1, { where: row }).toList(), await where(row, x, -Infinity).softmax(1).toList());
});

onEachEngine("numbers that were read may be written to, and no tensor changes", async () => {
  const x = new Parameter(tensor([1, 2, 3]), "x");
  const w = x.softmax(0);
  const before = await w.toList();
  const numbers = await w.data();
  numbers[0] = 0;
  equal(await w.toList(), before);
  equal((await w.data())[0], (before as number[])[0]);
  const own = await x.data();
  own.fill(7);
  equal(await x.toList(), [1, 2, 3]);
  const [slope] = gradients(w.mul(tensor([1, 2, 3])).sum(), [x]);
  ok(Math.abs(Number(await slope!.sum().item())) < 1e-6, "the derivative has the softmax as it was");
});
