/** An auxiliary head whose weight is 0 in the first epochs. */

import { Adam, HostRandom, Linear, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const trunk = new MLP([3, 16, 8], random), main = new Linear(8, 1, random), aux = new Linear(8, 1, random);
const opt = new Adam([trunk, main, aux].flatMap((m) => m.parameters()), { lr: 1e-2 });
for (let i = 0; i < 30; i++) {
  const weight = i < 10 ? 0 : 0.1;
  const x = draw(16, 3), h = trunk.forward(x).tanh();
  const mainLoss = main.forward(h).sub(x.sum(1, true)).square().mean();
  const loss = mainLoss.add(aux.forward(h).sub(x.slice(1, 0, 1)).square().mean().mul(weight));
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await mainLoss.item() as number);
}
