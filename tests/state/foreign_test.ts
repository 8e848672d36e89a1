/** What would be silently nothing: reads of what a tensor has not, writes to what it has. */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import {
  HostRandom,
  Linear,
  ones,
  Parameter,
  PlumblineError,
  randomBits,
  randomKey,
  type Tensor,
  tensor,
  uniform,
  Variable,
  zeros,
} from "../../mod.ts";

/** A notebook checks no types. */
// deno-lint-ignore no-explicit-any
type Any = any;

/** The message without places, and the help. */
function refused(fn: () => unknown): [message: string, help: string] {
  try {
    fn();
  } catch (error) {
    assert.ok(error instanceof PlumblineError, `a sentence, not ${error}`);
    assert.equal(error.code, "G103");
    assert.match(error.sites[0]!.toString(), /foreign_test\.ts/);
    return [error.parts.message, error.help.join(" ")];
  }
  assert.fail("it should have thrown");
}

const x = (): Any => tensor([[1, 2], [3, 4]]);

Deno.test("a name of other libraries that would be undefined says what to write", () => {
  const names: Readonly<Record<string, RegExp>> = {
    length: /shape\[0\].*size/,
    nansum: /where\(x\.isNaN\(\), 0, x\)\.sum/,
    count_nonzero: /notEqual\(0\)\.sum/,
    countNonzero: /notEqual\(0\)\.sum/,
    names: /axes/,
    device: /useDevice/,
    grad: /gradients\(loss, \[tensor\]\)/,
    requires_grad: /new Parameter/,
    grad_fn: /audit/,
    is_leaf: /new Parameter/,
    nbytes: /size/,
  };
  for (const [name, help] of Object.entries(names)) {
    for (const use of [() => x()[name], () => x()[name] = 1]) {
      const [message, told] = refused(use);
      assert.equal(message, `a tensor has no \`${name}\` (float32 [2, 2])`);
      assert.match(told, help);
    }
  }
});

Deno.test("an index says how entries are taken, and how they are changed", () => {
  for (const index of [0, 1, 63, 1023, -1, -2]) {
    const [message, help] = refused(() => x()[index]);
    assert.equal(message, `a tensor has no entry [${index}] (float32 [2, 2])`);
    assert.match(help, /select\(axis, i\).*slice\(axis, from, to\).*await data\(\)/);
    for (const write of [() => x()[index] = 0, () => x()[index] += 1]) {
      const [message, help] = refused(write);
      assert.match(message, /^(a tensor has no entry|\[-?\d+\] of a tensor cannot be set: a tensor does not change)/);
      assert.match(help, /where\(mask, value, tensor\).*assign\(\)|select/);
    }
  }
});

Deno.test("what is assigned to a method or a property of a tensor says what to write", () => {
  const target = new Linear(2, 2, new HostRandom(0)) as Any;
  const [message, help] = refused(() => target.weight.data = x().data);
  assert.equal(message, "`data` of a tensor cannot be set: a tensor does not change (float32 [2, 2])");
  assert.equal(help, "a variable takes other numbers by assign(): target.weight.assign(other).");
  const own: Readonly<Record<string, RegExp>> = {
    shape: /reshape\(\)/,
    axes: /named\(\)/,
    dtype: /cast\(\)/,
    rank: /assign\(\)/,
    size: /assign\(\)/,
    add: /assign\(\)/,
    mean: /assign\(\)/,
    item: /assign\(\)/,
    exp: /assign\(\)/,
  };
  for (const [name, help] of Object.entries(own)) {
    const [message, told] = refused(() => x()[name] = [2, 2]);
    assert.equal(message, `\`${name}\` of a tensor cannot be set: a tensor does not change (float32 [2, 2])`);
    assert.match(told, help);
  }
  const [told, way] = refused(() => x().requiresGrad = true);
  assert.match(told, /^a tensor has no `requiresGrad` that could be set/);
  assert.match(way, /new Parameter\(tensor, name\)/);
  refused(() => (new Variable(x()) as Any).requiresGrad = true);
});

Deno.test("a shape and the names of axes refuse to be written to", async () => {
  const named = ones([2, 3], { axes: ["env", null] }) as Any;
  const writes: readonly ((list: Any) => unknown)[] = [
    (list) => list[0] = 7,
    (list) => list[1]++,
    (list) => list.sort(() => -1),
    (list) => list.reverse(),
    (list) => list.fill(1),
    (list) => list.push(1),
    (list) => list.pop(),
    (list) => list.shift(),
    (list) => list.unshift(1),
    (list) => list.splice(0, 1),
  ];
  for (const write of writes) {
    assert.equal(
      refused(() => write(named.shape))[0],
      "the shape [2, 3] of a tensor cannot be set: a tensor does not change",
    );
    assert.match(refused(() => write(named.shape))[1], /reshape\(\), expand\(\), slice\(\) and pad\(\)/);
    assert.equal(
      refused(() => write(named.axes))[0],
      "the axes [env, null] of a tensor cannot be set: a tensor does not change",
    );
  }
  assert.throws(() => named.shape.length = 1, TypeError);
  assert.throws(() => named.shape[2] = 1, TypeError);
  assert.deepEqual([named.shape, named.axes, await named.sum().item()], [[2, 3], ["env", null], 6]);
});

Deno.test("a shape is a list like any other to who reads it", async () => {
  const { shape, axes } = ones([2, 3], { axes: ["env", null] });
  assert.deepEqual(shape, [2, 3]);
  assert.deepEqual([2, 3], shape);
  assert.deepEqual({ shape }, { shape: [2, 3] });
  assert.notDeepEqual(shape, [2, 4]);
  assert.ok(Array.isArray(shape));
  assert.deepEqual([...shape, shape.length, shape[0], shape.at(-1), shape[2]], [2, 3, 2, 2, 3, undefined]);
  assert.deepEqual([shape.map((n) => n + 1), shape.slice(1), shape.concat([4])], [[3, 4], [3], [2, 3, 4]]);
  const [rows, columns] = shape;
  assert.deepEqual([rows, columns, Math.max(...shape), `${shape}`], [2, 3, 3, "2,3"]);
  assert.deepEqual(structuredClone({ shape, axes }), { shape: [2, 3], axes: ["env", null] });
  assert.equal(JSON.stringify({ shape, axes }), '{"shape":[2,3],"axes":["env",null]}');
  for (const show of [Deno.inspect, inspect]) {
    assert.match(show({ shape }), /^\{ shape: \[ 2, 3 \] \}$/);
    assert.equal(show(shape), "[ 2, 3 ]");
  }
  assert.deepEqual(ones(shape).shape, [2, 3]);
  assert.deepEqual(ones([6]).reshape(...shape).shape, [2, 3]);
  assert.deepEqual(await zeros(shape).toList(), [[0, 0, 0], [0, 0, 0]]);
});

Deno.test("a list of sizes or names stays the caller's", async () => {
  const sizes = [2, 2];
  const names = ["row", "column"];
  const key = randomKey(0);
  const made: Readonly<Record<string, Tensor>> = {
    ones: ones(sizes, { axes: names }),
    full: zeros(sizes),
    tensor: tensor([1, 2, 3, 4], { shape: sizes, axes: names }),
    array: tensor(new Float32Array(4), { shape: sizes, axes: names }),
    bits: randomBits(key, sizes),
    uniform: uniform(key, sizes),
  };
  sizes[0] = 9;
  names[0] = "other";
  for (const [name, x] of Object.entries(made)) {
    assert.deepEqual(x.shape, [2, 2], name);
    assert.notEqual(x.axes[0], "other", name);
    assert.equal((await x.data()).length, 4, name);
  }
});

Deno.test("what JavaScript asks of every value gets its answer", async () => {
  const w = new Parameter(x(), "w");
  for (const value of [x(), w, new Variable(x())] as Any[]) {
    assert.equal(await value, value);
    assert.equal(value.then, undefined);
    assert.throws(() => JSON.stringify(value), { code: "G103" });
    assert.equal(value.nothing, undefined);
    assert.equal(value[Symbol.toStringTag], undefined);
    assert.match(Deno.inspect(value), /float32 \[2, 2\]/);
    assert.match(Deno.inspect({ value }), /float32 \[2, 2\]/);
    assert.deepEqual({ value }, { value });
    assert.deepEqual(Object.entries({ ...value }).filter(([name]) => /^\d|^(T|length|data)$/.test(name)), []);
    assert.equal(value.requiresGrad, value === w ? true : undefined);
    assert.equal(Object.hasOwn(value, "requiresGrad"), value === w);
    structuredClone({ shape: value.shape });
  }
  w.grad = null;
  w.requiresGrad = false;
  assert.equal(w.grad, null);
});
