/** A compiled step draws its noise from HostRandom: frozen at the first trace. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(5), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
const step = compile((x: Tensor) => {
  const noise = tensor(Float32Array.from(random.normal(16)), { shape: [8, 2] }); // expect G203
  const loss = net.forward(x.add(noise.mul(0.1))).sub(x.sum(1, true)).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
for (let i = 0; i < 3; i++) await step(tensor(random.uniform(16, -1, 1), { shape: [8, 2] }));
