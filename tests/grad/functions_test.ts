/** Derivatives along a direction, Jacobians and batches against PyTorch; choices and loops against what JavaScript does. */

import { deepStrictEqual as equal, throws } from "node:assert/strict";
import {
  cholesky,
  compile,
  cond,
  einsum,
  eye,
  grad,
  gradients,
  jacobian,
  jvp,
  normal,
  PlumblineError,
  randomKey,
  scan,
  splitKey,
  stack,
  type Tensor,
  tensor,
  vmap,
  whileLoop,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { checkNumbers, type FixtureArray, readFixture, toTensor } from "../fixtures/pytorch.ts";

interface Row {
  readonly name: "layer" | "recurrence";
  readonly inputs: Readonly<Record<"x" | "w" | "b" | "v" | "batch", FixtureArray>>;
  readonly outputs: Readonly<Record<string, FixtureArray>>;
}

for (const row of await readFixture<Row>("transforms")) {
  onEachEngine(`jvp(), jacobian() and vmap() of a ${row.name} agree with PyTorch, compiled too`, async () => {
    const all = Object.fromEntries(Object.entries(row.inputs).map(([name, x]) => [name, toTensor(x)]));
    const [w, b, v] = [all.w!, all.b!, all.v!];
    const functions: Readonly<Record<Row["name"], (x: Tensor) => Tensor>> = {
      layer: (x) => w.matmul(x).add(b).tanh().mul(x.sum()),
      recurrence: (x) => scan((state: Tensor) => [state.mul(x).add(0.5).sin(), []], zeros([3]), [], { length: 4 })[0],
    };
    const f = functions[row.name];
    const scalar = (x: Tensor): Tensor => f(x).square().sum();
    const everything = (x: Tensor, batch: Tensor): Record<string, Tensor> => {
      const [value, slope] = jvp(f, x, v);
      return {
        value,
        jvp: slope,
        jacobian: jacobian(f, x),
        hessian: jacobian(grad(scalar), x),
        vmap: vmap(f)(batch),
        vmapGrad: vmap(grad(scalar))(batch),
      };
    };
    for (const run of [everything, compile(everything)]) {
      const found = await run(all.x!, all.batch!);
      for (const [name, expected] of Object.entries(row.outputs)) {
        equal(found[name]!.shape, expected.shape, name);
        checkNumbers(await found[name]!.data(), expected.data, 2e-5, name);
      }
    }
  });
}

/** Functions of one example and of what all share. */
const functionsOfOne: Readonly<Record<string, (x: Tensor, table: Tensor) => Tensor>> = {
  "sums, orders and shapes": (x) => x.sort(1, true).values.cumsum(0).flip(1).transpose().reshape(6).roll(1),
  "look-ups in a table of all": (x, table) => table.take(x.argmax(0), 0),
  "look-ups of what all name": (x, table) => x.take(table.argmax(1).slice(0, 0, 2), 1),
  "look-ups of its own": (x) => x.take(x.argmax(1), 1),
  "entries along an axis": (x) => x.takeAlongAxis(x.argsort(1), 1).pad(0, 1, 0),
  "products with both": (x, table) => einsum("ij,kj->ik", x, table).matmul(x),
  "a loop along an axis": (x, table) => {
    const [last, all] = scan((c: Tensor, y: Tensor) => [c.mul(0.5).add(y), c.mul(table.sum())], zeros([3]), x);
    return last.add(all.sum(0));
  },
  "what does not depend on it": (_, table) => table.mul(2),
  "overwriting": (x) => zeros([2, 3]).scatter(1, x.argmax(1, true), x.slice(1, 0, 1)),
};

onEngine("cpu", "vmap() gives what a loop over the examples gives", async () => {
  const batch = normal(randomKey(3), [4, 2, 3]);
  const table = normal(randomKey(4), [3, 3]).slice(0, 0, 2);
  for (const [name, f] of Object.entries(functionsOfOne)) {
    const found = vmap(f, [0, null])(batch, table);
    const expected = batch.unbind(0).map((x) => f(x, table));
    equal(found.shape, [4, ...expected[0]!.shape], name);
    const numbers = (await Promise.all(expected.map((y) => y.data()))).flatMap((y) => [...y]);
    checkNumbers(await found.data(), numbers, 2e-5, name);
  }
  const turned = vmap((x: Tensor, y: Tensor) => ({ sum: x.add(y), x }), [1, 0])(batch.select(0, 0), table.transpose());
  equal([turned.sum.shape, turned.x.shape], [[3, 2], [3, 2]]);
});

onEngine("cpu", "a batch of batches keeps the symmetric derivative of cholesky()", async () => {
  const half = normal(randomKey(5), [2, 2, 3, 3]);
  const definite = half.matmul(half.transpose()).add(eye(3));
  const factor = (x: Tensor) => cholesky(x);
  const slope = (f: (x: Tensor) => Tensor) => grad((x) => f(x).pow(3).sum())(definite);
  const expected = [...await slope(factor).data()];
  checkNumbers(await slope(vmap(vmap(factor))).data(), expected, 2e-5, "the derivative of the batch");
  const inside = vmap(vmap(grad((x: Tensor) => factor(x).pow(3).sum())))(definite);
  checkNumbers(await inside.data(), expected, 2e-5, "the batch of the derivative");
});

function message(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof PlumblineError) return `${error.code} ${error.parts.message}`;
    throw error;
  }
  return "no error";
}

Deno.test("what vmap() cannot batch it refuses in a sentence", () => {
  const x = zeros([4, 3]);
  equal([
    message(() => vmap((y: Tensor) => y, null)(x)),
    message(() => vmap((y: Tensor, z: Tensor) => y.add(z))(x, zeros([5, 3]))),
    message(() => vmap((y: Tensor) => y, [0, 0])(x)),
    message(() => vmap((y: Tensor) => y, 2)(x)),
    message(() => vmap((key: Tensor) => normal(key, [3]))(stack(splitKey(randomKey(0), 4)))),
    message(() => vmap((_: Tensor) => 3 as never)(x)),
  ], [
    "G304 vmap() has no argument along which there are examples.",
    "G304 vmap() has arguments with 4 and 5 examples.",
    "G304 vmap() was told the axes of 2 arguments, and its function was given 1.",
    "G304 float32 [4, 3] has no axis 2.",
    "G301 vmap() has no batches of `randomBits`, which depends on an example.",
    "G305 vmap() needs a function that gives tensors; this one gives the number 3.",
  ]);
  throws(() => vmap((y: Tensor) => y.add(1).data() as never)(x), { code: "G102" });
});

onEachEngine("cond() takes one side, and its gradient, in a compiled function too", async () => {
  const f = (x: Tensor): Tensor[] => {
    const y = cond(x.sum().greater(0), (x) => x.square(), (x) => x.exp().neg(), [x]);
    return [y, ...gradients(y.sum(), [x])];
  };
  for (const run of [f, compile(f)]) {
    const lists = async (x: Tensor) => await Promise.all((await run(x)).map((y) => y.toList()));
    equal(await lists(tensor([1, 2])), [[1, 4], [2, 4]]);
    const [value, slope] = await lists(tensor([0, -1])) as number[][];
    checkNumbers(value!, [-1, -Math.exp(-1)], 1e-6, "value");
    checkNumbers(slope!, [-1, -Math.exp(-1)], 1e-6, "gradient");
  }
});

onEachEngine("whileLoop() takes the steps that JavaScript takes, and has their gradient", async () => {
  const newton = (a: Tensor): Tensor[] => {
    const [root, steps] = whileLoop(
      (x) => x.square().sub(a).abs().greater(1e-5),
      (x) => x.add(a.div(x)).mul(0.5),
      tensor(1),
      { maxSteps: 12 },
    );
    return [root, steps, ...gradients(root, [a])];
  };
  for (const run of [newton, compile(newton)]) {
    for (const a of [2, 9, 1]) {
      let [x, steps] = [1, 0];
      for (; Math.abs(x * x - a) > 1e-5; steps++) x = (x + a / x) / 2;
      const [root, taken, slope] = await Promise.all((await run(tensor(a))).map((y) => y.item())) as number[];
      equal(taken, steps);
      checkNumbers([root!], [Math.sqrt(a)], 1e-5, "root");
      if (a !== 1) checkNumbers([slope!], [0.5 / Math.sqrt(a)], 1e-3, "derivative of the root");
    }
  }
  const [, all] = whileLoop((x) => x.less(1), (x) => x, tensor(0), { maxSteps: 3 });
  equal(await all.item(), 3);
});

Deno.test("a condition that is not one bool, and sides of two forms, are refused in sentences", async () => {
  const x = tensor([1, 2]);
  const positive = x.sum().greater(0);
  equal(await positive.item(), true);
  equal([
    message(() => cond(x.greater(0), () => x, () => x)),
    message(() => cond(x.sum(), () => x, () => x)),
    message(() => cond(positive, () => x, () => x.sum())),
    message(() => whileLoop((y) => y, (y) => y, tensor(0), { maxSteps: 3 })),
    message(() => whileLoop((y) => y.sum().less(3), () => tensor(0), x, { maxSteps: 3 })),
    message(() => jvp((y) => y.square(), x, tensor(1))),
    message(() => jacobian(() => tensor([1]), x)),
  ], [
    "G305 cond() needs a condition of one bool, not bool [2].",
    "G305 cond() needs a condition of one bool, not float32 [].",
    "G304 cond() gives float32 [2] on one side and float32 [] on the other.",
    "G305 whileLoop() needs a condition of one bool, not float32 [].",
    "G304 whileLoop() gives float32 [] on one side and float32 [2] on the other.",
    "G302 jvp() needs a tangent like its argument float32 [2]; it was given float32 [].",
    "G101 gradient cut: the result does not depend on float32 [2].",
  ]);
});
