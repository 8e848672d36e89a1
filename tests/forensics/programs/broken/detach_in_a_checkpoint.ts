/** A detach inside of checkpoint(). */

import { Adam, checkpoint, HostRandom, Linear, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const a = new Linear(4, 8, random), b = new Linear(8, 1, random);
const opt = new Adam([...a.parameters(), ...b.parameters()], { lr: 1e-3 });
const block = checkpoint((x: Tensor) => {
  const h = a.forward(x).tanh();
  return b.forward(h.detach()); // expect G101
});
for (let i = 0; i < 2; i++) {
  const loss = block(draw(5, 4)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
