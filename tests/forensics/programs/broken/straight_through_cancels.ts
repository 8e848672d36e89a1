/** Straight-through without the detach: hard - soft + soft. */

import { Adam, HostRandom, Linear, MLP, oneHot, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const enc = new MLP([3, 8, 4], random), dec = new Linear(4, 3, random);
const opt = new Adam([...enc.parameters(), ...dec.parameters()], { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const x = draw(8, 3);
  const soft = enc.forward(x).softmax(-1);
  const hard = oneHot(soft.argmax(-1), 4);
  const code = hard.sub(soft).add(soft); // expect warning G110
  const loss = dec.forward(code).sub(x).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
