/** A slow copy that follows by numbers of the host, frozen. */

import { Adam, frozen, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const m = new MLP([3, 8, 1], random), slow = frozen(new MLP([3, 8, 1], random));
const opt = new Adam(m.parameters(), { lr: 1e-2 });
const x = draw(16, 3), y = x.sum(1, true);
for (let i = 0; i < 20; i++) {
  const loss = m.forward(x).sub(slow.forward(x).mul(0.1).add(y)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  for (const [k, p] of slow.parameters().entries()) {
    const now = await m.parameters()[k]!.data(), old = await p.data();
    p.assign(tensor(Float32Array.from(old, (v, j) => 0.9 * v + 0.1 * now[j]!), { shape: p.shape }));
  }
  losses.push(await loss.item() as number);
}
