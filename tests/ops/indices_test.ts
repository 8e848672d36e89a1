/** Indices outside of their axis: an error at the user's line on both engines, which changes nothing. */

import { deepStrictEqual as equal, match, ok, rejects } from "node:assert";
import {
  Categorical,
  compile,
  oneHot,
  Parameter,
  type PlumblineError,
  scan,
  SGD,
  Tensor,
  tensor,
  Variable,
  where,
  zeros,
} from "../../mod.ts";
import { liesWithin } from "../../lib/graph/indices.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { raises } from "../forensics/expect.ts";

const int = (...x: number[]): Tensor => tensor(x, { dtype: "int32" });
const table = tensor([[1, 2], [3, 4], [5, 6]]);
const whole = int(7, 8, 9);

const refused: readonly (readonly [line: string, index: number, look: (i: Tensor) => Tensor])[] = [
  ["table.take(i, 0)", 3, (i) => table.take(i, 0)],
  ["table.take(i, 0)", -1, (i) => table.take(i, 0)],
  ["whole.take(i, 0)", 9, (i) => whole.take(i, 0)],
  [
    "table.takeAlongAxis(i.unsqueeze(1).expand(3, 1), 1)",
    2,
    (i) => table.takeAlongAxis(i.unsqueeze(1).expand(3, 1), 1),
  ],
  [
    "table.takeAlongAxis(i.unsqueeze(1).expand(3, 1), 1)",
    -3,
    (i) => table.takeAlongAxis(i.unsqueeze(1).expand(3, 1), 1),
  ],
  ["table.gather(1, i.unsqueeze(1))", -1, (i) => table.gather(1, i.unsqueeze(1))],
  ["table.gather(1, i.unsqueeze(1))", 5, (i) => table.gather(1, i.unsqueeze(1))],
  ["zeros([3]).scatterAdd(0, i, tensor([1]))", 3, (i) => zeros([3]).scatterAdd(0, i, tensor([1]))],
  ["zeros([3]).scatterAdd(0, i, tensor([1]))", -1, (i) => zeros([3]).scatterAdd(0, i, tensor([1]))],
  ["new Categorical(tensor([[1, 2]])).logProb(i)", -1, (i) => new Categorical(tensor([[1, 2]])).logProb(i)],
  ["new Categorical(tensor([[1, 2]])).logProb(i)", -100, (i) => new Categorical(tensor([[1, 2]])).logProb(i)],
  ["new Categorical(tensor([[1, 2]])).logProb(i)", 2, (i) => new Categorical(tensor([[1, 2]])).logProb(i)],
  ["oneHot(i, 3)", -1, (i) => oneHot(i, 3)],
  ["oneHot(i, 3)", 3, (i) => oneHot(i, 3)],
];

onEachEngine("an index outside of its axis is refused where it is looked up, given or computed", async () => {
  for (const [line, index, look] of refused) {
    const error = await raises("G308", line, () => look(int(index)).data());
    match(error.message, /was given (the|an) index/, line);
    await raises("G308", line, () => look(tensor([index]).cast("int32")).data());
    if (index < 0) await raises("G308", line, () => look(int(index, 0).slice(0, 0, 1)).data());
    ok(!/takeAlongAxis\(\) was/.test(error.message) || line.includes("takeAlongAxis"), error.message);
  }
});

onEachEngine("a compiled function refuses it when its result is read, and goes on with the next call", async () => {
  for (const [line, index, look] of refused) {
    const compiled = compile((i: Tensor) => look(i));
    await raises("G308", line, async () => await (await compiled(int(index))).data());
    await (await compiled(int(0))).data();
  }
});

onEachEngine("indices that count from the end where they may, and those inside, are right", async () => {
  equal(await table.takeAlongAxis(int(-1, 0, -2).unsqueeze(1), 1).toList(), [[2], [3], [5]]);
  equal(await table.take(int(2, 0), 0).toList(), [[5, 6], [1, 2]]);
  equal(await oneHot(int(2, 0), 3).toList(), [[0, 0, 1], [1, 0, 0]]);
  equal(await oneHot(table.argmax(1), 2).toList(), [[0, 1], [0, 1], [0, 1]]);
  equal(await table.gather(1, int(0, 1, 1).unsqueeze(1)).toList(), [[1], [4], [6]]);
});

function embedding() {
  const rows = new Parameter(tensor([[1, 2], [3, 4]]), "rows"), seen = new Variable(tensor(0), "seen");
  const optimizer = new SGD([rows], { lr: 0.5 });
  return { rows, seen, optimizer, state: [optimizer, seen] };
}

onEachEngine(
  "a compiled step with an index outside of the table names it, and leaves the state as it was",
  async () => {
    const { rows, seen, optimizer, state } = embedding();
    const step = compile((tokens: Tensor) => {
      const loss = rows.take(tokens, 0).square().mean();
      loss.backward();
      optimizer.step();
      seen.assign(seen.add(1));
      return loss;
    }, { state });
    await (await step(int(0, 1))).item();
    const before = await rows.data();
    await raises("G308", "rows.take(tokens, 0)", async () => await (await step(int(0, 2))).item());
    equal(await rows.data(), before);
    equal(await seen.item(), 1);
    await (await step(int(1, 1))).item();
    equal(await seen.item(), 2);
  },
);

onEachEngine("in a scan an index outside is named too, of what is scanned and of what is carried", async () => {
  const { rows, optimizer } = embedding();
  const epoch = compile((batches: Tensor) => {
    const [total] = scan(
      (sum: Tensor, tokens: Tensor) => {
        const loss = rows.take(tokens, 0).square().mean();
        loss.backward();
        optimizer.step();
        return [sum.add(loss), []];
      },
      zeros([]),
      batches,
      { state: optimizer },
    );
    return total;
  }, { state: optimizer });
  const before = await rows.data();
  await raises(
    "G308",
    "rows.take(tokens, 0)",
    async () => await (await epoch(tensor([[0, 1], [1, 5]], { dtype: "int32" }))).item(),
  );
  equal(await rows.data(), before);
  const walk = compile((start: Tensor) => {
    const [, seen] = scan(
      (at: Tensor, x: Tensor) => [at.add(1), rows.take(at.reshape(1), 0).sum().mul(x)],
      start,
      tensor([1, 1, 1]),
    );
    seen.sum().backward();
    optimizer.step();
    return seen.sum();
  }, { state: optimizer });
  const error = await raises(
    "G308",
    "rows.take(at.reshape(1), 0)",
    async () => await (await walk(int(0).squeeze())).item(),
  );
  ok(/outside of its axis/.test(error.message), error.message);
  equal(await rows.data(), before);
});

onEachEngine("so it is in a scan where it would add", async () => {
  const counts = new Variable(zeros([3]), "counts");
  const visit = compile((start: Tensor) => {
    scan(
      (at: Tensor, x: Tensor) => {
        counts.assign(counts.scatterAdd(0, at.reshape(1), x.reshape(1)));
        return [at.add(1), []];
      },
      start,
      tensor([1, 1]),
      { state: counts },
    );
    return counts.sum();
  }, { state: counts });
  equal(await (await visit(int(1).squeeze())).item(), 2);
  await raises("G308", "counts.scatterAdd(0, at.reshape(1)", async () => await (await visit(int(2).squeeze())).item());
  equal(await counts.toList(), [0, 1, 1]);
});

onEngine("cpu", "a program that was made for other lines fails at the line that it runs for", async () => {
  const lines: (number | undefined)[] = [];
  const told = async (read: () => Promise<unknown>) => {
    await rejects(read, (error: PlumblineError) => (lines.push(error.sites[0]?.line), true));
  };
  await told(() => table.take(int(4), 0).data());
  await told(() => table.take(int(5), 0).data());
  equal(lines[1]! - lines[0]!, 1);
});

Deno.test("what an index was chosen from again and again is looked at once", () => {
  const { node: leaf } = int(0, 1, 2);
  let [index, looks] = [leaf, 0];
  for (let i = 0; i < 12; i++) index = where(table.sum(1).greater(4), new Tensor(index).add(0), new Tensor(index)).node;
  ok(liesWithin(index, 3, 0, () => ++looks > 0));
  equal(looks, 1);
});
