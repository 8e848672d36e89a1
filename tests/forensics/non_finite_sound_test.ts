/** Programs that use infinity, or throw NaN away, on purpose: none of them is an error. */

import assert from "node:assert/strict";
import { Categorical, compile, Parameter, SGD, type Tensor, tensor, Variable, where } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

type Loss = (w: Tensor, x: Tensor) => Tensor;

const sound: Readonly<Record<string, { loss: Loss; x: readonly number[] }>> = {
  "-Infinity as the mask of a softmax()": {
    loss: (w, x) => where(x.greater(0), w, -Infinity).softmax(0).square().sum(),
    x: [1, 0, 1],
  },
  "-Infinity as the mask of a maximum": { loss: (w, x) => where(x.greater(0), w, -Infinity).max(), x: [1, 0, 1] },
  "logits of masked classes": {
    loss: (w, x) => {
      const choice = new Categorical(where(x.greater(0), w, -Infinity));
      return choice.logProb(tensor([0], { dtype: "int32" }).squeeze(0)).neg().add(choice.entropy());
    },
    x: [1, 0, 1],
  },
  "NaN that a where() removes before it is used": {
    loss: (w, x) => w.mul(where(x.isNaN(), 0, x)).sum(),
    x: [1, NaN, 1],
  },
  "a double where()": {
    loss: (w, x) => {
      const ok = x.greater(0);
      return where(ok, where(ok, w.mul(x), 1).log(), 0).sum();
    },
    x: [1, 0, 1],
  },
  "a norm at 0": { loss: (w, x) => w.mul(x).norm(), x: [0, 0, 0] },
  "numbers whose sum overflows float32": { loss: (w, x) => w.mul(x).tanh().sum(), x: [3e38, 3e38, 3e38] },
  "a minimum with infinity": { loss: (w, x) => w.mul(x).minimum(Infinity).sum(), x: [1, 2, 3] },
};

for (const [name, { loss, x }] of Object.entries(sound)) {
  onEachEngine(`a step may use ${name}`, async () => {
    const w = new Parameter(tensor([1, 2, 3]), "w");
    const optimizer = new SGD([w], { lr: 0.01 });
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      const value = loss(w, x);
      value.backward();
      optimizer.step();
      return value;
    }, { state: [w, optimizer] });
    for (let i = 0; i < 3; i++) assert.ok(Number.isFinite(await (await step(tensor([...x]))).item()));
    assert.ok((await w.data()).every(Number.isFinite));
  });
}

onEachEngine("state may be infinite: the best so far", async () => {
  const best = new Variable(tensor(Infinity), "best");
  const step = compile((x: Tensor) => {
    best.assign(where(x.less(0), best, best.minimum(x)));
    return best.mul(1);
  }, { state: best });
  assert.equal(await (await step(tensor(-1))).item(), Infinity);
  assert.equal(await (await step(tensor(3))).item(), 3);
});

onEachEngine("a function that assigns nothing may return what it likes", async () => {
  const logs = compile((x: Tensor) => x.log());
  assert.deepEqual([...await (await logs(tensor([0, -1]))).data()], [-Infinity, NaN]);
});

onEachEngine("checkNumerics: false turns the check of one step off", async () => {
  const last = new Variable(tensor(0), "last");
  const step = compile((x: Tensor) => {
    last.assign(x.log());
    return [];
  }, { state: last, checkNumerics: false });
  await step(tensor(-1));
  assert.equal(await last.item(), NaN);
});
