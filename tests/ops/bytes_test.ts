/** Bytes are numbers; truths are numbers beside numbers, and conditions where conditions are meant. */

import assert from "node:assert/strict";
import { compile, fromBuffer, type Tensor, tensor, where } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const image = Uint8Array.from([0, 51, 102, 255]);

onEachEngine("an image of bytes divided by 255 is float32 in [0, 1]", async () => {
  const x = tensor(image, { shape: [2, 2] });
  assert.equal(x.dtype, "int32");
  assert.equal(x.div(255).dtype, "float32");
  assert.deepEqual(await x.div(255).data(), Float32Array.from(image, (v) => v / 255));
  assert.deepEqual(await tensor(image, { dtype: "float32" }).div(255).data(), Float32Array.from(image, (v) => v / 255));
  assert.equal(await x.sum().item(), 408);
  assert.equal(await x.max().item(), 255);
});

onEachEngine("short whole numbers of every kind keep their values", async () => {
  const kinds = [Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array] as const;
  for (const kind of kinds) {
    const numbers = kind.from([1, 2, 127]);
    assert.deepEqual(await tensor(numbers as unknown as Uint8Array).data(), Int32Array.from(numbers), kind.name);
  }
  assert.deepEqual(await tensor(Int8Array.of(-1, -128) as unknown as Int32Array).toList(), [-1, -128]);
  assert.deepEqual(await tensor(Uint16Array.of(65535) as unknown as Uint32Array).toList(), [65535]);
});

onEachEngine(
  "bytes that are truths are so where it is said, and whole numbers are truths where conditions are meant",
  async () => {
    const bytes = Uint8Array.of(0, 1, 7);
    const truths = tensor(bytes, { dtype: "bool" });
    assert.deepEqual(await truths.toList(), [false, true, true]);
    const x = tensor([1, 2, 3]);
    for (const condition of [truths, tensor(bytes)]) {
      assert.deepEqual(await where(condition, x, 0).toList(), [0, 2, 3]);
      assert.deepEqual(await x.maskedFill(condition, -1).toList(), [1, -1, -1]);
      assert.deepEqual(await condition.not().toList(), [true, false, false]);
      assert.deepEqual(await condition.and(x.less(3)).toList(), [false, true, false]);
      assert.deepEqual(await condition.any().item(), true);
      assert.deepEqual(await condition.all().item(), false);
    }
    assert.deepEqual(await truths.mul(x).toList(), [0, 2, 3]);
    assert.equal(await truths.sum().item(), 2);
    assert.equal(truths.add(1).dtype, "int32");
  },
);

onEachEngine("whatever is not 0 is true, a fraction and a negative number too", async () => {
  const lists = [[0.3], [0, -0.3], [-1, 0], [NaN], [0, -0], [1e-30, 2], [0.3, -Infinity]];
  for (const numbers of lists) {
    for (const x of [tensor(numbers), tensor(numbers.map((v) => Math.sign(v) || 0), { dtype: "int32" })]) {
      const isTrue = (v: number | boolean): boolean => v !== 0;
      const held = await x.toList() as number[];
      assert.deepEqual(
        [await x.any().item(), await x.all(0).item()],
        [held.some(isTrue), held.every(isTrue)],
        `${numbers}`,
      );
    }
  }
  assert.equal(await tensor([2 ** 31, 0], { dtype: "uint32" }).any().item(), true);
});

onEachEngine("whole numbers and truths have whole quotients, and reciprocals that are not cut off", async () => {
  const [whole, truths] = [tensor([3, -4], { dtype: "int32" }), tensor([true, false])];
  const rows: readonly (readonly [Tensor, string, readonly number[]])[] = [
    [whole.floorDivide(true), "int32", [3, -4]],
    [truths.floorDivide(2), "int32", [0, 0]],
    [truths.floorDivide(truths.or(true)), "int32", [1, 0]],
    [whole.remainder(truths.or(true)), "int32", [0, 0]],
    [truths.remainder(whole), "int32", [1, 0]],
    [truths.remainder(-2), "int32", [-1, 0]],
    [truths.floorDivide(0.5), "float32", [2, 0]],
    [whole.reciprocal(), "float32", [Math.fround(1 / 3), -0.25]],
    [truths.reciprocal(), "float32", [1, Infinity]],
  ];
  for (const [x, dtype, right] of rows) assert.deepEqual([x.dtype, await x.toList()], [dtype, right]);
});

Deno.test("fromBuffer() refuses bytes, of which it would need a copy", () => {
  assert.throws(() => fromBuffer(image), {
    name: "PlumblineError",
    message:
      /fromBuffer\(\) keeps float32, int32 and uint32 numbers as they are; of a Uint8Array it would need a copy.*tensor\(\) makes one/s,
  });
});

Deno.test("an array of numbers that no dtype holds is refused", () => {
  for (const data of [new Float64Array(2), new BigInt64Array(2), new DataView(new ArrayBuffer(8))]) {
    assert.throws(() => tensor(data as unknown as Float32Array), {
      name: "PlumblineError",
      message: new RegExp(
        `tensor\\(\\) was given a ${data.constructor.name}, whose numbers no dtype holds as they are`,
      ),
    });
  }
});

onEachEngine("a tensor over an array that has lost its memory says so where it is read or computed with", async () => {
  const lost = /the array that fromBuffer\(\) made a tensor over has 0 numbers now, not 3: its memory was transferred/;
  const uses = [
    (x: Tensor) => x.data(),
    (x: Tensor) => x.mul(2).data(),
    async (x: Tensor) => await compile((y: Tensor) => y.mul(2))(x),
  ];
  for (const use of uses) {
    const array = Float32Array.of(1, 2, 3), x = fromBuffer(array);
    structuredClone(array, { transfer: [array.buffer] });
    await assert.rejects(() => use(x), lost);
  }
  assert.deepEqual([...await tensor([1, 2]).mul(2).data()], [2, 4]);
});
