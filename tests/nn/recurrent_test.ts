/** Modules that remember: resets, leading axes, members with weights of their own, states that are learned. */

import assert from "node:assert/strict";
import {
  concat,
  gradients,
  GRU,
  HostRandom,
  leaves,
  LSTM,
  normal,
  Parameter,
  randomKey,
  Recurrent,
  RecurrentMLP,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

/** Whether two tensors have the same shape and the same numbers to rounding. */
async function assertNear(found: Tensor, expected: Tensor, what: string): Promise<void> {
  assert.deepEqual(found.shape, expected.shape, what);
  const [a, b] = [await found.data(), await expected.data()];
  a.forEach((x, i) => assert.ok(Math.abs(x - b[i]!) < 1e-6, `${what} ${i}: ${x} for ${b[i]}`));
}

/** Counts the steps since the last reset from a start that is learned, and adds what it is given. */
class Counter extends Recurrent<{ readonly count: Tensor }> {
  readonly start: Parameter = new Parameter(tensor([10]), "start");

  override initialState(...leading: number[]): { readonly count: Tensor } {
    return { count: this.start.expand(...leading, 1) };
  }

  override step(x: Tensor, { count }: { readonly count: Tensor }): readonly [Tensor, { readonly count: Tensor }] {
    const next = count.add(1).add(x);
    return [next, { count: next }];
  }
}

const layers = {
  LSTM: () => new LSTM(2, 3, new HostRandom(5)),
  GRU: () => new GRU(2, 3, new HostRandom(5)),
  "RecurrentMLP of an LSTM": () => new RecurrentMLP("lstm", [2, 4, 5, 3], new HostRandom(5)),
  "RecurrentMLP of a GRU": () => new RecurrentMLP("gru", [2, 5, 3], new HostRandom(5)),
} satisfies Record<string, () => Recurrent>;

for (const [name, make] of Object.entries(layers) as [string, () => Recurrent][]) {
  onEachEngine(`${name} starts anew where resets is true, and nowhere else`, async () => {
    const layer = make();
    const x = normal(randomKey(6), [4, 2, 2]);
    const resets = tensor([[false, false], [false, true], [false, false], [true, false]]);
    const [together] = layer.run(x, layer.initialState(2), resets);
    const [whole] = layer.run(x);
    const [fromOne, fromThree] = [layer.run(x.slice(0, 1))[0], layer.run(x.slice(0, 3))[0]];
    await assertNear(together.slice(0, 0, 3).select(1, 0), whole.slice(0, 0, 3).select(1, 0), "before");
    await assertNear(together.slice(0, 3).select(1, 0), fromThree.select(1, 0), "after");
    await assertNear(together.slice(0, 0, 1).select(1, 1), whole.slice(0, 0, 1).select(1, 1), "before");
    await assertNear(together.slice(0, 1).select(1, 1), fromOne.select(1, 1), "after");
  });

  onEachEngine(`${name} gives step by step what it gives of a whole sequence, for any leading axes`, async () => {
    const layer = make();
    const x = normal(randomKey(7), [3, 4, 2, 2]).named("time", "env", "agent", null);
    const resets = tensor([[false, false, true, false], [true, false, false, false], [false, true, false, false]]);
    const [outputs, last] = layer.run(x, layer.initialState(4, 2), resets);
    assert.deepEqual(outputs.axes, ["time", "env", "agent", null]);
    const [wide] = layer.run(x, undefined, resets.unsqueeze(-1).expand(3, 4, 2));
    const [found, expected] = [[wide], [outputs]];
    for (const [env, from, to] of [[0, 1, 3], [1, 0, 2], [2, 0, 3], [3, 0, 3]] as const) {
      let state = layer.initialState(1, 2);
      for (let t = from; t < to; t++) {
        const [output, next] = layer.step(x.select(0, t).slice(0, env, env + 1), state);
        state = next;
        found.push(output.squeeze(0));
        expected.push(outputs.select(0, t).select(0, env));
      }
      if (to < 3) continue;
      leaves(state).forEach((x, i) => {
        found.push(x.squeeze(0));
        expected.push(leaves(last)[i]!.select(0, env));
      });
    }
    const flat = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((x) => x.flatten()), 0);
    await assertNear(flat(found), flat(expected), "outputs and last states");
  });
}

for (
  const [name, make] of Object.entries({
    LSTM: (members?: number) => new LSTM(2, 3, new HostRandom(5), members === undefined ? {} : { members }),
    GRU: (members?: number) => new GRU(2, 3, new HostRandom(5), members === undefined ? {} : { members }),
    RecurrentMLP: (members?: number) =>
      new RecurrentMLP("lstm", [2, 3, 4, 1], new HostRandom(5), members === undefined ? {} : { members }),
  }) as [string, (members?: number) => Recurrent][]
) {
  onEachEngine(`${name} with members is as many layers, each with weights and gradients of its own`, async () => {
    const [together, one] = [make(3), make()];
    const x = normal(randomKey(8), [4, 5, 3, 2]);
    const resets = normal(randomKey(9), [4, 5]).greater(1);
    const [y] = together.run(x, undefined, resets);
    const found = gradients(y.square().mean(), together.parameters());
    const flat = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((x) => x.flatten()), 0);
    for (let i = 0; i < 3; i++) {
      one.parameters().forEach((parameter, k) => parameter.assign(together.parameters()[k]!.select(0, i)));
      const [expected] = one.run(x.select(2, i), undefined, resets);
      const own = gradients(expected.square().mean().div(3), one.parameters());
      const what = `what member ${i} gives, and its gradients`;
      await assertNear(flat([y.select(2, i), ...found.map((x) => x.select(0, i))]), flat([expected, ...own]), what);
    }
  });
}

onEachEngine("an initial state that is learned is where resets start, and has its gradient from there", async () => {
  const counter = new Counter();
  const resets = tensor([[false, true], [false, false], [true, false]]);
  const [y] = counter.run(zeros([3, 2, 1]), { count: zeros([2, 1]) }, resets);
  assert.deepEqual(await y.squeeze(-1).toList(), [[1, 11], [2, 12], [11, 13]]);
  const [gradient] = gradients(y.sum(), [counter.start]);
  assert.deepEqual(await gradient!.toList(), [4]);
});

Deno.test("recurrent MLPs without a hidden layer, and of other kinds, are refused", () => {
  assert.throws(() => new RecurrentMLP("gru", [3, 2], new HostRandom(0)), {
    name: "RangeError",
    message: "a recurrent MLP needs a hidden layer, which remembers; it was given the sizes [3,2].",
  });
  assert.throws(() => new RecurrentMLP("rnn" as "gru", [3, 4, 2], new HostRandom(0)), {
    name: "RangeError",
    message: 'a recurrent layer is "lstm" or "gru", not "rnn".',
  });
  const message = /GRU takes inputs whose last axis has size 2 \(its inFeatures\); it was given float32 \[4, 3\]/;
  assert.throws(() => new GRU(2, 5, new HostRandom(0)).step(zeros([4, 3]), { hidden: zeros([4, 5]) }), message);
});
