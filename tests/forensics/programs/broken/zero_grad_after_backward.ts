/** zeroGrad() in the wrong place. */

import { HostRandom, Linear, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(24);
const model = new Linear(2, 1, random);
const optimizer = new SGD(model.parameters(), { lr: 0.1 });
const x = tensor([[0, 1], [1, 0], [1, 1]]);
const y = tensor([[1], [2], [3]]);

for (let i = 0; i < 10; i++) {
  const loss = model.forward(x).sub(y).square().mean();
  loss.backward();
  optimizer.zeroGrad();
  optimizer.step(); // expect G107
}
