/** A plain key outside of a compiled training step: the same dropout in every step. */

import { bernoulli, compile, HostRandom, MLP, randomKey, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(5), net = new MLP([2, 8, 1], random), optimizer = new SGD(net.parameters(), { lr: 0.01 });
const key = randomKey(7);
const step = compile((x: Tensor) => {
  const mask = bernoulli(key, [8, 2], 0.5).cast("float32"); // expect warning G203
  const loss = net.forward(x.mul(mask)).sub(x.sum(1, true)).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
for (let i = 0; i < 3; i++) await step(tensor(random.uniform(16, -1, 1), { shape: [8, 2] }));
