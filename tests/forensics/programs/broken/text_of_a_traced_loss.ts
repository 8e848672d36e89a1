/** A compiled step that logs its loss while it is traced. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(58);
const model = new MLP([2, 8, 1], random);
const optimizer = new Adam(model.parameters(), { lr: 0.1 });

const step = compile((x: Tensor, y: Tensor) => {
  const loss = model.forward(x).sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug(`loss ${loss}`); // expect G103
  return loss;
}, { state: [model, optimizer] });
await step(tensor([[1, 2]]), tensor([[3]]));
