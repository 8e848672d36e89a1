/** A normal policy whose scale is a bare output of the network. */

import { Adam, compile, HostRandom, MLP, Normal, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pi = new MLP([3, 8, 2], random);
const opt = new Adam(pi.parameters(), { lr: 1e-3 });
const step = compile((x: Tensor, a: Tensor) => {
  const [loc, scale] = pi.forward(x).split([1, 1], -1) as [Tensor, Tensor];
  const policy = new Normal(loc, scale);
  const lp = policy.logProb(a); // expect G401
  const loss = lp.mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [pi, opt] });
await step(draw(8, 3), draw(8, 1));
