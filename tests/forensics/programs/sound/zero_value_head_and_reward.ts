/** The value head starts at 0, and there is no reward in the first batches. */

import { Adam, HostRandom, MLP, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const v = new MLP([3, 16, 1], random, { outputInit: (_, s) => zeros(s) });
const opt = new Adam(v.parameters(), { lr: 1e-2 });
for (let i = 0; i < 40; i++) {
  const s = draw(16, 3);
  const reward = i < 5 ? zeros([16, 1]) : s.sum(1, true);
  const loss = v.forward(s).sub(reward).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i >= 5) losses.push(await loss.item() as number);
  else await loss.item();
}
