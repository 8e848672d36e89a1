/** if (tensor) in a compiled step: always true. */

import { compile, HostRandom, Linear, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(57);
const model = new Linear(2, 1, random);
const optimizer = new SGD(model.parameters(), { lr: 0.1 });

const step = compile((x: Tensor, y: Tensor) => {
  optimizer.zeroGrad();
  let loss = model.forward(x).sub(y).square().mean();
  if (loss.greater(10)) loss = loss.mul(0.1); // expect G104
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, optimizer] });
await step(tensor([[1, 2]]), tensor([[3]]));
