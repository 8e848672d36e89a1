/** Layers refuse inputs of other sizes, and settings that there are not, in a sentence that names the layer. */

import { throws } from "node:assert/strict";
import { HostRandom, Linear, LSTM, MLP, StackedMLP, zeros } from "../../mod.ts";

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
