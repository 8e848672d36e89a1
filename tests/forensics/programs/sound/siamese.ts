/** SimSiam: each side is detached where it is a target. The step is compiled. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const f = new MLP([4, 16, 4], random), h = new MLP([4, 8, 4], random);
const opt = new SGD([...f.parameters(), ...h.parameters()], { lr: 0.1, momentum: 0.9 });
const cos = (p: Tensor, z: Tensor) =>
  p.mul(z.detach()).sum(-1).div(p.norm(-1).mul(z.detach().norm(-1)).add(1e-6)).mean().neg();
const step = compile((a: Tensor, b: Tensor) => {
  const [za, zb] = [f.forward(a), f.forward(b)];
  const loss = cos(h.forward(za), zb).add(cos(h.forward(zb), za)).mul(0.5);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [f, h, opt] });
for (let i = 0; i < 20; i++) {
  const x = draw(16, 4);
  losses.push(await (await step(x.add(draw(16, 4).mul(0.1)), x)).item() as number);
}
