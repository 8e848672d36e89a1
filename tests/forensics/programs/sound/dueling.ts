/** Dueling DQN: advantage less its mean. */

import { Adam, HostRandom, Linear, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const trunk = new MLP([3, 16], random), a = new Linear(16, 3, random), v = new Linear(16, 1, random);
const opt = new Adam([trunk, a, v].flatMap((m) => m.parameters()), { lr: 1e-2 });
for (let i = 0; i < 30; i++) {
  const s = draw(16, 3), h = trunk.forward(s).tanh();
  const adv = a.forward(h);
  const q = v.forward(h).add(adv.sub(adv.mean(1, true)));
  const loss = q.sub(s).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
