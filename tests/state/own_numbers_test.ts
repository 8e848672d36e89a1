/** A tensor's numbers are its own: nobody changes them by writing to what they came from, or to what was read. */

import assert from "node:assert/strict";
import {
  boundary,
  compile,
  fromBuffer,
  HostRandom,
  NonFiniteError,
  ones,
  Parameter,
  RolloutBuffer,
  SGD,
  type Tensor,
  tensor,
  Variable,
} from "../../mod.ts";
import { saveStep } from "../../lib/forensics/nonfinite/failed_step.ts";
import { onEachEngine, onEngine } from "../engines.ts";

onEachEngine("an array that is used again for the next observation changes none before it", async () => {
  const observation = new Float32Array(2);
  const buffer = new RolloutBuffer();
  const row: { observation?: Tensor } = {};
  for (let t = 0; t < 3; t++) {
    observation.fill(t);
    row.observation = tensor(observation);
    buffer.add(row as { observation: Tensor });
  }
  assert.deepEqual(await buffer.stack().observation!.toList(), [[0, 0], [1, 1], [2, 2]]);
});

const arrays = [Float32Array, Int32Array, Uint32Array] as const;

for (const TypedArray of arrays) {
  onEachEngine(`tensor() copies a ${TypedArray.name}, also a part of one and one that is cast`, async () => {
    const host = TypedArray.of(1, 2, 3, 4);
    const made = [
      tensor(host),
      tensor(host.subarray(1, 3)),
      tensor(host, { shape: [2, 2] }),
      tensor(host, { dtype: "float32" }),
      new Variable(tensor(host)),
    ];
    host.fill(9);
    const [whole, part, square, cast, variable] = await Promise.all(made.map((x) => x.toList()));
    assert.deepEqual(whole, [1, 2, 3, 4]);
    assert.deepEqual(part, [2, 3]);
    assert.deepEqual(square, [[1, 2], [3, 4]]);
    assert.deepEqual(cast, [1, 2, 3, 4]);
    assert.deepEqual(variable, [1, 2, 3, 4]);
  });
}

onEachEngine("a gradient is that of the numbers that the loss was computed from", async () => {
  const host = Float32Array.of(3);
  const w = new Parameter(tensor([2]), "w");
  const loss = w.mul(tensor(host)).square().sum();
  assert.equal(await loss.item(), 36);
  host[0] = 100;
  loss.backward();
  assert.deepEqual(await w.grad!.toList(), [36]);
});

onEachEngine("calls of a compiled function that are awaited later see the arguments of their time", async () => {
  const doubled = compile(({ x }: { x: Tensor }) => x.mul(2));
  const host = new Float32Array(1);
  const argument: { x: Tensor } = { x: tensor(host) };
  const calls = [1, 2, 3].map((value) => {
    host[0] = value;
    argument.x = tensor(host);
    return doubled(argument);
  });
  assert.deepEqual(await Promise.all(calls.map(async (x) => await (await x).toList())), [[2], [4], [6]]);
});

onEachEngine("what was read belongs to the reader", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 1 });
  const step = compile(() => {
    w.sum().backward();
    optimizer.step();
    return w.mul(10);
  }, { state: [w, optimizer] });
  const result = await step();
  const computed = w.mul(3);
  for (const x of [w, computed, result, tensor([1, 2])]) {
    const before = await x.toList();
    (await x.data()).fill(99);
    (await x.toList() as number[]).fill(99);
    assert.deepEqual(await x.toList(), before);
  }
  assert.deepEqual(await w.mul(1).toList(), [0, 1]);
});

onEachEngine("a simulator may use its arrays again", async () => {
  const host = new Float32Array(2);
  const simulate = boundary("simulate", async (x: Tensor) => {
    host.set(await x.data());
    host[1]!++;
    return tensor(host);
  }, { vjp: (g) => [g] });
  const w = new Parameter(tensor([1, 2]), "w");
  const [first, second] = [await simulate(w), await simulate(w.mul(5))];
  assert.deepEqual([await first.toList(), await second.toList()], [[1, 3], [5, 11]]);
});

onEachEngine("the numbers of a failed step are copies", async () => {
  const w = new Variable(tensor([2]), "w");
  const step = compile((x) => w.assign(w.div(x).sub(w.div(x))), { state: w, name: "step" });
  const error = await step(0).then(() => w.data()).then(() => null, (error) => error);
  assert.ok(error instanceof NonFiniteError);
  for (const { data } of Object.values(await saveStep(error.step!))) data.fill(9);
  assert.deepEqual(await w.toList(), [2]);
});

onEngine("cpu", "fromBuffer() is a view: what is written before it is used is seen", async () => {
  const host = Float32Array.of(1, 2, 3, 4);
  const x = fromBuffer(host, { shape: [2, 2], axes: ["row", null] });
  host[0] = 9;
  assert.deepEqual(await x.mul(1).toList(), [[9, 2], [3, 4]]);
  assert.deepEqual(x.axes, ["row", null]);
  // What is assigned is the variable's own.
  const w = new Variable(x);
  host[0] = 7;
  assert.deepEqual(await w.toList(), [[9, 2], [3, 4]]);
});

onEachEngine("fromBuffer() gives the numbers of an array", async () => {
  assert.deepEqual(await fromBuffer(Int32Array.of(1, 2)).add(1).toList(), [2, 3]);
});

Deno.test("fromBuffer() refuses what it cannot look at", () => {
  assert.throws(() => fromBuffer([1, 2] as never), {
    code: "G310",
    message: /fromBuffer\(\) takes a typed array as `data`, not an array[\s\S]*help: tensor\(\) makes one of numbers/,
  });
  assert.throws(() => fromBuffer(new Float32Array(3), { shape: [2] }), {
    message: /fromBuffer\(\) was given 3 numbers for the shape \[2\]/,
  });
  assert.throws(() => fromBuffer(new Float64Array(3) as never), {
    message: /Float64Array, whose numbers no dtype holds/,
  });
});

onEachEngine("random arrays of the host are the caller's", async () => {
  const [a, b] = [new HostRandom(1), new HostRandom(1)];
  for (
    const draw of [(x: HostRandom) => x.uniform(4), (x: HostRandom) => x.normal(4), (x: HostRandom) => x.permutation(4)]
  ) {
    draw(a).fill(0);
    draw(b);
    assert.deepEqual([...draw(a)], [...draw(b)]);
  }
  const key = a.key();
  (await key.data()).fill(0);
  assert.deepEqual(await key.toList(), await b.key().toList());
  assert.deepEqual(await ones([2]).toList(), [1, 1]);
});
