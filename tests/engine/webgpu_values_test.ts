/** Numbers: accuracy, extremes, every shape of reduction and product, scans, indexing, sizes that are special. */

import assert from "node:assert/strict";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { sizeOf } from "../../lib/graph/types.ts";
import { onAdapter } from "../engines.ts";
import { Random } from "../random.ts";
import { assertNear, assertOracle, evaluate, input, sharedEngine } from "./webgpu_harness.ts";

function uniform(seed: number, size: number, low = -1, high = 1): number[] {
  const random = new Random(seed);
  return Array.from({ length: size }, () => random.uniform(low, high));
}

function scales(): number[] {
  const numbers: number[] = [];
  for (let k = -30; k <= 5; k++) for (const m of [1, 1.1, 1.37, 1.71, 1.99]) numbers.push(m * 2 ** k, -m * 2 ** k);
  for (let x = -85; x < 88; x += 0.61) numbers.push(x);
  return numbers;
}

const functions = {
  exp: Math.exp,
  exp2: (x: number): number => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  tanh: Math.tanh,
  sigmoid: (x: number): number => 1 / (1 + Math.exp(-x)),
  softplus: (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
} as const;

for (const [name, exact] of Object.entries(functions)) {
  onAdapter(`${name}() is within 4 float32 roundings of float64`, async () => {
    const { engine } = await sharedEngine();
    const numbers = Float32Array.from(scales());
    const x = input([numbers.length]);
    const [values] = await evaluate(engine, [x], [ops.unary(name as keyof typeof functions, x)], [numbers]);
    // A zero of sin or cos comes from a float32 angle: what is left there is absolute.
    numbers.forEach((number, i) => {
      const [a, e] = [values![i]!, exact(number)];
      if (!Number.isFinite(e)) return assert.ok(Object.is(a, e), `${name}(${number}) is ${a}`);
      assert.ok(
        Math.abs(a - e) <= 4 * 2 ** -24 * Math.abs(e) + 1e-7 * Number(/sin|cos|tan$/.test(name)) * (1 + Math.abs(e)),
        `${name}(${number}) is ${a}, not ${e}`,
      );
    });
  });
}

onAdapter("functions go to their limits at the extremes", async () => {
  const { engine } = await sharedEngine();
  const [inf, nan] = [Infinity, NaN];
  const numbers = [inf, -inf, nan, 3e38, -3e38, 0, 120, -120];
  const x = input([numbers.length]);
  const expected: [Parameters<typeof ops.unary>[0], number[]][] = [
    ["exp", [inf, 0, nan, inf, 0, 1, inf, 0]],
    ["exp2", [inf, 0, nan, inf, 0, 1, 2 ** 120, 2 ** -120]],
    ["expm1", [inf, -1, nan, inf, -1, 0, inf, -1]],
    ["log", [inf, nan, nan, Math.log(3e38), nan, -inf, Math.log(120), nan]],
    ["tanh", [1, -1, nan, 1, -1, 0, 1, -1]],
    ["erf", [1, -1, nan, 1, -1, 0, 1, -1]],
    ["sigmoid", [1, 0, nan, 1, 0, 0.5, 1, 0]],
    ["softplus", [inf, 0, nan, 3e38, 0, Math.log(2), 120, 0]],
    ["atan", [Math.PI / 2, -Math.PI / 2, nan, Math.PI / 2, -Math.PI / 2, 0, Math.atan(120), Math.atan(-120)]],
    ["relu", [inf, 0, nan, 3e38, 0, 0, 120, 0]],
    ["sign", [1, -1, nan, 1, -1, 0, 1, -1]],
    ["abs", [inf, inf, nan, 3e38, 3e38, 0, 120, 120]],
    ["isNaN", [0, 0, 1, 0, 0, 0, 0, 0]],
  ];
  const values = await evaluate(engine, [x], expected.map(([name]) => ops.unary(name, x)), [numbers]);
  expected.forEach(([name, e], i) => assertNear([...values[i]!].map((v) => v + 0), e, name, 1e-6));
});

onAdapter(
  "NaN goes through maximum, minimum, max and min, is greater than nothing and not chosen by where",
  async () => {
    const { engine } = await sharedEngine();
    const [a, b] = [input([2, 3]), input([2, 3])];
    const outputs = [
      ops.binary("maximum", a, b),
      ops.binary("minimum", a, b),
      ops.max(a, [1]),
      ops.min(a, [1]),
      ops.binary("less", a, b),
      ops.binary("lessEqual", a, b),
      ops.binary("equal", a, b),
      ops.where(ops.unary("isNaN", a), ops.full("float32", [2, 3], 7), a),
      ops.argmax(a, 1),
    ];
    const values = await evaluate(engine, [a, b], outputs, [[NaN, 1, 2, 3, 5, 5], [0, NaN, 2, 4, 5, 3]]);
    assert.deepEqual(values.map((v) => [...v]), [
      [NaN, NaN, 2, 4, 5, 5],
      [NaN, NaN, 2, 3, 5, 3],
      [NaN, 5],
      [NaN, 3],
      [0, 0, 0, 1, 0, 0],
      [0, 0, 1, 1, 1, 0],
      [0, 0, 1, 0, 1, 0],
      [7, 1, 2, 3, 5, 5],
      [0, 1],
    ]);
  },
);

onAdapter("pow() has the signs, zeros and poles of float64", async () => {
  const { engine } = await sharedEngine();
  const [x, y] = [input([14]), input([14])];
  const base = [-2, 0, 0, -2, 2, 2, -8, 4, 10, 1.5, 3, -1, NaN, -0.5];
  const exponent = [3, 0, -1, -3, 0.5, -1.5, 1 / 3, 0.5, 20.5, 63, 70, 65, 0, 2];
  const [values] = await evaluate(engine, [x, y], [ops.binary("pow", x, y)], [base, exponent]);
  assertNear(values!, base.map((b, i) => b ** Math.fround(exponent[i]!)), "pow", 1e-5);
});

onAdapter("integers divide by truncation and wrap, rounding goes to even, casts truncate", async () => {
  const { engine } = await sharedEngine();
  const [a, b] = [input([4], "int32"), input([4], "int32")];
  const x = input([6]);
  const outputs = [
    ops.div(a, b),
    ops.mul(a, a),
    ops.unary("round", x),
    ops.cast(x, "int32"),
    ops.cast(x, "bool"),
    ops.cast(ops.cast(a, "bool"), "float32"),
  ];
  const feeds = [[7, -7, 2 ** 30 + 1, 0], [2, 2, -3, 5], [0.5, 1.5, 2.5, -0.5, -2.7, 0]];
  const values = await evaluate(engine, [a, b, x], outputs, feeds);
  const expected = [[3, -3, -357913941, 0], [49, 49, -2147483647, 0], [0, 2, 2, 0, -3, 0], [0, 1, 2, 0, -2, 0], [
    1,
    1,
    1,
    1,
    1,
    0,
  ], [1, 1, 1, 0]];
  assert.deepEqual(values.map((v) => [...v].map((n) => n + 0)), expected);
});

onAdapter("randomBits() is Threefry-2x32-20 by its published answers", async () => {
  const { engine } = await sharedEngine();
  const key = input([2], "uint32");
  const zero = await evaluate(engine, [key], [ops.randomBits(key, [2])], [[0, 0]]);
  assert.deepEqual([...zero[0]!], [0x6b200159, 0x99ba4efe]);
  const [long] = await evaluate(engine, [key], [ops.randomBits(key, [5, 3])], [[1, 2]]);
  const [short] = await evaluate(engine, [key], [ops.randomBits(key, [7])], [[1, 2]]);
  assert.deepEqual([...long!.slice(0, 7)], [...short!]);
});

const reductions: [shape: number[], axes: number[]][] = [
  [[1000], [0]],
  [[7, 1000], [1]],
  [[1000, 7], [0]],
  [[5, 33, 9], [1]],
  [[5, 33, 9], [0, 2]],
  [[3, 4, 5, 6], [1, 2]],
  [[70000], [0]],
  [[3000, 40], [0]],
  [[2, 3, 2, 3, 2, 3, 2, 3], [0, 3, 6]],
  [[50, 40, 30], [0, 1, 2]],
  [[9, 1, 300, 2], [0, 2]],
  [[], []],
  [[4, 0], [1]],
];

for (const [shape, axes] of reductions) {
  onAdapter(`reductions of [${shape}] over [${axes}] agree with the oracle`, async () => {
    const { engine } = await sharedEngine();
    const x = input(shape);
    const outputs = [ops.sum(ops.mul(x, x), axes), ops.sum(ops.cast(ops.mul(x, ops.fullLike(x, 100)), "int32"), axes)];
    if (sizeOf(shape) > 0) {
      outputs.push(
        ops.max(x, axes),
        ops.min(x, axes),
        ...axes.slice(0, 1).map((a) => ops.argmax(x, a)),
      );
    }
    await assertOracle(engine, [x], outputs, [uniform(1, sizeOf(shape))]);
  });
}

const products: [a: number[], b: number[]][] = [
  [[3, 5], [5, 7]],
  [[33, 17], [17, 65]],
  [[64, 64], [64, 64]],
  [[520, 20], [20, 530]],
  [[1, 300], [300, 1]],
  [[1, 40], [40, 50]],
  [[4, 2, 9, 20], [4, 2, 20, 9]],
  [[40, 1], [1, 40]],
  [[20, 0], [0, 20]],
  [[40, 2000], [2000, 24]],
  [[3, 0], [0, 0]],
];

for (const [shapeA, shapeB] of products) {
  onAdapter(`the products [${shapeA}] x [${shapeB}], plain and transposed, agree with the oracle`, async () => {
    const { engine } = await sharedEngine();
    const swap = (shape: number[]): number[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];
    const feeds = [uniform(1, sizeOf(shapeA), 0.5, 1.5), uniform(2, sizeOf(shapeB), 0.5, 1.5)];
    for (const [transA, transB] of [[false, false], [true, false], [false, true], [true, true]] as const) {
      const [a, b] = [input(transA ? swap(shapeA) : shapeA), input(transB ? swap(shapeB) : shapeB)];
      await assertOracle(engine, [a, b], [ops.matmul(a, b, transA, transB)], feeds);
    }
  });
}

for (const length of [1, 5, 64, 65, 1000]) {
  onAdapter(`cumsum() over ${length} values agrees with the oracle along every axis, both ways`, async () => {
    const { engine } = await sharedEngine();
    const x = input([3, length, 2]);
    const outputs = [0, 1, 2].flatMap((axis) => [ops.cumsum(x, axis), ops.cumsum(x, axis, true)]);
    await assertOracle(engine, [x], outputs, [uniform(3, 6 * length, 0, 1)]);
  });
}

onAdapter("indices out of range give NaN, or 0 for integers", async () => {
  const { engine } = await sharedEngine();
  const [x, n, index] = [input([3, 2]), input([3], "int32"), input([4], "int32")];
  const values = await evaluate(engine, [x, n, index], [ops.take(x, index, 0), ops.take(n, index, 0)], [
    [1, 2, 3, 4, 5, 6],
    [7, 8, 9],
    [2, -4, 3, 0],
  ]);
  assert.deepEqual(values.map((v) => [...v]), [[5, 6, NaN, NaN, NaN, NaN, 1, 2], [9, 0, 0, 7]]);
});

onAdapter(
  "scatterAdd() adds what meets at one place, along every axis, and gives the same bits every time",
  async () => {
    const { engine } = await sharedEngine();
    const [x, index, source] = [input([4, 50]), input([4, 300], "int32"), input([4, 300])];
    const random = new Random(5);
    const feeds = [uniform(1, 200), Array.from({ length: 1200 }, () => random.integer(0, 49)), uniform(2, 1200)];
    const output = ops.scatterAdd(x, index, source, 1);
    await assertOracle(engine, [x, index, source], [output], feeds, 1e-5);
    const runs = await Promise.all([0, 1].map(() => evaluate(engine, [x, index, source], [output], feeds)));
    assert.deepEqual(runs[0], runs[1]);
  },
);

/** carry -> tanh(carry + x w): with every kind of output. */
function recurrence(length: number, reverse: boolean): { inputs: Node[]; outputs: Node[] } {
  const [h, xs, w] = [input([3, 4]), input([length, 3, 4]), input([4, 4])];
  const { carries, ys, history } = makeScan({
    init: [h, ops.full("float32", [3, 4], 0)],
    xs: [xs],
    length,
    reverse,
    step: ([a, b], [x]) => {
      const next = ops.unary("tanh", ops.add(a!, ops.matmul(x!, w)));
      return { carries: [next, ops.add(a!, b!)], ys: [ops.mul(next, x!), ops.sum(next, [1])] };
    },
  });
  return { inputs: [h, xs, w], outputs: [...carries, ...ys, ...history, ops.sum(history[0]!, [0])] };
}

for (const length of [0, 1, 2, 7]) {
  for (const reverse of [false, true]) {
    onAdapter(`a scan of ${length} steps ${reverse ? "backward" : "forward"} agrees with the oracle`, async () => {
      const { engine } = await sharedEngine();
      const { inputs, outputs } = recurrence(length, reverse);
      const feeds = inputs.map((x, i) => uniform(i, sizeOf(x.shape)));
      await assertOracle(engine, inputs, outputs, feeds);
      await assertOracle(engine, inputs, outputs.slice(0, 2), feeds);
      await assertOracle(engine, inputs, outputs.slice(2, 3), feeds);
    });
  }
}

for (const reverse of [false, true]) {
  onAdapter(`a scan inside of one kernel, ${reverse ? "backward" : "forward"}, agrees with the oracle`, async () => {
    const { engine } = await sharedEngine();
    const [h, xs, rate] = [input([3, 50]), input([9, 3, 50]), input([1, 50])];
    const { carries, ys, history } = makeScan({
      init: [h, ops.full("float32", [3, 50], 0.5)],
      xs: [xs],
      length: 9,
      reverse,
      step: ([a, b], [x]) => {
        const next = ops.add(ops.mul(a!, ops.expand(rate, [3, 50])), ops.unary("sin", ops.add(x!, b!)));
        return { carries: [next, ops.unary("tanh", a!)], ys: [ops.mul(next, b!)] };
      },
    });
    const feeds = [h, xs, rate].map((x, i) => uniform(i, sizeOf(x.shape)));
    await assertOracle(engine, [h, xs, rate], [...carries, ...ys], feeds);
    await assertOracle(engine, [h, xs, rate], [...ys, ...history], feeds);
    await assertOracle(engine, [h, xs, rate], [carries[1]!, history[0]!], feeds);
  });
}

onAdapter("carries that change places, stay or repeat, and scans inside scans, agree with the oracle", async () => {
  const { engine } = await sharedEngine();
  const [a, b, xs] = [input([5]), input([5]), input([4, 3, 5])];
  const { carries, ys, history } = makeScan({
    init: [a, b, a, a],
    xs: [xs],
    length: 4,
    reverse: false,
    step: ([p, q, fixed, count], [x]) => {
      const inner = makeScan({
        init: [p!, q!],
        xs: [x!],
        length: 3,
        reverse: true,
        step: ([u, v], [y]) => ({
          carries: [v!, ops.unary("sin", ops.add(ops.add(u!, y!), fixed!))],
          ys: [ops.mul(u!, v!)],
        }),
      });
      const [u, v] = inner.carries;
      const total = ops.reshape(ops.sum(inner.ys[0]!, [0]), [5]);
      return { carries: [v!, u!, fixed!, ops.add(count!, total)], ys: [inner.ys[0]!, inner.history[1]!, p!, p!] };
    },
  });
  const feeds = [a, b, xs].map((x, i) => uniform(i, sizeOf(x.shape)));
  await assertOracle(engine, [a, b, xs], [...carries, ...ys, ...history], feeds);
  await assertOracle(engine, [a, b, xs], simplify([carries[3]!, ys[1]!]), feeds);
});

onAdapter("a value with more than 65535 workgroups is computed to its end", async () => {
  const { engine } = await sharedEngine();
  const n = 65535 * 64 + 1000;
  const outputs = [ops.mul(ops.iota([n], 0), ops.full("int32", [n], 3))];
  const [values] = await evaluate(engine, [], outputs, []);
  for (const i of [0, 1, 65535 * 64 - 1, 65535 * 64, n - 1]) assert.equal(values![i], 3 * i);
});

onAdapter("a deep chain of operations on one value compiles and runs", async () => {
  const { engine } = await sharedEngine();
  const x = input([10]);
  let y = x;
  for (let i = 0; i < 3000; i++) y = ops.add(ops.mul(y, ops.fullLike(y, -0.7)), i % 3 === 0 ? x : ops.mul(y, y));
  await assertOracle(engine, [x], [y], [uniform(1, 10, 0, 0.1)], 1e-4);
});
