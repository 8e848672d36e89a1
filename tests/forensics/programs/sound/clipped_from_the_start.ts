/** A PPO loss whose ratios are all clipped in the first steps, beside a value loss. The step is compiled. */

import { Adam, compile, HostRandom, MLP, Normal, ones, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const pi = new MLP([3, 16, 2], random), v = new MLP([3, 16, 1], random);
const opt = new Adam([...pi.parameters(), ...v.parameters()], { lr: 1e-2 });
const x = draw(16, 3), a = draw(16, 2), adv = ones([16]);
const step = compile((x: Tensor, a: Tensor, old: Tensor) => {
  const lp = new Normal(pi.forward(x), ones([16, 2])).logProb(a).sum(1);
  const ratio = lp.sub(old).exp();
  const loss = ratio.mul(adv).minimum(ratio.clamp(0.8, 1.2).mul(adv)).mean().neg().add(
    v.forward(x).sub(1).square().mean(),
  );
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [pi, v, opt] });
for (let i = 0; i < 30; i++) {
  losses.push(await (await step(x, a, i < 15 ? ones([16]).mul(-20) : ones([16]).mul(-2))).item() as number);
}
losses.splice(15);
