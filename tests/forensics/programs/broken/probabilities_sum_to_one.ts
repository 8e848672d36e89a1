/** A loss on the sum of probabilities, which is 1. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pi = new MLP([4, 8, 3], random);
const opt = new Adam(pi.parameters(), { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const p = pi.forward(draw(8, 4)).softmax(-1); // expect warning G110
  const loss = p.sum(-1).log().mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
