/** backward() was forgotten altogether. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(3), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.1 });
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  optimizer.step(); // expect warning G107
  console.debug(await loss.item());
}
