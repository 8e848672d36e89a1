/** A speed held within bounds by maximum() and minimum(), far outside of them. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const m = new MLP([2, 8, 1], random);
const opt = new Adam(m.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const speed = m.forward(draw(6, 2)).add(50);
  const limited = speed.maximum(0).minimum(10); // expect warning G110
  const loss = limited.sub(3).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  await loss.item();
}
