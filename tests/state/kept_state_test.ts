/** A step that fails leaves the state as it was, uncompiled as compiled: what is refused, and what goes bad. */

import assert from "node:assert/strict";
import {
  Adam,
  BatchNorm,
  compile,
  Generator,
  HostRandom,
  Linear,
  NonFiniteError,
  Parameter,
  PlumblineError,
  scan,
  SGD,
  stack,
  type Tensor,
  tensor,
  Variable,
} from "../../mod.ts";
import { EngineFault, saysStateIsKept } from "../../lib/graph/error.ts";
import { onEachEngine, onEngine } from "../engines.ts";

const kept = /Nothing was lost: the state stays as it was before the step(\.|, without the)/;
const outside = tensor([5], { dtype: "int32" });

/** Only ONNX Runtime refuses to compute; what goes bad does so everywhere. */
const refused = { code: "G308", message: kept };
const bad = { code: /^G40/, message: kept };

/** The numbers of everything that an optimiser changes. */
async function stateOf(optimizer: Adam | SGD): Promise<number[][]> {
  return await Promise.all(optimizer.variables().map(async (x) => [...await x.data()]));
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => null, (error) => error);
  assert.ok(error instanceof PlumblineError, `it should have thrown, not given ${error}`);
  return error.message;
}

/** A step of Adam on `w`, of a loss that is bad where `x` is 0. */
function adam() {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new Adam([w], { lr: 0.1 });
  const step = (x: number): Tensor => {
    const loss = w.div(x).square().sum();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { w, optimizer, step };
}

onEngine(
  "cpu",
  "a step that cannot be computed is told by who reads next, once; the parameter holds what it held",
  async () => {
    const doubled = compile((x: Tensor) => x.mul(2));
    const w = new Parameter(tensor([1, 2]), "w");
    const optimizer = new SGD([w], { lr: 0.5 });
    const step = (at: Tensor): Tensor => {
      const loss = w.take(at, 0).sum();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    };
    for (
      const read of [
        (x: Tensor) => x.item(),
        () => tensor([1]).add(1).data(),
        () => doubled(tensor([3])),
        () => w.data(),
      ]
    ) {
      await assert.rejects(() => read(step(outside)), refused);
      assert.deepEqual(await w.toList(), [1, 2]);
      assert.equal(await optimizer.count.item(), 0);
    }
    step(tensor([0], { dtype: "int32" }));
    assert.deepEqual(await w.toList(), [0.5, 2]);
  },
);

onEachEngine("a step that went bad leaves weights, moments and count as they were", async () => {
  const [tried, sound] = [adam(), adam()];
  for (const x of [1, 2]) await tried.step(x).item();
  const before = await stateOf(tried.optimizer);
  await assert.rejects(() => tried.step(0).item(), bad);
  assert.deepEqual(await stateOf(tried.optimizer), before);
  await tried.step(3).item();
  for (const x of [1, 2, 3]) await sound.step(x).item();
  assert.deepEqual(await stateOf(tried.optimizer), await stateOf(sound.optimizer));
});

onEachEngine("steps that nobody read are judged one by one: those before a bad one stand", async () => {
  const [tried, sound] = [adam(), adam()];
  for (const x of [1, 2, 3, 0, 4, 5]) tried.step(x);
  const message = await messageOf(tried.w.data());
  assert.match(
    message,
    /^error\[G401\]: div\(\) made infinity\. `parameters\.mean`, `parameters\.square`, `w` and the loss would/,
  );
  assert.match(message, /the state stays as it was before the step, without the 2 after it that built on it\.\n/);
  for (const x of [1, 2, 3]) sound.step(x);
  assert.deepEqual(await stateOf(tried.optimizer), await stateOf(sound.optimizer));
});

onEachEngine("a gradient that went bad is not added to by the next backward()", async () => {
  const { w, optimizer } = adam();
  for (const x of [0, 1]) {
    const loss = w.div(x).square().sum();
    loss.backward();
    optimizer.step();
    if (x === 0) await assert.rejects(() => loss.item(), bad);
    else assert.equal(await loss.item(), 5);
  }
  assert.equal(await optimizer.count.item(), 1);
});

onEachEngine("what does not depend on a step that went bad stands, before it and after it", async () => {
  const { w, optimizer, step } = adam();
  const [before, after, own] = ["before", "after", "own"].map((name) => new Variable(tensor([1]), name));
  const other = adam();
  before!.assign(before!.add(1));
  other.step(1);
  step(0);
  other.step(2);
  after!.assign(after!.add(1));
  own!.assign(w.sum().reshape(1));
  own!.assign(tensor([9]));
  await assert.rejects(() => other.w.data(), bad);
  const sound = adam();
  for (const x of [1, 2]) sound.step(x);
  assert.deepEqual(await stateOf(other.optimizer), await stateOf(sound.optimizer));
  assert.deepEqual([await before!.item(), await after!.item(), await own!.item()], [2, 2, 9]);
  assert.deepEqual([await w.toList(), await optimizer.count.item()], [[1, 2], 0]);
});

onEachEngine("weights that are assigned before a step that goes bad, or after it, are not lost with it", async () => {
  const layer = new Linear(2, 1, new HostRandom(0));
  const optimizer = new Adam(layer.parameters(), { lr: 0.1 });
  const step = (x: number): Tensor => {
    const loss = layer.forward(tensor([[1, 1]])).div(x).square().sum();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  step(1);
  layer.weight.assign(tensor([[3, 4]]));
  await assert.rejects(() => step(0).item(), bad);
  assert.deepEqual(await layer.weight.toList(), [[3, 4]]);
  step(0);
  layer.weight.assign(tensor([[5, 6]]));
  await assert.rejects(() => layer.weight.data(), bad);
  assert.deepEqual(await layer.weight.toList(), [[5, 6]]);
  assert.equal(await optimizer.count.item(), 1);
});

onEachEngine("of weights that are assigned, the bad ones are told once and taken back; the others stay", async () => {
  const layers = [0, 1, 2].map((seed) => new Linear(2, 1, new HostRandom(seed), { biasInit: null }));
  const optimizer = new Adam(layers.flatMap((x) => x.parameters()), { lr: 0.1 });
  const before = await layers[0]!.weight.toList();
  layers.forEach(({ weight }, i) => weight.assign(tensor([[i === 0 ? Infinity : 1, i]])));
  const message = await messageOf(layers[2]!.weight.data());
  assert.match(message, /^error\[G404\]/);
  assert.doesNotMatch(message, /after it that built on it/);
  assert.deepEqual(await Promise.all(layers.map((x) => x.weight.toList())), [before, [[1, 1]], [[1, 2]]]);
  assert.equal(await optimizer.count.item(), 0);
});

onEachEngine("a step that is written by hand goes back with the moments that it was computed from", async () => {
  const [w, moment, count, other] = ["w", "moment", "count", "other"].map((name) => new Variable(tensor([2]), name));
  const step = (by: number): void => {
    count!.assign(count!.add(1));
    const next = moment!.mul(0.5).add(w!.mul(0.25));
    moment!.assign(next);
    other!.assign(other!.add(1));
    w!.assign(w!.sub(next.sub(next).div(by)).add(count!));
  };
  step(1);
  step(0);
  await assert.rejects(() => w!.data(), bad);
  const numbers = await Promise.all([w!, moment!, count!, other!].map((x) => x.item()));
  assert.deepEqual(numbers, [5, 1.5, 3, 4]);
});

onEngine(
  "cpu",
  "what is assigned while a bad step is being told is built on what the variable holds then",
  async () => {
    for (let turns = 0; turns < 12; turns++) {
      const v = new Variable(tensor(1), "v");
      v.assign(v.sub(2).log());
      const read = v.item();
      for (let i = 0; i < turns; i++) await null;
      v.assign(v.add(1));
      await assert.rejects(read, bad);
      const left = await v.item();
      assert.ok(left === 1 || left === 2, `${left} after ${turns} turns`);
    }
  },
);

onEachEngine("random numbers of a step that went bad are drawn again", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  const random = new Generator(3);
  const step = (x: number): void => {
    const noise = random.normal([2]).add(random.uniform([2]));
    optimizer.zeroGrad();
    w.mul(noise).div(x).sum().backward();
    optimizer.step();
  };
  step(1);
  const key = await random.key.toList();
  step(0);
  step(1);
  await assert.rejects(() => w.data(), bad);
  assert.deepEqual(await random.key.toList(), key);
});

onEachEngine(
  "a variable that went bad is told and holds what it held; one that was written so is left alone",
  async () => {
    const [mean, bound] = [new Variable(tensor([1]), "mean"), new Variable(tensor([1]), "bound")];
    mean.assign(mean.sub(1).div(mean.sub(1)));
    const message = await messageOf(mean.data());
    assert.match(
      message,
      /^error\[G401\]: div\(\) made NaN\. `mean` would have gone bad\. Nothing was lost: the state stays/,
    );
    assert.deepEqual(await mean.toList(), [1]);
    bound.assign(tensor([-Infinity]));
    bound.assign(bound.mul(2));
    assert.deepEqual(await bound.toList(), [-Infinity]);
    bound.assign(tensor([NaN]));
    assert.deepEqual(await bound.toList(), [NaN]);
  },
);

onEachEngine("a tensor that was made of a value that was taken back says so", async () => {
  const { w, step } = adam();
  step(0);
  const doubled = w.mul(2);
  await assert.rejects(() => w.data(), bad);
  const message = await messageOf(doubled.data());
  assert.match(
    message,
    /^error\[G202\]: a tensor was computed from the value that `.*` would have had after a step that failed\./,
  );
  assert.match(message, /help: compute it again: the variable holds what it held before that step\./);
  assert.deepEqual(await w.mul(2).toList(), [2, 4]);
});

onEngine("cpu", "a read that is refused loses no assignment, and takes none along", async () => {
  const count = new Variable(tensor(0), "count");
  count.assign(count.add(1));
  const error = await messageOf(tensor([1, 2]).take(outside, 0).data());
  assert.doesNotMatch(error, /Nothing was lost/);
  assert.equal(count.node.op, "input");
  assert.equal(await count.item(), 1);
});

onEngine("cpu", "of two assignments that fail the first is told, and none stands", async () => {
  const [broken, infinite] = [new Variable(tensor([1]), "broken"), new Parameter(tensor([1]), "infinite")];
  broken.assign(tensor([1, 2]).take(outside, 0));
  infinite.assign(infinite.div(0));
  await assert.rejects(() => tensor([1]).add(1).data(), refused);
  assert.deepEqual([await broken.item(), await infinite.item()], [1, 1]);
});

onEachEngine("an epoch in a scan stands or falls as a whole", async () => {
  const { w, optimizer } = adam();
  const epoch = (xs: readonly number[]): void => {
    const step = (_: readonly [], x: Tensor): [readonly [], readonly []] => {
      optimizer.zeroGrad();
      w.div(x).square().sum().backward();
      optimizer.step();
      return [[], []];
    };
    scan(step, [], tensor([...xs]), { state: optimizer });
  };
  epoch([1, 2]);
  const before = await stateOf(optimizer);
  epoch([3, 0, 1]);
  await assert.rejects(() => optimizer.count.item(), bad);
  assert.deepEqual(await stateOf(optimizer), before);
  epoch([3]);
  assert.equal(await optimizer.count.item(), 3);
});

onEachEngine("a scan that is refused has assigned nothing", async () => {
  const count = new Variable(tensor([1]), "count");
  const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
    count.assign(count.add(1));
    return [h.reshape(2, 1), x];
  };
  assert.throws(() => scan(step, tensor([0, 0]), tensor([1, 2]), { state: count }), { code: "G304" });
  assert.deepEqual(await count.toList(), [1]);
});

onEachEngine("a saved step of another program is refused, and no variable of it is changed", async () => {
  const [a, b] = [new Variable(tensor([1]), "a"), new Variable(tensor([2]), "b")];
  const step = compile((x) => a.assign(a.add(b).add(x)), { state: [a, b], name: "step" });
  const of = (value: number) => ({ dtype: "float32", shape: [1], data: Float32Array.of(value) }) as const;
  const saved = { "argument/0": { ...of(0), shape: [] }, "state/0/a": of(7), "state/1/b": { ...of(8), shape: [1, 1] } };
  await assert.rejects(() => step.replay(saved), {
    code: "G203",
    message: /the saved step has no `state\/1\/b` float32 \[1\]/,
  });
  assert.deepEqual([await a.item(), await b.item()], [1, 2]);
  await step.replay({ ...saved, "state/1/b": of(8) });
  assert.deepEqual([await a.item(), await b.item()], [15, 8]);
});

onEachEngine("an optimiser whose step throws half way has assigned nothing", async () => {
  class Torn extends SGD {
    override update(...args: Parameters<SGD["update"]>): Tensor {
      if (args[0].group.name === "second") throw new RangeError("no second group");
      return super.update(...args);
    }
  }
  const [a, b] = [new Parameter(tensor([1]), "a"), new Parameter(tensor([1]), "b")];
  const groups = [{ name: "first", parameters: [a] }, { name: "second", parameters: [b] }];
  const optimizer = new Torn(groups, { lr: 0.5, momentum: 0.9 });
  a.add(b).sum().backward();
  const random = new Generator(3);
  const drawn = random.normal([2]);
  assert.throws(() => optimizer.step(), /no second group/);
  assert.deepEqual([await a.item(), await b.item(), await optimizer.count.item()], [1, 1, 0]);
  assert.notDeepEqual(await random.normal([2]).toList(), await drawn.toList());
});

onEachEngine(
  "a compiled step that went bad says that nothing was lost, and so does one that is refused",
  async (engine) => {
    const w = new Parameter(tensor([1, 2]), "w");
    const optimizer = new Adam([w], { lr: 0.1 });
    const step = compile((x, at) => {
      const loss = w.div(x).take(at.cast("int32").reshape(1), 0).sum();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    }, { state: [w, optimizer], name: "train" });
    await (await step(1, 0)).item();
    const before = await stateOf(optimizer);
    await assert.rejects(async () => await (await step(0, 0)).item(), bad);
    assert.deepEqual(await stateOf(optimizer), before);
    if (engine.name === "cpu") await assert.rejects(() => step(1, 7), refused);
    assert.deepEqual(await stateOf(optimizer), before);
    await (await step(1, 1)).item();
    assert.equal(await optimizer.count.item(), 2);
  },
);

onEachEngine(
  "of compiled functions that share a variable the first that went bad is told; both are taken back",
  async () => {
    const [w, v] = [new Variable(tensor([2]), "w"), new Variable(tensor([1]), "v")];
    const first = compile((x) => w.assign(w.div(x).sub(w.div(x)).add(w)), { state: w, name: "first" });
    const second = compile(() => v.assign(v.add(w)), { state: [w, v], name: "second" });
    await first(1);
    await second();
    await (async () => {
      await first(0);
      await second();
      await first(1);
      await v.data();
    })().then(() => assert.fail("it should have thrown"), (error) => {
      assert.ok(error instanceof NonFiniteError);
      assert.equal(error.step?.program, "first");
      assert.match(error.message, /Nothing was lost: the state stays as it was before the step/);
    });
    assert.deepEqual([await w.item(), await v.item()], [2, 3]);
    await second();
    assert.equal(await v.item(), 5);
  },
);

onEachEngine("what is assigned over a compiled step that went bad stays", async () => {
  const w = new Variable(tensor([2]), "w");
  const seen = new Variable(tensor([0]), "seen");
  const step = compile((x) => w.assign(w.sub(w).div(x)), { state: w, name: "step" });
  const result = step(0).catch((error) => error);
  await result;
  w.assign(tensor([7]));
  seen.assign(seen.add(1));
  await w.data().catch(() => {});
  await result;
  assert.deepEqual([await w.item(), await seen.item()], [7, 1]);
});

onEachEngine("stacked values of a variable are those of their time", async () => {
  const w = new Variable(tensor([1]), "w");
  const seen: Tensor[] = [];
  for (let i = 0; i < 3; i++) {
    seen.push(w.mul(10));
    w.assign(w.add(1));
  }
  assert.deepEqual(await stack(seen).toList(), [[10], [20], [30]]);
});

onEngine(
  "webgpu",
  "what is built on a compiled step that went bad, before anybody has looked, goes back with it",
  async () => {
    const [w, mean, other] = ["w", "mean", "other"].map((name) => new Variable(tensor([2]), name));
    const step = compile((x) => w!.assign(w!.div(x).sub(w!.div(x)).add(w!)), { state: w!, name: "step" });
    await step(1);
    await step(0);
    other!.assign(other!.add(1));
    other!.assign(other!.add(1));
    mean!.assign(mean!.add(w!));
    await assert.rejects(() => other!.data(), (error) => {
      assert.ok(error instanceof NonFiniteError);
      assert.equal(error.step?.program, "step");
      return kept.test(error.message);
    });
    assert.deepEqual([await w!.item(), await mean!.item(), await other!.item()], [2, 2, 4]);
    mean!.assign(mean!.add(w!));
    assert.equal(await mean!.item(), 4);
  },
);

onEachEngine("a loss that was refused before its step is forgotten: the next good step works", async () => {
  const { w, optimizer } = adam();
  const lossOf = (x: number): Tensor => w.div(x).square().sum();
  for (const x of [0, 1, 0, 2]) {
    const loss = lossOf(x);
    optimizer.zeroGrad();
    loss.backward();
    if (x === 0) await assert.rejects(() => loss.item(), { code: /^G40/ });
    else {
      optimizer.step();
      await loss.item();
    }
  }
  assert.equal(await optimizer.count.item(), 2);
});

onEachEngine("the error of a bad loss is the same, however often it is read", async () => {
  const { w } = adam();
  const loss = w.div(0).sum();
  loss.backward();
  for (let i = 0; i < 3; i++) {
    assert.match(await messageOf(loss.item()), /^error\[G401\]: div\(\) made infinity\. The loss went bad\.\n/);
  }
});

Deno.test("what is said of a step is said of no device that was lost", () => {
  const lost = new EngineFault("The GPU device was lost.");
  assert.equal(saysStateIsKept(lost).message, "The GPU device was lost.");
  assert.equal(
    saysStateIsKept(new Error("The GPU has no memory left"), 1).message,
    "The GPU has no memory left. Nothing was lost: the state stays as it was before the step, without the one after it " +
      "that built on it.",
  );
});

onEachEngine("a step that fails uncompiled takes back running statistics, counts and random keys with it", async () => {
  const x = tensor([[1, 2], [3, -1], [0.5, 0.2]]);
  for (const read of ["loss", "statistics"]) {
    const w = new Parameter(tensor([0.5, -0.3]), "w");
    const [norm, generator, average] = [new BatchNorm(2), new Generator(3), new Variable(tensor([0, 0]), "average")];
    const optimizer = new Adam([w, ...norm.parameters()], { lr: 0.1 });
    const step = (isBad: boolean): Tensor => {
      // Of the step before: it stays.
      average.assign(average.mul(0.5).add(w.mul(0.5)));
      const loss = norm.forward(x.mul(w)).add(generator.normal([3, 2])).square().mean().add(
        isBad ? w.sub(100).log().sum() : 0,
      );
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    };
    await step(false).item();
    const state = [optimizer, w, norm, generator].flatMap((x) => x.variables());
    const numbers = async (): Promise<unknown> => await Promise.all(state.map((x) => x.toList()));
    const [before, mean] = [await numbers(), await average.toList()];
    const loss = step(true);
    await assert.rejects(
      async () => await (read === "loss" ? loss : norm.variables().at(-1)!).toList(),
      (error: Error) => kept.test(error.message),
    );
    assert.deepEqual(await numbers(), before);
    assert.notDeepEqual(await average.toList(), mean);
    assert.ok(Number.isFinite(await step(false).item()));
    assert.notDeepEqual(await numbers(), before);
  }
});
