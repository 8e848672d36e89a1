/** Compiled functions that are called with arguments of many shapes. */

import assert from "node:assert/strict";
import {
  compile,
  HostRandom,
  Linear,
  ones,
  onWarning,
  padBatch,
  Parameter,
  SGD,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

/** What `fn` warns of. */
async function warningsOf(fn: () => Promise<void>): Promise<string[]> {
  const heard: string[] = [];
  const end = onWarning((warning) => heard.push(warning.message));
  try {
    await fn();
  } finally {
    end();
  }
  return heard;
}

onEngine(
  "cpu",
  "a function that is called with 17 lengths in turn says so, once, with its name and shapes",
  async () => {
    const total = compile(function total(x: Tensor) {
      return x.sum();
    });
    const heard = await warningsOf(async () => {
      for (let turn = 0; turn < 3; turn++) for (let length = 1; length <= 17; length++) await total(ones([length]));
    });
    assert.equal(heard.length, 1);
    assert.match(
      heard[0]!,
      /^warning\[G309\]: total is traced again and again: it keeps 16 programs, and is called with /,
    );
    assert.match(heard[0]!, /arguments of more forms, lately float32 \[5\]; float32 \[6\]; float32 \[7\]\n/);
    assert.match(heard[0]!, /compiled here/);
    assert.match(heard[0]!, /help: batches of many lengths: padBatch\(batch\) fills them up to a few, with a mask\./);
    assert.match(heard[0]!, /help: more programs: compile\(fn, \{ programs: 64 \}\)\./);
  },
);

onEngine(
  "cpu",
  "a function whose lengths never come again says so too, and one with a few lengths says nothing",
  async () => {
    const never = compile((x: Tensor) => x.sum(), { name: "never", programs: 4 });
    const heard = await warningsOf(async () => {
      for (let length = 1; length <= 20; length++) await never(ones([length]));
    });
    assert.equal(heard.length, 1);
    assert.match(heard[0]!, /never is traced again and again: it keeps 4 programs/);
    const few = compile((x: Tensor) => x.sum(), { name: "few", programs: 4 });
    const silent = await warningsOf(async () => {
      for (let i = 0; i < 60; i++) await few(ones([1 + i % 4]));
      // An evaluation now and then, of its own lengths.
      for (let i = 0; i < 240; i++) await few(ones([i % 20 === 0 ? 5 + i : 1 + i % 4]));
    });
    assert.deepEqual(silent, []);
  },
);

onEngine("cpu", "the number of programs is a setting", async () => {
  for (const programs of [1, 3, 40]) {
    const total = compile((x: Tensor) => x.sum(), { programs, name: `keeps ${programs}` });
    for (let turn = 0; turn < 2; turn++) for (let length = 1; length <= 20; length++) await total(ones([length]));
    assert.equal(total.traces.length, programs === 40 ? 20 : 40);
  }
});

Deno.test("a number of programs that is none is refused", () => {
  for (const programs of [0, -1, 1.5, NaN]) {
    assert.throws(() => compile((x: Tensor) => x, { programs }), {
      name: "RangeError",
      message: `compile() keeps a whole number of programs, at least 1, not ${programs}.`,
    });
  }
  assert.throws(() => compile((x: Tensor) => x, { programs: "4" as never }), {
    code: "G310",
    message: /compile\(\) takes a number as `options\.programs`, not the text "4"\./,
  });
});

onEachEngine("padBatch() fills batches up, so that many lengths need few programs and learn as they are", async () => {
  const layers = [0, 0].map((seed) => new Linear(3, 1, new HostRandom(seed)));
  const [padded, plain] = layers.map((layer) => {
    const optimizer = new SGD(layer.parameters(), { lr: 0.1 });
    return compile(({ x, y }: { x: Tensor; y: Tensor }, mask: Tensor) => {
      const rows = layer.forward(x).squeeze(1).sub(y).square();
      const loss = rows.where(mask, 0).sum().div(mask.sum());
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    }, { state: [layer, optimizer], programs: 20 });
  });
  const random = new HostRandom(1);
  for (let length = 1; length <= 20; length++) {
    const x = tensor(random.uniform(3 * length), { shape: [length, 3] });
    const rows = { x, y: tensor(random.uniform(length)) };
    const { batch, mask } = padBatch(rows);
    const [a, b] = [await padded!(batch, mask), await plain!(rows, ones([length]).greater(0))];
    assert.ok(Math.abs(Number(await a.item()) - Number(await b.item())) < 1e-5);
  }
  const [a, b] = await Promise.all(layers.map((x) => x.weight.data()));
  a!.forEach((value, i) => assert.ok(Math.abs(value - b![i]!) < 1e-5));
  assert.equal(padded!.traces.length, 6);
  assert.equal(plain!.traces.length, 20);
});

onEachEngine("padBatch() keeps dtypes, names and gradients", async () => {
  const w = new Parameter(tensor([[1, 2], [3, 4], [5, 6]]), "w");
  const { batch, mask } = padBatch({
    w,
    index: tensor([7, 8, 9], { dtype: "int32", axes: ["row"] }),
    done: tensor([true, false, true]),
    more: [ones([3, 2]).mul(2)],
  }, { lengths: [2, 5, 9] });
  // What is known stays known: no program is made for each length.
  assert.deepEqual([batch.index, batch.done, mask].map((x) => x.node.value?.host?.length), [5, 5, 5]);
  assert.deepEqual(await mask.toList(), [true, true, true, false, false]);
  assert.deepEqual(await batch.index.toList(), [7, 8, 9, 0, 0]);
  assert.deepEqual([batch.index.dtype, batch.index.axes], ["int32", ["row"]]);
  assert.deepEqual(await batch.done.toList(), [true, false, true, false, false]);
  assert.deepEqual(await batch.more[0]!.toList(), [[2, 2], [2, 2], [2, 2], [0, 0], [0, 0]]);
  batch.w.sum(1).where(mask, 0).sum().backward();
  assert.deepEqual(await w.grad!.toList(), [[1, 1], [1, 1], [1, 1]]);
  const full = tensor([1, 2]);
  assert.equal(padBatch(full).batch, full);
  const none = padBatch(zeros([0, 2]));
  assert.deepEqual([none.batch.shape, await none.mask.toList()], [[1, 2], [false]]);
});

Deno.test("padBatch() says what it cannot fill up", () => {
  assert.throws(() => padBatch({ x: ones([3, 2]), y: ones([4]) }), {
    code: "G304",
    message: /padBatch\(\) needs tensors with as many rows each: one is float32 \[3, 2\], another float32 \[4\]\./,
  });
  assert.throws(() => padBatch(ones([])), { code: "G304" });
  assert.throws(() => padBatch([]), { code: "G304", message: /padBatch\(\) was given no tensors\./ });
  assert.throws(() => padBatch(ones([9]), { lengths: [4, 8] }), {
    code: "G304",
    message: /was given 9 rows, more than the longest of its lengths \(4, 8\) holds\.[\s\S]*split the batch/,
  });
  assert.throws(() => padBatch(ones([1]), { lengths: [0] }), {
    name: "RangeError",
    message: "padBatch() takes lengths of at least 1, not [0].",
  });
});
