/** The old log-probability is computed anew in each update, by the same network: the ratio is 1. The step is compiled. */

import { Adam, compile, HostRandom, MLP, Normal, ones, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pi = new MLP([3, 8, 2], random);
const opt = new Adam(pi.parameters(), { lr: 1e-3 });
const logProb = (s: Tensor, a: Tensor) => new Normal(pi.forward(s), ones([6, 2])).logProb(a).sum(1);
const step = compile((s: Tensor, a: Tensor, adv: Tensor) => {
  const old = logProb(s, a);
  const ratio = logProb(s, a).div(old); // expect warning G110
  const loss = ratio.mul(adv).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [pi, opt] });
for (let i = 0; i < 3; i++) await step(draw(6, 3), draw(6, 2), draw(6));
