/** DiCE: exp(lp - detached lp) is 1, and has a gradient. */

import { Adam, Categorical, Generator, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const pi = new MLP([2, 16, 3], random);
const opt = new Adam(pi.parameters(), { lr: 2e-2 });
const keys = new Generator(5);
for (let i = 0; i < 30; i++) {
  const d = new Categorical(pi.forward(draw(32, 2)));
  const a = d.sample(keys.next());
  const r = a.equal(1).cast("float32");
  const lp = d.logProb(a);
  const box = lp.sub(lp.detach()).exp();
  const loss = box.mul(r.sub(r.mean())).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(1 - (await r.mean().item() as number));
}
