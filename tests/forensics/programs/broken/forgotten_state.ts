/** A frozen decoder is not named as state of the compiled step: its weights would stay those of the first call for ever. */

import { compile, frozen, HostRandom, Linear, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(60);
const model = new Linear(2, 3, random);
const decoder = frozen(new Linear(3, 1, random));
const optimizer = new SGD(model.parameters(), { lr: 0.1 });
const step = compile((x: Tensor, y: Tensor) => {
  const prediction = decoder.forward(model.forward(x)); // expect G203
  const loss = prediction.sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, optimizer] });
await step(tensor([[1, 2]]), tensor([[3]]));
