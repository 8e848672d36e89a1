/** The batch is a variable outside of the compiled step: every call learns from the first one. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(5), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
let x: Tensor;
const step = compile(() => {
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
for (let i = 0; i < 3; i++) {
  x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] }); // expect G203
  await step();
}
