/** A weight that is annealed by a counter which the compiled step increments. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(5), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
let count = 0;
const step = compile((x: Tensor) => {
  const beta = Math.min(1, ++count / 10);
  const out = net.forward(x);
  const loss = out.sub(x.sum(1, true)).square().mean().add(out.square().mean().mul(beta)); // expect G203
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
for (let i = 0; i < 3; i++) await step(tensor(random.uniform(16, -1, 1), { shape: [8, 2] }));
