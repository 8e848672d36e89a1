/** What cannot be computed fails those who ask for it, and nobody else. */

import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { compile, Parameter, SGD, type Tensor, tensor, Variable } from "../mod.ts";
import { onEngine } from "./engines.ts";

const outside = tensor([5], { dtype: "int32" });
const refused = { code: "G308" };

// Only ONNX Runtime refuses an index; WebGPU gives NaN.
onEngine(
  "cpu",
  "a step that cannot be computed fails its parameter until that is assigned, and nothing else",
  async () => {
    const doubled = compile((x: Tensor) => x.mul(2));
    const [broken, sound] = [new Parameter(tensor([1, 2]), "broken"), new Parameter(tensor([1, 2]), "sound")];
    const [first, second] = [new SGD([broken], { lr: 0.5 }), new SGD([sound], { lr: 0.5 })];
    broken.take(outside, 0).sum().backward();
    first.step();
    equal(await tensor([1]).add(1).toList(), [2]);
    equal(await (await doubled(tensor([3]))).toList(), [6]);
    sound.sum().backward();
    second.step();
    equal(await sound.toList(), [0.5, 1.5]);
    for (let i = 0; i < 2; i++) await rejects(() => broken.toList(), refused);
    broken.assign(tensor([7, 8]));
    first.zeroGrad();
    broken.sum().backward();
    first.step();
    equal(await broken.toList(), [6.5, 7.5]);
  },
);

onEngine("cpu", "what was asked for and cannot be computed loses no assignment made before", async () => {
  const count = new Variable(tensor(0), "count");
  count.assign(count.add(1));
  await rejects(() => tensor([1, 2]).take(outside, 0).data(), refused);
  equal(count.node.op, "input");
  equal(await count.item(), 1);
});

onEngine("cpu", "a failed assignment does not hide that another is not finite", async () => {
  const [broken, bad] = [new Variable(tensor([1]), "broken"), new Parameter(tensor([1]), "bad")];
  broken.assign(tensor([1, 2]).take(outside, 0));
  bad.assign(bad.div(0));
  await rejects(() => tensor([1]).add(1).data(), { code: /^G40/ });
});
