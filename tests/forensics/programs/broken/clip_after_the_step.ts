/** The gradient is clipped after the step: nothing uses it. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(9), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  optimizer.zeroGrad();
  net.forward(x).sub(x.sum(1, true)).square().mean().backward();
  optimizer.step();
  optimizer.clipGradNorm(0.5); // expect warning G113
}
