/** The gradient is clipped before the last micro-batch has added its own. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(9), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 3; i++) {
  optimizer.zeroGrad();
  for (let k = 0; k < 2; k++) {
    const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
    if (k === 1) optimizer.clipGradNorm(0.5); // expect warning G113
    net.forward(x).sub(x.sum(1, true)).square().mean().backward();
  }
  optimizer.step();
}
