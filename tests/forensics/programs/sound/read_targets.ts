/** Q-learning: targets of a target network and of the network itself (the chosen action) are read. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(20);
const q = new MLP([2, 16, 2], random), target = new MLP([2, 16, 2], random);
const optimizer = new Adam(q.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 60; i++) {
  if (i % 10 === 0) q.parameters().forEach((x, k) => target.parameters()[k]!.assign(x));
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] }), next = s.mul(0.9);
  const best = tensor(await q.forward(next).argmax(1).data());
  const bootstrap = tensor(await target.forward(next).takeAlongAxis(best.unsqueeze(1), 1).squeeze(1).data());
  const own = tensor(await q.forward(next).max(1).data());
  const y = s.sum(1).add(bootstrap.mul(0.25)).add(own.mul(0.25));
  const loss = q.forward(s).mean(1).sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
