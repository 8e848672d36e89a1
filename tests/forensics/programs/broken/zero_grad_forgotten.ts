/** zeroGrad() was forgotten: gradients of all steps add up. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(8),
  net = new MLP([2, 8, 1], random),
  optimizer = new Adam(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 4; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  loss.backward();
  optimizer.step(); // expect warning G112
  console.debug(await loss.item());
}
