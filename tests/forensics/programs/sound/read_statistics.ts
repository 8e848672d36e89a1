/** Features are standardised by their mean and spread, which are read; a best loss is kept as a number. */

import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(24);
const net = new MLP([3, 16, 4], random), head = new Linear(4, 1, random);
const optimizer = new Adam([...net.parameters(), ...head.parameters()], { lr: 1e-2 });
export const losses: number[] = [];
let best = Infinity;
for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(48, -1, 1), { shape: [16, 3] }), h = net.forward(x);
  const mean = tensor(await h.mean(0).data()), spread = tensor(await h.std(0).data());
  const loss = head.forward(h.sub(mean).div(spread.add(1e-5)).tanh()).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  const now = await loss.item() as number;
  best = Math.min(best, now);
  losses.push(now);
}
