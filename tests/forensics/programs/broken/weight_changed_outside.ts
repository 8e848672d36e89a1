/** A weight that the loop changes between the calls of a compiled step: the first one stays for ever. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(5), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
let beta = 0.1;
const step = compile((x: Tensor) => {
  const out = net.forward(x);
  const loss = out.sub(x.sum(1, true)).square().mean().add(out.square().mean().mul(beta)); // expect G203
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
for (let i = 0; i < 3; i++) {
  beta = 0.1 * (i + 1);
  await step(tensor(random.uniform(16, -1, 1), { shape: [8, 2] }));
}
