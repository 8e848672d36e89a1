/** Importance weights from TD errors that were read from the same network. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const q = new MLP([3, 16, 1], random);
const opt = new Adam(q.parameters(), { lr: 1e-2 });
const x = draw(64, 3), y = x.sum(1);
const priority = new Float32Array(64).fill(1);
for (let i = 0; i < 30; i++) {
  const total = priority.reduce((a, b) => a + b, 0);
  const pick = Int32Array.from({ length: 16 }, () => {
    let u = random.next() * total, k = 0;
    while (k < 63 && (u -= priority[k]!) > 0) k++;
    return k;
  });
  const w = Float32Array.from(pick, (k) => (total / 64 / priority[k]!) ** 0.5);
  const td = q.forward(x.take(tensor(pick), 0)).squeeze(1).sub(y.take(tensor(pick), 0));
  const loss = td.square().mul(tensor(w)).mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  const errors = await td.abs().data();
  pick.forEach((k, j) => priority[k] = errors[j]! + 0.01);
  losses.push(await q.forward(x).squeeze(1).sub(y).square().mean().item() as number);
}
