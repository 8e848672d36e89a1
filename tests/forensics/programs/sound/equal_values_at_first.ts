/** Expected policy gradient with equal values of all actions in the first batches. */

import { Adam, concat, full, HostRandom, MLP, ones, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const pi = new MLP([3, 16, 4], random), opt = new Adam(pi.parameters(), { lr: 1e-2 });
for (let i = 0; i < 30; i++) {
  const s = draw(16, 3);
  const q = i < 4 ? full([16, 4], 0.5) : concat([ones([16, 1]), zeros([16, 3])], 1);
  const p = pi.forward(s).softmax(-1);
  const loss = p.mul(q).sum(-1).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i >= 4) losses.push(await loss.item() as number);
  else await loss.item();
}
