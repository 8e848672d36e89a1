/** Known traps, pinned: what JavaScript, NumPy's broadcasting or a tracing compiler would do silently and wrongly. */

import { deepStrictEqual as equal, ok, rejects, strictEqual, throws } from "node:assert";
import {
  Adam,
  arange,
  Categorical,
  compile,
  concat,
  type ErrorCode,
  full,
  Generator,
  gradients,
  HostRandom,
  Linear,
  oneHot,
  ones,
  onWarning,
  Parameter,
  ParameterGroup,
  PlumblineError,
  randomInt,
  randomKey,
  scan,
  SGD,
  stack,
  TanhNormal,
  type Tensor,
  tensor,
  trpoStep,
  uniform,
  Variable,
  where,
  zeros,
} from "../mod.ts";
import { float32Below } from "../lib/graph/float32.ts";
import { onEachEngine, onEngine } from "./engines.ts";

function coded(code: ErrorCode, text: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof PlumblineError, String(error));
    strictEqual(error.code, code, error.message);
    ok(text.test(error.message), error.message);
    return true;
  };
}

// Traced values.

const misuses: Readonly<Record<string, (x: Tensor) => unknown>> = {
  "used as a number": (x) => (x as unknown as number) + 1,
  "compared with <": (x) => (x as unknown as number) < 1,
  "put into a text": (x) => `${x}`,
  "iterated": (x) => [...(x as unknown as Iterable<Tensor>)],
  "taken apart": (x) => {
    const [first] = x as unknown as [Tensor];
    return first;
  },
  "passed to Math": (x) => Math.max(x as unknown as number, 0),
};

for (const [what, misuse] of Object.entries(misuses)) {
  Deno.test(`a tensor that is ${what} throws, traced or not`, async () => {
    throws(() => misuse(tensor([1, 2])), coded("G103"));
    await rejects(() => compile((x: Tensor) => (misuse(x), x))(tensor([1, 2])), coded("G103"));
  });
}

Deno.test("item(), data() and toList() of a traced tensor are refused, naming the line", async () => {
  for (const read of ["item", "data", "toList"] as const) {
    let promise: Promise<unknown> | undefined;
    const traced = compile((x: Tensor) => {
      const total = x.sum();
      promise = total[read]();
      promise.catch(() => {});
      return total;
    });
    await traced(tensor([1, 2])).catch(() => {});
    await rejects(() => promise!, coded("G102", /traps_test\.ts/));
  }
});

onEngine(
  "cpu",
  "a condition that a function of the library gives beside what is wanted of it is none that decides",
  async () => {
    const weight = new Parameter(tensor([1, 2]), "weight");
    const group = new ParameterGroup("policy", [weight]);
    const before = tensor([1, 2]);
    // The residual, in which there is a condition, is left.
    const train = compile(
      () => trpoStep(group, { surrogate: () => weight.sum(), kl: () => weight.sub(before).square().sum() }).kl,
      { state: weight },
    );
    ok(Number(await (await train()).item()) <= 0.01);
  },
);

onEachEngine("`if (tensor)` in a traced function is refused", async () => {
  const branching = compile((x: Tensor) => {
    if (x.sum().less(0)) return x.neg();
    return x;
  });
  await rejects(() => branching(tensor([1, 2])), coded("G104", /where/));
});

onEachEngine("a condition inside the step of a scan is no branch", async () => {
  const capped = compile((xs: Tensor) =>
    scan(
      (sum: Tensor, x: Tensor) => {
        const next = sum.add(x);
        return [where(next.less(5), next, 5), next.greater(5)];
      },
      zeros([]),
      xs,
    )
  );
  const [total, over] = await capped(tensor([1, 3, 4]));
  strictEqual(await total.item(), 5);
  equal(await over.toList(), [false, false, true]);
});

onEachEngine("a truth that a scan carries, or is given, may stay unused", async () => {
  const counted = compile((xs: Tensor, done: Tensor) => {
    const step = ({ sum }: { sum: Tensor; over: Tensor }, { x }: { x: Tensor; done: Tensor }) => {
      const next = sum.add(x);
      return [{ sum: next, over: next.greater(1) }, x] as const;
    };
    const [last] = scan(step, { sum: zeros([]), over: tensor(false) }, { x: xs, done });
    return last.sum;
  });
  strictEqual(await (await counted(tensor([1, 2]), tensor([true, false]))).item(), 3);
});

Deno.test("`if (tensor)` in the step of a scan is refused, compiled or not", () => {
  const branching = () =>
    scan(
      (sum: Tensor, x: Tensor) => {
        if (x.less(0)) return [sum, x];
        return [sum.add(x), x];
      },
      zeros([]),
      zeros([3]),
    );
  throws(branching, coded("G104", /where/));
});

onEachEngine("a condition that another condition uses is no branch", async () => {
  const both = compile((x: Tensor) => {
    const inside = x.sum().greater(0).and(x.sum().less(10));
    return where(inside, x, 0);
  });
  equal(await (await both(tensor([1, 2]))).toList(), [1, 2]);
});

onEachEngine("a variable that is not named as state is refused, not frozen", async () => {
  const w = new Variable(tensor([1, 2]), "w");
  await rejects(() => compile((x: Tensor) => x.mul(w))(tensor([1, 1])), coded("G203", /`w`/));
});

onEachEngine("a variable that is assigned and not named as state is refused, and keeps its value", async () => {
  const w = new Variable(tensor([1, 2]), "w");
  const assign = compile((x: Tensor) => (w.assign(x), x.mul(2)));
  await rejects(() => assign(tensor([3, 4])), coded("G203", /assigns `w`, which is not named as state/));
  equal(await w.toList(), [1, 2]);
});

onEachEngine("a compiled function sees the new value of a variable that was assigned outside", async () => {
  const w = new Variable(tensor([1, 2]), "w");
  const product = compile((x: Tensor) => x.mul(w), { state: w });
  equal(await (await product(tensor([1, 1]))).toList(), [1, 2]);
  w.assign(tensor([3, 4]));
  equal(await (await product(tensor([1, 1]))).toList(), [3, 4]);
  strictEqual(product.traces.length, 1);
});

onEachEngine("a number given to a compiled function is an argument, not frozen", async () => {
  const scaled = compile((x: Tensor, by: Tensor) => x.mul(by)) as unknown as (x: Tensor, by: number) => Promise<Tensor>;
  for (const by of [2, 3, -1]) equal(await (await scaled(tensor([1, 2]), by)).toList(), [by, 2 * by]);
});

onEachEngine("a compiled function gives other random numbers at every call, the same as uncompiled", async () => {
  const [inside, outside] = [new Generator(3), new Generator(3)];
  const draw = compile(() => inside.uniform([3]), { state: inside });
  const seen = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const numbers = await (await draw()).toList();
    equal(numbers, await outside.uniform([3]).toList());
    seen.add(JSON.stringify(numbers));
  }
  strictEqual(seen.size, 4);
});

onEachEngine("results of a compiled function keep their numbers when it runs again", async () => {
  const count = new Variable(tensor([1, 1]), "count");
  const step = compile((x: Tensor) => {
    count.assign(count.add(x));
    return count.mul(10);
  }, { state: count });
  const results = [];
  for (let i = 0; i < 4; i++) results.push(await step(tensor([1, 2])));
  equal(await Promise.all(results.map((x) => x.toList())), [[20, 30], [30, 50], [40, 70], [50, 90]]);
  equal(await count.toList(), [5, 9]);
});

onEachEngine("an array that was read from a variable does not change when a compiled step assigns it", async () => {
  const w = new Variable(tensor([1, 2]), "w");
  const step = compile(() => {
    w.assign(w.add(1));
    return w.sum();
  }, { state: w });
  const before = await w.data();
  for (let i = 0; i < 4; i++) await step();
  equal([...before], [1, 2]);
  equal([...await w.data()], [5, 6]);
});

onEachEngine("a compiled function may return its argument, the same tensor twice, and constants", async () => {
  const fn = compile((x: Tensor) => ({ x, again: [x, x.neg().neg()], two: full([2], 2) }));
  for (let i = 0; i < 3; i++) {
    const { x, again, two } = await fn(tensor([i, 1]));
    equal(await Promise.all([x, ...again, two].map((t) => t.toList())), [[i, 1], [i, 1], [i, 1], [2, 2]]);
  }
});

onEachEngine("two variables may exchange their values in a compiled step", async () => {
  const [a, b] = [new Variable(tensor([1, 2]), "a"), new Variable(tensor([3, 4]), "b")];
  const swap = compile(() => {
    const before = b.add(0);
    b.assign(a);
    a.assign(before);
    return a.sub(b);
  }, { state: [a, b] });
  for (let i = 0; i < 3; i++) await swap();
  equal([await a.toList(), await b.toList()], [[3, 4], [1, 2]]);
});

onEachEngine("a compiled step leaves no traced gradient in the parameters, and takes none from outside", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  w.mul(100).sum().backward();
  const step = compile(() => {
    w.square().sum().backward();
    optimizer.step();
    return w.sum();
  }, { state: optimizer });
  for (let i = 0; i < 3; i++) await step();
  equal(await w.grad!.toList(), [100, 100]);
  (await w.data()).forEach((x, i) => ok(Math.abs(x - [1, 2][i]! * 0.8 ** 3) < 1e-5));
});

onEachEngine("a tensor kept from one traced function is refused in another, and by itself", async () => {
  let kept: Tensor | undefined;
  await compile((x: Tensor) => (kept = x.mul(2)))(tensor([1, 2]));
  await rejects(() => compile((x: Tensor) => x.add(kept!))(tensor([1, 2])), coded("G102", /another traced function/));
  await rejects(() => kept!.add(1).data(), coded("G102"));
});

onEachEngine("a traced function that throws leaves its variables as they were", async () => {
  const v = new Variable(tensor([1]), "v");
  const broken = compile(() => {
    v.assign(v.add(1));
    throw new Error("on purpose");
  }, { state: v });
  await rejects(() => broken(), /on purpose/);
  equal(await v.toList(), [1]);
});

onEachEngine("calls of a compiled function that overlap take their turns", async () => {
  const v = new Variable(tensor([0]), "v");
  const next = compile(() => {
    v.assign(v.add(1));
    return v.mul(10);
  }, { state: v });
  const results = await Promise.all([next(), next(), next()]);
  equal(await Promise.all(results.map((x) => x.toList())), [[10], [20], [30]]);
});

onEachEngine("a variable may be state and argument of the same call", async () => {
  const v = new Variable(tensor([1]), "v");
  const step = compile((x: Tensor) => {
    v.assign(v.add(x));
    return x.mul(10);
  }, { state: v });
  for (const expected of [10, 20, 40, 80]) equal(await (await step(v)).toList(), [expected]);
});

onEachEngine("variables that started from one tensor, or from each other, change apart", async () => {
  const start = tensor([1]);
  const [a, b, c] = [new Variable(start, "a"), new Variable(start, "b"), new Variable(tensor([0]), "c")];
  c.assign(a);
  const step = compile(() => {
    a.assign(a.add(1));
    b.assign(b.add(10));
    return c.add(a);
  }, { state: [a, b, c] });
  for (let i = 0; i < 3; i++) await step();
  equal(await Promise.all([start, a, b, c].map((x) => x.toList())), [[1], [4], [31], [1]]);
});

// Shapes and axes.

Deno.test("[B] - [B, 1] is refused, with its help", () => {
  throws(() => zeros([3]).sub(zeros([3, 1])), coded("G302", /unsqueeze/));
  throws(() => zeros([5, 4, 1]).mul(zeros([4])), coded("G302"));
  throws(() => zeros([4, 1]).where(zeros([4]).less(1), zeros([4, 1])), coded("G302"));
  // Discounts are counted out, rewards are not.
  throws(() => tensor([[1], [2], [3]]).mul(full([3], 0.9).pow(arange(3))), coded("G302"));
});

Deno.test("an outer product by broadcasting is no forgotten axis: positions times frequencies, also as many of both", async () => {
  equal(zeros([6, 1]).mul(zeros([4])).shape, [6, 4]);
  equal(tensor([[1], [2]]).add(tensor([1, 2, 3])).shape, [2, 3]);
  const angles = (n: number): Tensor => {
    const frequencies = arange(0, 8, 2).mul(-Math.log(10_000) / 8).exp();
    return arange(n).unsqueeze(1).mul(frequencies);
  };
  for (const n of [6, 4]) equal(angles(n).shape, [n, 4]);
  equal(await angles(4).select(0, 3).select(0, 0).item(), 3);
});

Deno.test("sizes that do not fit are refused, naming both", () => {
  throws(() => zeros([2, 3]).add(zeros([2, 4])), coded("G302", /\[2, 3\] and .*\[2, 4\]/));
  throws(() => zeros([2, 3]).matmul(zeros([4, 2])), coded("G301", /3 and 4/));
  throws(
    () => zeros([3]).matmul(zeros([2])),
    coded("G301", /cannot multiply float32 \[3\] by float32 \[2\]: .* 3 and 2/),
  );
  throws(
    () => zeros([5, 2, 3]).matmul(zeros([2, 1])),
    coded("G301", /float32 \[5, 2, 3\] by float32 \[2, 1\]: .* 3 and 2/),
  );
  throws(() => zeros([]).matmul(zeros([2])), coded("G301", /vectors and matrices, not float32 \[\] by float32 \[2\]/));
});

onEachEngine("[n, 1] with [1, n], a vector with a matrix and a scalar with anything still broadcast", async () => {
  equal(zeros([3, 1]).add(zeros([1, 4])).shape, [3, 4]);
  equal(zeros([3, 4]).add(zeros([4])).shape, [3, 4]);
  equal(zeros([]).add(zeros([2, 3])).shape, [2, 3]);
  equal(zeros([1]).add(zeros([2, 3])).shape, [2, 3]);
  equal(await tensor([[1], [2]]).mul(tensor([[1, 10]])).toList(), [[1, 10], [2, 20]]);
});

Deno.test("axes of different names do not meet", () => {
  const done = zeros([4, 5, 1]).named("env", "time", null);
  const reward = zeros([4, 5, 3]).named("env", "agent", null);
  throws(() => reward.mul(done), coded("G303", /`agent` meets `time`|`time` meets `agent`/));
  equal(reward.mul(zeros([4, 5, 3])).axes, ["env", "agent", null]);
  throws(() => where(done.greater(0), reward, 0), coded("G303"));
});

Deno.test("names follow their axes through permute, sum, unsqueeze and slice", () => {
  const x = zeros([4, 5, 3]).named("env", "time", "agent");
  equal(x.permute("agent", "env", "time").axes, ["agent", "env", "time"]);
  equal(x.sum("time").axes, ["env", "agent"]);
  equal(x.unsqueeze(1, "head").axes, ["env", "head", "time", "agent"]);
  equal(x.slice("time", 1, 3).shape, [4, 2, 3]);
  equal(x.select("env", 0).axes, ["time", "agent"]);
  throws(() => x.sum("feature"), coded("G304", /feature/));
});

// Numbers.

onEachEngine(
  "where() passes no NaN from the side that is not chosen to the value, but does to the gradient only if unsafe",
  async () => {
    const x = new Parameter(tensor([-1, 4]), "x");
    const positive = x.greater(0);
    equal(await where(positive, x.sqrt(), 0).toList(), [0, 2]);
    const safe = where(positive, where(positive, x, 1).sqrt(), 0);
    equal(await gradients(safe.sum(), [x])[0]!.toList(), [0, 0.25]);
  },
);

onEachEngine("equal maxima share the gradient evenly, in max(), min(), maximum() and minimum()", async () => {
  const x = new Parameter(tensor([3, 1, 3, 1]), "x");
  equal(await gradients(x.max(), [x])[0]!.toList(), [0.5, 0, 0.5, 0]);
  equal(await gradients(x.min(), [x])[0]!.toList(), [0, 0.5, 0, 0.5]);
  const [a, b] = [new Parameter(tensor([1, 2, 3]), "a"), new Parameter(tensor([1, 3, 2]), "b")];
  equal(await Promise.all(gradients(a.maximum(b).sum(), [a, b]).map((g) => g.toList())), [[0.5, 0, 1], [0.5, 1, 0]]);
  equal(await Promise.all(gradients(a.minimum(b).sum(), [a, b]).map((g) => g.toList())), [[0.5, 1, 0], [0.5, 0, 1]]);
});

onEachEngine("the gradient of a maximum over computed values goes to one of them, whatever is fused", async () => {
  const x = new Parameter(tensor(new HostRandom(1).uniform(400, -2, 2), { shape: [20, 20] }), "x");
  const computed = x.mul(1.1).sin().mul(x.mul(0.3).exp()).add(0.1);
  for (const axis of [0, 1]) {
    const [g] = gradients(computed.max(axis).sum(), [computed]);
    equal(await g!.sum(axis).toList(), new Array(20).fill(1));
  }
});

onEachEngine("argmax() and argmin() give the first of equal ones", async () => {
  const x = tensor([[1, 3, 3], [2, 2, 2], [-1, -5, -5]]);
  equal(await x.argmax(1).toList(), [1, 0, 0]);
  equal(await x.argmin(1).toList(), [0, 0, 1]);
  equal(await x.argmax(0).toList(), [1, 0, 0]);
});

onEachEngine("softplus() and logSumExp() neither overflow nor lose small values", async () => {
  equal(await tensor([1000, -1000]).softplus().toList(), [1000, 0]);
  const tiny = (await tensor([-20]).softplus().data())[0]!;
  ok(Math.abs(tiny / Math.exp(-20) - 1) < 1e-5, `softplus(-20) is ${tiny}`);
  equal(await tensor([1000, 1000]).logSumExp().item(), Math.fround(1000 + Math.LN2));
  equal(await tensor([-Infinity, 3]).logSumExp().item(), 3);
  equal(await tensor([-Infinity, -Infinity]).logSumExp().item(), -Infinity);
  const x = new Parameter(tensor([1000, 0, -1000]), "x");
  equal(await gradients(x.softplus().sum(), [x])[0]!.toList(), [1, 0.5, 0]);
  equal(await gradients(x.logSumExp(), [x])[0]!.toList(), [1, 0, 0]);
});

onEachEngine("softmax of logits with -Infinity masks them, with a finite gradient", async () => {
  const x = new Parameter(tensor([1, -Infinity, 1]), "x");
  equal(await x.softmax(0).toList(), [0.5, 0, 0.5]);
  const [g] = gradients(x.softmax(0).mul(tensor([1, 2, 3])).sum(), [x]);
  ok((await g!.data()).every(Number.isFinite));
  const entropy = new Categorical(x).entropy();
  ok(Math.abs(await entropy.item() as number - Math.LN2) < 1e-6);
  ok((await gradients(entropy.sum(), [x])[0]!.data()).every(Number.isFinite));
});

onEachEngine("the tanh-normal log-probability is finite at the edges, with its gradient", async () => {
  const [loc, scale] = [new Parameter(tensor([0, 0]), "loc"), new Parameter(tensor([1, 0.05]), "scale")];
  const raw = new Parameter(tensor([30, -30]), "raw");
  const distribution = new TanhNormal(loc, scale);
  const atEdge = distribution.logProb(tensor([1, -1]));
  const beyond = distribution.logProbOfBase(raw);
  const values = [atEdge, beyond, ...gradients(atEdge.sum().add(beyond.sum()), [loc, scale, raw])];
  for (const value of values) ok((await value.data()).every(Number.isFinite), String(await value.toList()));
});

onEachEngine("int32 division gives float32, int32 arithmetic stays int32, and a fraction makes float32", async () => {
  const x = tensor([7, -7], { dtype: "int32" });
  const quotient = x.div(2);
  strictEqual(quotient.dtype, "float32");
  equal(await quotient.toList(), [3.5, -3.5]);
  strictEqual(x.floorDivide(2).dtype, "int32");
  equal(await x.floorDivide(2).toList(), [3, -4]);
  equal(await x.floorDivide(0).toList(), [0, 0]);
  strictEqual(x.mul(0.5).dtype, "float32");
  equal(await x.mul(0.5).toList(), [3.5, -3.5]);
  strictEqual(arange(3).add(1).dtype, "int32");
});

onEachEngine("NaN is neither equal, nor less, nor more, and goes through max(), maximum() and clamp()", async () => {
  const x = tensor([NaN, 1]);
  equal(await x.equal(x).toList(), [false, true]);
  equal(await x.less(2).toList(), [false, true]);
  equal(await x.greaterEqual(0).toList(), [false, true]);
  equal(await x.isNaN().toList(), [true, false]);
  for (const y of [x.max(), x.min(), x.sum()]) strictEqual(await y.item(), NaN);
  for (const y of [x.maximum(0), x.minimum(0), x.clamp(-1, 1)]) strictEqual((await y.data())[0], NaN);
});

onEachEngine("infinities survive arithmetic and constants", async () => {
  const x = tensor([1, -1]);
  equal(await x.div(0).toList(), [Infinity, -Infinity]);
  equal(await x.mul(Infinity).toList(), [Infinity, -Infinity]);
  equal(await where(x.less(0), x, Infinity).min().item(), -1);
  equal(await where(x.less(0), x, -Infinity).max().item(), -1);
  equal(await x.sub(x).div(0).isNaN().toList(), [true, true]);
  equal(await tensor([0]).log().toList(), [-Infinity]);
});

onEachEngine("sums over nothing are 0, and empty tensors pass through", async () => {
  strictEqual(await zeros([0]).sum().item(), 0);
  equal(await zeros([0, 3]).sum(0).toList(), [0, 0, 0]);
  equal(await zeros([2, 0]).add(1).toList(), [[], []]);
  equal(await concat([zeros([0]), tensor([1])]).toList(), [1]);
});

onEachEngine("random integers and uniforms stay inside their range", async () => {
  const g = new Generator(11);
  const u = Float32Array.from(await g.uniform([4001]).data());
  ok(u.every((x) => x >= 0 && x < 1));
  const mean = u.reduce((a, b) => a + b, 0) / u.length;
  ok(Math.abs(mean - 0.5) < 0.02, `mean ${mean}`);
  const n = Float32Array.from(await g.normal([4001]).data());
  const variance = n.reduce((a, b) => a + b * b, 0) / n.length;
  ok(Math.abs(variance - 1) < 0.1, `variance ${variance}`);
});

// Gradients and state.

onEachEngine("uniform numbers of a range whose end rounding would reach stay below it", async () => {
  // The one draw of this key that is 1 - 2^-24.
  const drawn = await uniform(randomKey(2), [2 ** 20], 1, 2).data();
  strictEqual(drawn[572461], 2 - 2 ** -23);
  ok(drawn.every((x) => x >= 1 && x < 2));
});

Deno.test("host numbers of a range whose end rounding would reach stay below it", () => {
  const random = new HostRandom(0);
  const bits = [0xffffffff, 0xffffffff];
  random.bits = () => bits.pop() ?? 0;
  equal([...random.uniform(2, 1, 2)], [2 - 2 ** -23, 1]);
  for (const x of [2, 1, -1, 0.1]) ok(float32Below(x) < x && Math.fround((x + float32Below(x)) / 2) >= float32Below(x));
  equal([float32Below(0), float32Below(1), float32Below(-1)], [-(2 ** -149), 1 - 2 ** -24, -1 - 2 ** -23]);
});

onEachEngine("random integers of a range of one are that one", async () => {
  equal(await randomInt(randomKey(0), [3], 5, 6).toList(), [5, 5, 5]);
});

Deno.test("a range that randomInt() cannot draw from is refused", () => {
  const draw = (low: number, high: number) => () => randomInt(randomKey(0), [3], low, high);
  for (const [low, high] of [[5, 5], [6, 5], [0, 2 ** 24 + 1], [0.5, 2], [0, NaN], [0, Infinity]] as const) {
    throws(draw(low, high), /draws from 1 to 2\^24 whole numbers/);
  }
  draw(0, 2 ** 24)();
});

Deno.test("numbers among truths make a float32 tensor, as in PyTorch", async () => {
  equal(await tensor([true, 0.5]).toList(), [1, 0.5]);
  equal(await tensor([[true], [2]]).toList(), [[1], [2]]);
  equal(await tensor([[true], [false]]).toList(), [[true], [false]]);
});

onEachEngine("a parameter that changed between forward and backward is refused", () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const loss = w.square().sum();
  w.assign(tensor([3, 4]));
  throws(() => loss.backward(), coded("G201", /`w`/));
});

onEachEngine("a step() between forward and backward is noticed too", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  const loss = w.square().sum();
  loss.backward();
  optimizer.step();
  throws(() => loss.backward(), coded("G201", /`w`/));
  equal((await w.toList() as number[]).map((x) => Number(x.toFixed(5))), [0.8, 1.6]);
});

onEachEngine("tensors made from a parameter keep the value that it had", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const double = w.mul(2);
  w.assign(tensor([10, 20]));
  equal(await double.toList(), [2, 4]);
  equal(await w.mul(2).toList(), [20, 40]);
});

onEachEngine("gradients that zeroGrad() threw away before step() are refused by name", () => {
  const model = new Linear(2, 2, new HostRandom(0));
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  model.forward(zeros([1, 2])).sum().backward();
  optimizer.zeroGrad();
  throws(() => optimizer.step(), coded("G107", /`model.weight` and `model.bias`/));
});

Deno.test("a step() without backward(), and a parameter that the loss missed, are left alone, and told by name", async () => {
  const model = new Linear(2, 2, new HostRandom(0));
  const extra = new Parameter(zeros([3]), "extra");
  const optimizer = new SGD([...model.parameters(), extra], { lr: 0.1 });
  const told: string[] = [];
  const end = onWarning(({ code, message }) => told.push(`${code} ${/`extra` \[3\]/.exec(message)}`));
  optimizer.step();
  for (let i = 0; i < 3; i++) {
    model.forward(zeros([1, 2])).sum().backward();
    optimizer.step();
    optimizer.zeroGrad();
  }
  end();
  equal(told, ["G106 `extra` [3]"]);
  equal(await extra.toList(), [0, 0, 0]);
});

onEachEngine("many uncompiled steps do not make the graph longer", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 0.01 });
  for (let i = 0; i < 200; i++) {
    optimizer.zeroGrad();
    w.square().sum().backward();
    optimizer.step();
    if (i % 10 === 0) await w.data();
  }
  const expected = [1, 2].map((x) => x * 0.98 ** 200);
  (await w.data()).forEach((x, i) => ok(Math.abs(x - expected[i]!) < 1e-4));
});

Deno.test("assigning another shape or dtype is refused", () => {
  const w = new Variable(tensor([1, 2]), "w");
  throws(() => w.assign(tensor([1, 2, 3])), coded("G301", /`w`/));
  throws(() => w.assign(tensor([1, 2], { dtype: "int32" })), coded("G301"));
  throws(() => new Parameter(tensor([1], { dtype: "int32" })), coded("G301"));
});

Deno.test("assigning another shape to a parameter is refused by its name, also when an optimiser owns it", async () => {
  const [w, v] = [new Parameter(ones([2, 3]), "w"), new Parameter(ones([3]), "v")];
  new Adam([w, v]);
  throws(() => w.assign(zeros([3, 2])), coded("G301", /`w` is float32 \[2, 3\].*float32 \[3, 2\]/));
  throws(() => w.assign(zeros([7])), coded("G301", /`w`/));
  throws(() => w.assign(zeros([2, 3], { dtype: "int32" })), coded("G301", /`w`/));
  w.assign(full([2, 3], 2));
  equal([await w.toList(), await v.toList()], [[[2, 2, 2], [2, 2, 2]], [1, 1, 1]]);
});

Deno.test("assigning inside the step of a scan is refused", () => {
  const w = new Variable(tensor(0), "w");
  const bad = () => scan((c: Tensor, x: Tensor) => (w.assign(x), [c, x]), zeros([]), zeros([3]));
  throws(bad, coded("G105", /carry/));
});

Deno.test("a scan that changes what it carries is refused", () => {
  throws(() => scan((c: Tensor, x: Tensor) => [stack([c, x]), x], zeros([]), zeros([3])), coded("G304", /value 0/));
  throws(() => scan((c: Tensor, x: Tensor) => [c, x], zeros([]), [zeros([3]), zeros([4])] as never), coded("G304"));
});

const refused: Readonly<Record<string, () => unknown>> = {
  "ragged arrays": () => tensor([[1, 2], [3]]),
  "text among numbers": () => tensor(["a"] as never),
  "a tensor among numbers": () => tensor([tensor(1), 2] as never),
  "too few numbers for a shape": () => tensor([1, 2, 3], { shape: [2, 2] }),
  "a reshape to another size": () => zeros([2, 3]).reshape(4),
  "a reshape to negative sizes": () => zeros([2]).reshape(-2, -1),
  "an expand to fewer axes": () => zeros([2, 3]).expand(3),
  "a slice by steps of 0": () => zeros([2]).slice(0, 0, 2, 0),
  "a slice backwards": () => zeros([2]).slice(0, 0, 2, -1),
  "a negative pad": () => zeros([2]).pad(0, -1, 0),
  "indices that are floats": () => zeros([2]).take(tensor([1]), 0),
  "classes that are floats": () => oneHot(tensor([0.5]), 3),
  "the largest of nothing": () => zeros([0]).max(),
  "the index of the largest of nothing": () => zeros([0]).argmax(0),
  "the mean of whole numbers": () => arange(3).mean(),
  "an exponential of whole numbers": () => arange(3).exp(),
  "an array of float64": () => tensor(new Float64Array(2) as never),
  "arithmetic on truths": () => tensor([true]).add(tensor([true])),
};

for (const [what, make] of Object.entries(refused)) {
  Deno.test(`${what}: refused with a sentence`, () => {
    throws(make, coded("G301", /[a-z]{2,} .*[a-z]{2,}/));
  });
}

Deno.test("axes that are not there are refused", () => {
  throws(() => zeros([2, 3]).select(0, 2), coded("G304"));
  throws(() => zeros([2, 3]).squeeze(0), coded("G304"));
  throws(() => zeros([2, 3]).permute(0, 0), coded("G304"));
  throws(() => zeros([2, 3]).sum(2), coded("G304"));
  throws(() => concat([zeros([3]), zeros([3])], 1), coded("G304", /stack\(\) puts tensors along a new axis/));
  throws(() => zeros([2, 3]).sum([0, -2]), coded("G304"));
});

// What TypeScript refuses, a notebook lets through.
const untyped: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => zeros([-1]), "zeros() takes a whole number of at least 0 as `shape[0]`, not the number -1."],
  [() => zeros([1.5]), "zeros() takes a whole number of at least 0 as `shape[0]`, not the number 1.5."],
  [() => zeros([2]).add(undefined as never), "add() needs `other`, a tensor or a number."],
  [() => zeros([2]).add("2" as never), 'add() takes a tensor or a number as `other`, not the text "2".'],
  [
    () => tensor([1], { dtype: "float64" as never }),
    'tensor() takes "float32", "int32", "uint32" or "bool" as `options.dtype`, not the text "float64".',
  ],
  [() => zeros([1], { dtype: "double" as never }), 'as `options.dtype`, not the text "double".'],
  [() => zeros([1]).add(1).cast("float" as never), 'as `dtype`, not the text "float".'],
  [
    () => (zeros as unknown as (...sizes: number[]) => Tensor)(2, 3),
    "help: a shape is a list of sizes: zeros([2, 3]), not zeros(2, 3).",
  ],
  [
    () => zeros([2, 3]).reshape([3, 2] as never),
    "help: give them one by one: reshape(3, 2), not reshape([3, 2]).",
  ],
];

for (const [make, message] of untyped) {
  Deno.test(`refused with a sentence: ${message}`, () => {
    throws(make, (error) => coded("G310")(error) && (error as Error).message.includes(message));
  });
}

Deno.test("a number that an integer dtype cannot hold is refused; fractions are cut off; truths are 0 and 1", async () => {
  for (const [x, dtype] of [[2 ** 31, "int32"], [NaN, "int32"], [Infinity, "int32"], [-1, "uint32"]] as const) {
    throws(() => tensor([0, x], { dtype }), coded("G301", new RegExp(`${x} does not fit in ${dtype}`)));
  }
  equal(await tensor([1.5, -1.5, -(2 ** 31)], { dtype: "int32" }).toList(), [1, -1, -(2 ** 31)]);
  equal([...await tensor([2, 0, NaN], { dtype: "bool" }).data()], [1, 0, 1]);
});

onEachEngine("the variance of nothing, and the unbiased variance of one number, are NaN", async () => {
  equal(await zeros([0]).variance().item(), NaN);
  equal(await tensor([3]).variance().item(), NaN);
  equal(await zeros([0, 2]).std(0).toList(), [NaN, NaN]);
  equal(await tensor([3]).variance(0, { correction: 0 }).item(), 0);
});
