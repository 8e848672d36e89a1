/** Layers refuse inputs of other sizes, and settings that there are not, in a sentence that names the layer. */

import { ok, throws } from "node:assert/strict";
import { Adam, compile, HostRandom, Linear, LSTM, MLP, Module, StackedMLP, type Tensor, zeros } from "../../mod.ts";

const random = new HostRandom(0);

Deno.test("layers name the features that they take and the shape that they were given", () => {
  const linear = /Linear takes inputs whose last axis has size 6 \(its inFeatures\); it was given float32 \[/;
  for (const shape of [[2, 2, 3], [2, 3], [12], []]) {
    throws(() => new Linear(6, 2, random).forward(zeros(shape)), linear);
  }
  const mlp = /MLP takes inputs whose last axis has size 6 \(its first size\); it was given float32 \[2, 2, 3\]/;
  throws(() => new MLP([6, 4, 1], random).forward(zeros([2, 2, 3])), mlp);
  const lstm = /LSTM takes inputs whose last axis has size 3 \(its inFeatures\); it was given float32 \[5, 3, 4\]/;
  throws(() => new LSTM(3, 4, random).forward(zeros([5, 3, 4])), lstm);
  const stacked =
    /StackedMLP takes inputs whose last 2 axes have sizes 3 \(its members\), 6 \(its first size\); it was given/;
  throws(() => new StackedMLP(3, [6, 1], random).forward(zeros([5, 6, 3])), stacked);
});

Deno.test("an activation that there is not is refused where the layers are made", () => {
  const sentence = /there is no activation swish; there are tanh, relu/;
  throws(() => new MLP([2, 3, 1], random, { activation: "swish" as "tanh" }), sentence);
  throws(() => new StackedMLP(2, [2, 3, 1], random, { activation: "swish" as "tanh" }), sentence);
});

/** A block that knows what holds it. */
class Block extends Module {
  readonly linear = new Linear(2, 2, random);
  parent: unknown = null;

  forward(x: Tensor): Tensor {
    return this.linear.forward(x);
  }
}

Deno.test("a module that holds itself, by others or by lists, is told with the way to it", () => {
  const [one, two] = [new Block(), new Block()];
  one.parent = [two];
  two.parent = one;
  const sentence = /G310\]: a Block holds itself, as `parent\.0\.parent`: .*help: keep what holds a module out of its/s;
  for (
    const ask of [() => one.parameters(), () => new Adam(one.parameters()), () => `${one}`, () => Deno.inspect(one)]
  ) {
    throws(ask, sentence);
  }
  const list: unknown[] = [];
  list.push(list);
  two.parent = list;
  throws(() => two.variables(), /G310\]: a list of modules holds itself, as `parent\.0`/);
  // Held twice is not within itself.
  two.parent = null;
  Object.assign(one, { parent: [two, two] });
  compile((x: Tensor) => one.forward(x), { state: one });
  ok(one.parameters().length > 0);
});
