/** A focal weight with a fractional power: at an error of 0 its slope is infinite. */

import { compile, HostRandom, Linear, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(55);
const model = new Linear(2, 1, random, {
  weightInit: (_, shape) => tensor([[0, 0]]).reshape(...shape),
  biasInit: null,
});
const optimizer = new SGD(model.parameters(), { lr: 0.1 });

const train = compile((x: Tensor, y: Tensor) => {
  optimizer.zeroGrad();
  const error = model.forward(x).sub(y).abs();
  const loss = error.pow(0.7).mean(); // expect G402
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, optimizer] });

await train(tensor([[1, 2], [3, 4]]), tensor([[0], [1]]));
