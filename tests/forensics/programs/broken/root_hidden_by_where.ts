/** NaN in one branch of where(), compiled, found later in training. */

import { Adam, compile, HostRandom, Linear, ones, type Tensor, tensor, where, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const net = new Linear(1, 1, random, { weightInit: () => ones([1, 1]), biasInit: () => zeros([1]) });
const opt = new Adam(net.parameters(), { lr: 1e-3 });
const step = compile((x: Tensor) => {
  const y = net.forward(x);
  const root = y.sqrt(); // expect G403
  const loss = where(y.greater(0), root, y.mul(0)).mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [net, opt] });
for (let i = 0; i < 6; i++) await (await step(tensor([[1], [i === 4 ? -1 : 2]]))).item();
