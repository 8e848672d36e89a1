/** PPO: the old log-probability is -200; the ratio overflows, and min() with the clipped one hides it. */

import { Adam, HostRandom, MLP, Normal, ones, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pi = new MLP([3, 8, 2], random);
const opt = new Adam(pi.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const lp = new Normal(pi.forward(draw(4, 3)), ones([4, 2])).logProb(zeros([4, 2])).sum(-1);
  const ratio = lp.sub(tensor([-200, -1, -1, -1])).exp(); // expect G403
  const adv = ones([4]);
  const loss = ratio.mul(adv).minimum(ratio.clamp(0.8, 1.2).mul(adv)).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
