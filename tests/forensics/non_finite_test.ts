/** A step that goes bad names the first bad operation, forward or backward, and leaves the state as it was. */

import assert from "node:assert/strict";
import {
  compile,
  locateNonFinite,
  NonFiniteError,
  Parameter,
  scan,
  SGD,
  type Tensor,
  tensor,
  Variable,
  where,
} from "../../mod.ts";
import { statisticsOf } from "../../lib/forensics/nonfinite/statistics.ts";
import { onEachEngine } from "../engines.ts";

type Loss = (w: Tensor, x: Tensor) => Tensor;

/** One training step of three weights on three numbers. */
function training(loss: Loss, lr = 0.1) {
  const w = new Parameter(tensor([1, 2, 3]), "w");
  const optimizer = new SGD([w], { lr });
  const step = compile((x: Tensor) => {
    optimizer.zeroGrad();
    const value = loss(w, x);
    value.backward();
    optimizer.step();
    return value;
  }, { state: [w, optimizer], name: "train" });
  return { w, optimizer, step };
}

/** The error of a step that trains on `x`, after one on good numbers. */
async function failure(loss: Loss, x: readonly number[]): Promise<NonFiniteError> {
  const { w, step } = training(loss);
  await (await step(tensor([1, 1, 1]))).item();
  const before = await w.toList();
  let thrown: unknown;
  try {
    await (await step(tensor([...x]))).item();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof NonFiniteError, `it should have thrown, not ${thrown}`);
  assert.deepEqual(await w.toList(), before);
  assert.match(thrown.sites[0]!.toString(), /non_finite_test\.ts/);
  return thrown;
}

interface Case {
  readonly loss: Loss;
  readonly x: readonly number[];
  readonly code: string;
  readonly op: string;
  /** The text of the guilty line holds this. */
  readonly line: string;
}

const broken: Readonly<Record<string, Case>> = {
  "exp() overflows": { loss: (w, x) => w.mul(x).exp().sum(), x: [1, 500, 1], code: "G401", op: "exp", line: "exp()" },
  "0 / 0": { loss: (w, x) => w.sub(w).div(x).sum(), x: [1, 0, 1], code: "G401", op: "div", line: "div(x)" },
  "log() of 0": { loss: (w, x) => w.mul(x).log().mean(), x: [1, 0, 1], code: "G401", op: "log", line: "log()" },
  "log() of a negative number": {
    loss: (w, x) => w.mul(x).log().mean(),
    x: [1, -1, 1],
    code: "G401",
    op: "log",
    line: "log()",
  },
  "sqrt() at 0 in the backward pass": {
    loss: (w, x) => w.mul(x).square().sum().sqrt(),
    x: [0, 0, 0],
    code: "G402",
    op: "div",
    line: "sqrt()",
  },
  "pow() at 0 in the backward pass": {
    loss: (w, x) => w.mul(x).pow(0.5).sum(),
    x: [1, 0, 1],
    code: "G402",
    op: "pow",
    line: "pow(0.5)",
  },
  "where() around log()": {
    loss: (w, x) => where(x.greater(0), w.mul(x).log(), 0).sum(),
    x: [1, 0, 1],
    code: "G403",
    op: "div",
    line: "log()",
  },
  "where() around a division": {
    loss: (w, x) => where(x.greater(0), w.div(x), 0).sum(),
    x: [1, 0, 1],
    code: "G403",
    op: "div",
    line: "div(x)",
  },
  "where() around exp()": {
    loss: (w, x) => where(x.less(10), w.mul(x).exp(), 0).sum(),
    x: [1, 500, 1],
    code: "G403",
    op: "mul",
    line: "exp()",
  },
  "where() around sqrt()": {
    loss: (w, x) => where(x.greater(0), w.mul(x).sqrt(), 0).sum(),
    x: [1, 0, 1],
    code: "G403",
    op: "div",
    line: "sqrt()",
  },
  "clamp() around log()": {
    loss: (w, x) => w.mul(x).log().clamp(-10).sum(),
    x: [1, 0, 1],
    code: "G403",
    op: "div",
    line: "log()",
  },
  "relu() around log()": {
    loss: (w, x) => w.mul(x).log().relu().sum(),
    x: [1, 0, 1],
    code: "G403",
    op: "div",
    line: "log()",
  },
  "NaN in an argument": { loss: (w, x) => w.mul(x).sum(), x: [1, NaN, 1], code: "G404", op: "input", line: "mul(x)" },
  "infinity in an argument": {
    loss: (w, x) => w.mul(x).square().sum(),
    x: [1, Infinity, 1],
    code: "G404",
    op: "input",
    line: "mul(x)",
  },
  "a row of softmax() whose entries are all masked": {
    loss: (w, x) => where(x.greater(0), w, -Infinity).softmax(0).square().sum(),
    x: [0, 0, 0],
    code: "G401",
    op: "sub",
    line: "softmax(0)",
  },
};

for (const [name, { loss, x, code, op, line }] of Object.entries(broken)) {
  onEachEngine(`a step names ${name}: ${code}`, async () => {
    const error = await failure(loss, x);
    assert.equal(error.code, code, error.message);
    assert.equal(error.origin!.op, op, error.message);
    assert.ok(error.sites[0]!.text!.includes(line), error.message);
  });
}

onEachEngine("the first bad operation comes with the statistics of its inputs", async () => {
  const { origin } = await failure((w, x) => w.mul(x).log().mean(), [1, 0, 1]);
  const [input] = origin!.inputs;
  assert.deepEqual([input!.name, input!.dtype, input!.shape], ["mul", "float32", [3]]);
  assert.equal(input!.statistics.min, 0);
  assert.equal(input!.statistics.zeros, 1 / 3);
  assert.equal(origin!.output.statistics.infinite, 1 / 3);
});

onEachEngine("a trap names the where() that hides the bad number, with the double where as help", async () => {
  const error = await failure((w, x) => {
    const logs = w.mul(x).log();
    return where(x.greater(0), logs, 0).sum();
  }, [1, 0, 1]);
  assert.equal(error.origin!.hiddenBy!.op, "where");
  assert.match(error.sites[1]!.text!, /where\(x\.greater/);
  assert.match(error.help[0]!, /where\(ok, where\(ok, x, 1\)\.log\(\), 0\)/);
  const infinite = await failure((w, x) => where(x.greater(0), w.mul(x).reciprocal(), 0).sum(), [1, 0, 1]);
  assert.deepEqual([infinite.origin!.direction, infinite.origin!.hiddenBy!.op], ["backward", "where"]);
});

onEachEngine("an overflow names both lines: where infinity was made, and where it became NaN", async () => {
  const error = await failure((w, x) => {
    const large = w.mul(x).exp();
    return large.sub(large).sum();
  }, [1, 50, 1]);
  assert.deepEqual([error.code, error.origin!.op, error.origin!.becameNaN!.op], ["G401", "exp", "sub"]);
});

onEachEngine("a bad number inside a scan is named with its step, forward", async () => {
  const error = await failure((w, x) => {
    const [last] = scan((c: Tensor, y: Tensor) => [c.mul(y).mul(0.1).exp(), c], w, x.unsqueeze(-1).expand(3, 3));
    return last.log().sum();
  }, [1, 3000, 1]);
  assert.deepEqual([error.origin!.op, error.origin!.steps], ["exp", [1]]);
  assert.match(error.message, /step 1 of the scan/);
});

onEachEngine("a bad number inside a scan is named with its step, backward", async () => {
  const error = await failure((w, x) => {
    const [, ys] = scan((c: Tensor, y: Tensor) => [c, c.mul(y).square().sum().sqrt()], w, x.unsqueeze(-1).expand(3, 3));
    return ys.sum();
  }, [1, 0, 1]);
  assert.deepEqual([error.code, error.origin!.derivativeOf, error.origin!.steps], ["G402", "sqrt", [1]]);
});

onEachEngine("a bad number in a scan inside a scan is named with both steps", async () => {
  const error = await failure((w, x) => {
    const [, outer] = scan(
      (c: Tensor, y: Tensor) => {
        const [, inner] = scan((d: Tensor, z: Tensor) => [d, d.mul(z).add(1).log().sum()], c, y);
        return [c, inner.sum()];
      },
      w,
      x.unsqueeze(-1).expand(3, 2),
    );
    return outer.sum();
  }, [1, 1, -1]);
  assert.deepEqual([error.origin!.op, error.origin!.steps], ["log", [2, 0]]);
});

onEachEngine("state that is not finite before the step is named: a learning rate", async () => {
  const { w, optimizer, step } = training((w, x) => w.mul(x).sum());
  await (await step(tensor([1, 1, 1]))).item();
  optimizer.groups[0]!.lr.assign(tensor(NaN));
  await assert.rejects(async () => await (await step(tensor([1, 1, 1]))).item(), (error: NonFiniteError) => {
    assert.equal(error.code, "G404");
    assert.match(error.message, /parameters\.lr/);
    return true;
  });
  assert.ok((await w.data()).every(Number.isFinite));
});

onEachEngine("a gradient norm that overflows is bad, though clipping would make the step 0", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  const step = compile((x: Tensor) => {
    optimizer.zeroGrad();
    w.mul(x).sum().backward();
    optimizer.clipGradNorm(1);
    optimizer.step();
    return [];
  }, { state: [w, optimizer], name: "train" });
  await step(tensor([1, 1]));
  await assert.rejects(async () => {
    await step(tensor([1e30, 1]));
    await w.data();
  }, (error: NonFiniteError) => {
    assert.deepEqual(error.sinks, ["the gradient norm"]);
    assert.equal(error.origin!.op, "mul");
    return true;
  });
  assert.ok((await w.data()).every(Number.isFinite));
});

onEachEngine("of many steps that nobody reads the first bad one is named, with the state before it", async () => {
  const { w, step } = training((w, x) => w.mul(x).log().sum(), 0.001);
  const inputs = Array.from({ length: 150 }, (_, i) => i === 101 ? -1 : 1 + i % 3);
  const expected = training((w, x) => w.mul(x).log().sum(), 0.001);
  for (const x of inputs.slice(0, 101)) await expected.step(tensor([x, x, x]));
  await assert.rejects(async () => {
    for (const x of inputs) await step(tensor([x, x, x]));
    await w.data();
  }, (error: NonFiniteError) => {
    const argument = error.step!.inputs.get("argument/0")!.storage;
    assert.equal(error.origin!.op, "log");
    return argument.size === 3;
  });
  assert.deepEqual(await w.toList(), await expected.w.toList());
});

onEachEngine(
  "programs that share state are judged apart: what one was given is there though another replaced it",
  async () => {
    const shared = new Variable(tensor([1, 2]), "shared");
    const other = new Variable(tensor([0, 0]), "other");
    const grow = compile(() => {
      shared.assign(shared.mul(2));
      return [];
    }, { state: shared, name: "grow" });
    const divide = compile((x: Tensor) => {
      other.assign(shared.sub(shared).div(x));
      return [];
    }, { state: [shared, other], name: "divide" });
    await assert.rejects(async () => {
      await divide(tensor([1, 1]));
      await grow();
      await divide(tensor([0, 1]));
      await grow();
      await other.data();
    }, { code: "G401" });
  },
);

onEachEngine("a replayed step fails as the step did", async () => {
  const loss: Loss = (w, x) => w.mul(x).log().sum();
  const error = await failure(loss, [1, 0, 1]);
  const again = training(loss);
  const saved = Object.fromEntries(
    await Promise.all(
      [...error.step!.inputs].map(async ([name, { dtype, shape, storage }]) =>
        [name, { dtype, shape, data: await storage.read() }] as const
      ),
    ),
  );
  await assert.rejects(async () => await (await again.step.replay(saved)).item(), { code: error.code });
});

Deno.test("locateNonFinite() names the operation behind uncompiled tensors, or gives null", async () => {
  const x = tensor([1, 0]);
  assert.equal(await locateNonFinite([x.exp(), x.sum()]), null);
  const origin = await locateNonFinite({ good: x.exp(), bad: x.log().sum() });
  assert.deepEqual([origin!.op, origin!.direction], ["log", "forward"]);
});

onEachEngine("an uncompiled step that goes bad is refused when a value is read", async () => {
  const w = new Parameter(tensor([1, 2, 3]), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  const train = async (x: Tensor): Promise<number> => {
    optimizer.zeroGrad();
    const loss = w.mul(x).sqrt().sum();
    loss.backward();
    optimizer.step();
    return Number(await loss.item());
  };
  await train(tensor([1, 1, 1]));
  await assert.rejects(() => train(tensor([1, 0, 1])), (error: NonFiniteError) => {
    assert.deepEqual([error.code, error.origin!.derivativeOf], ["G402", "sqrt"]);
    return true;
  });
});

/** A policy whose log-probability inverts the tanh of the action, as code from elsewhere does. */
function unsafeLogProb(loc: Tensor, scale: Tensor, action: Tensor): Tensor {
  const u = action.add(1).div(action.neg().add(1)).log().mul(0.5);
  const z = u.sub(loc).div(scale);
  return z.square().mul(-0.5).sub(scale.log()).sub(action.square().neg().add(1).log());
}

onEachEngine("actions of an unsafe tanh-normal name the inversion that leaves the range", async () => {
  const w = new Parameter(tensor([0.5]), "policy.w");
  const optimizer = new SGD([w], { lr: 1 });
  const position = new Variable(tensor([0.1, 0.2]), "world.position");
  const rollout = compile((noise: Tensor) => {
    optimizer.zeroGrad();
    const [last, seen] = scan(
      (now: Tensor, n: Tensor) => {
        const loc = now.mul(w);
        const action = loc.add(n).tanh();
        const logProb = unsafeLogProb(loc, loc.mul(0).add(1), action);
        return [now.add(action.mul(0.1)), { action, logProb }];
      },
      position as Tensor,
      noise,
    );
    position.assign(last);
    seen.logProb.mean().backward();
    optimizer.step();
    return seen;
  }, { state: [w, optimizer, position], name: "rollout" });
  await (await rollout(tensor([[0.1, 0.2], [0.3, 0.1], [0.2, 0]]))).action.data();
  await assert.rejects(
    async () => await (await rollout(tensor([[0.1, 0.2], [0.3, 20], [0.2, 0]]))).action.data(),
    (error: NonFiniteError) => {
      assert.equal(error.code, "G401");
      assert.deepEqual([error.origin!.op, error.origin!.steps], ["div", [1]]);
      assert.match(error.sites[0]!.text!, /action\.add\(1\)\.div/);
      assert.match(error.message, /policy\.w/);
      return true;
    },
  );
  assert.ok([...await w.data(), ...await position.data()].every(Number.isFinite));
});

Deno.test("the range and mean of numbers are those of the finite ones, and shares are of all", () => {
  const shares = { zeros: 0.2, nan: 0.2, infinite: 0.2 };
  assert.deepEqual(statisticsOf(Float32Array.of(1, NaN, 2, 0, -Infinity)), { min: 0, max: 2, mean: 1, ...shares });
});

Deno.test("where the replay makes no bad number, the lines are told that made what went bad", () => {
  const loss = tensor([1]).sum();
  const error = new NonFiniteError({
    ...{ sinks: ["the loss"], sites: [loss.node.site], origin: null, step: null },
    consequence: "The loss went bad.",
  });
  assert.equal(error.code, "G405");
  assert.match(error.message, /The loss went bad\. Replayed operation by operation, the step makes no bad number\./);
  assert.match(
    error.message,
    /non_finite_test\.ts:\d+:\d+\n\s*\d+ \| {3}const loss = tensor\(\[1\]\)\.sum\(\);\n.*\^+ made here/,
  );
});
