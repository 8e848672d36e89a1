/** Features are computed once, with their graph, and used in every epoch. */

import { Adam, HostRandom, Linear, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const enc = new MLP([3, 8, 4], random), head = new Linear(4, 1, random);
const opt = new Adam([...enc.parameters(), ...head.parameters()], { lr: 1e-3 });
const x = draw(10, 3);
const h = enc.forward(x).tanh(); // expect G204
for (let epoch = 0; epoch < 3; epoch++) {
  const loss = head.forward(h).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
