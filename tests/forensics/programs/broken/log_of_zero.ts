/** Cross entropy with a probability that underflows to 0. */

import { compile, HostRandom, Linear, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(46);
const model = new Linear(2, 3, random);
const optimizer = new SGD(model.parameters(), { lr: 1 });

const step = compile((x: Tensor, target: Tensor) => {
  const p = model.forward(x).softmax(-1);
  const logs = p.log(); // expect G401
  const loss = target.mul(logs).sum(-1).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, optimizer] });

for (const size of [1, 10, 1000]) {
  const x = tensor(random.uniform(8, -size, size), { shape: [4, 2] });
  await step(x, tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]));
}
