/** TRPO: Fisher-vector products, line search by read-back losses, value function by Adam. */

import {
  Adam,
  concat,
  conjugateGradient,
  HostRandom,
  MLP,
  ParameterGroup,
  stopGradient,
  type Tensor,
  tensor,
} from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const pi = new MLP([3, 8, 2], random), v = new MLP([3, 8, 1], random);
const group = new ParameterGroup("policy", pi.parameters());
const opt = new Adam(v.parameters(), { lr: 1e-2 });
for (let i = 0; i < 8; i++) {
  const s = draw(32, 3);
  const old = stopGradient(pi.forward(s).logSoftmax(-1), "old policy");
  const adv = concat([s.slice(1, 0, 1), s.slice(1, 1, 2)], 1).sub(stopGradient(v.forward(s), "baseline"));
  const surrogate = () => pi.forward(s).logSoftmax(-1).sub(old).exp().mul(old.exp()).mul(adv).sum(-1).mean();
  const g = group.gradient(surrogate());
  const now = pi.forward(s).logSoftmax(-1);
  const kl = now.exp().mul(now.sub(old)).sum(-1).mean();
  const product = group.hessian(kl);
  const direction = conjugateGradient((x) => product(x).add(x.mul(0.1)), g, { iterations: 5 });
  const before = await surrogate().item() as number;
  const values = group.values();
  for (let size = 0.5; size > 0.01; size /= 2) {
    group.assign(values.add(direction.mul(size)));
    if ((await surrogate().item() as number) > before) break;
    group.assign(values);
  }
  const loss = v.forward(s).sub(s.sum(1, true)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
