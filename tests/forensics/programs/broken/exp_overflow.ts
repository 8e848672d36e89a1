/** A learned temperature as a logarithm, with a learning rate that is far too large. */

import { compile, HostRandom, Linear, Parameter, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(50);
const model = new Linear(3, 1, random);
const logScale = new Parameter(tensor(0), "logScale");
const optimizer = new SGD([...model.parameters(), logScale], { lr: 60 });

const step = compile((x: Tensor, y: Tensor) => {
  const scale = logScale.exp(); // expect G401
  const loss = model.forward(x).sub(y).abs().mul(scale).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, logScale, optimizer] });

for (let i = 0; i < 20; i++) {
  const x = tensor(random.uniform(12, -1, 1), { shape: [4, 3] });
  await step(x, x.sum(1, true));
}
