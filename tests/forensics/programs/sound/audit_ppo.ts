/** Audited with a closure: a whole PPO loss with old log-probabilities, clipping, dropout by a generator. */

import {
  Adam,
  audit,
  bernoulli,
  Generator,
  HostRandom,
  MLP,
  Normal,
  ones,
  type Tensor,
  tensor,
} from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const pi = new MLP([3, 16, 2], random, { activation: "relu" }), v = new MLP([3, 16, 1], random);
const opt = new Adam([...pi.parameters(), ...v.parameters()], { lr: 1e-2 });
const keys = new Generator(3);
const s = draw(16, 3), a = draw(16, 2);
const lp = (x: Tensor) => new Normal(pi.forward(x), ones([16, 2])).logProb(a).sum(-1);
const old = tensor(await lp(s).data());
const lossOf = () => {
  const dropped = s.mul(bernoulli(keys.next(), s.shape, 0.9).cast("float32"));
  const value = v.forward(dropped).squeeze(-1);
  const adv = s.sum(1).sub(value).detach();
  const ratio = lp(s).sub(old).exp();
  return ratio.mul(adv).minimum(ratio.clamp(0.8, 1.2).mul(adv)).mean().neg().add(value.sub(s.sum(1)).square().mean());
};
for (let i = 0; i < 30; i++) {
  if (i % 10 === 0) (await audit(lossOf, opt)).assert();
  const loss = lossOf();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await v.forward(s).squeeze(-1).sub(s.sum(1)).square().mean().item() as number);
}
