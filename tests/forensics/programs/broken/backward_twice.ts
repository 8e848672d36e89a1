/** backward() is called twice: a gradient that counts double. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(7), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  loss.backward(); // expect warning G112
  optimizer.step();
}
