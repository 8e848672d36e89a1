/** Penalties that are met at first: maximum(), clamp() and where(), weighted by data. */

import { Adam, HostRandom, MLP, type Tensor, tensor, where } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const a = new MLP([3, 8, 1], random), nets = [0, 1, 2].map(() => new MLP([3, 8, 1], random));
const opt = new Adam([a, ...nets].flatMap((n) => n.parameters()), { lr: 1e-2 });
for (let i = 0; i < 20; i++) {
  const x = draw(16, 3), weight = draw(16, 1).abs();
  const [u, v, w] = nets.map((n) => n.forward(x).abs().sub(5)) as [Tensor, Tensor, Tensor];
  const penalty = u.maximum(0).mul(weight).mean().add(v.clamp(0, null).sum()).add(
    where(w.greater(0), w, 0).mean().mul(0.1),
  );
  const loss = a.forward(x).sub(x.sum(1, true)).square().mean().add(penalty);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
