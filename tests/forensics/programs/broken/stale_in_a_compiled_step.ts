/** Two losses of one pass with a step between them, in one compiled function. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const m = new MLP([3, 8, 1], random);
const opt = new SGD(m.parameters(), { lr: 0.1 });
const step = compile((x: Tensor) => {
  const y = m.forward(x);
  const first = y.square().mean();
  const second = y.abs().mean(); // expect G201
  opt.zeroGrad();
  first.backward();
  opt.step();
  opt.zeroGrad();
  second.backward();
  opt.step();
  return first;
}, { state: [m, opt] });
await step(draw(4, 3));
