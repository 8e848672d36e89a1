/** A penalty on the network's own output is read, weighed and added as a number. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(4), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] }), out = net.forward(x);
  const penalty = await out.abs().mean().item() as number; // expect warning G111
  const loss = out.sub(x.sum(1, true)).square().mean().add(0.1 * penalty);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
