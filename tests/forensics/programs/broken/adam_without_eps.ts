/** Adam with eps 0: where a gradient is 0 it divides 0 by 0. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const m = new MLP([3, 8, 1], random, { activation: "relu" });
const opt = new Adam(m.parameters(), { lr: 1e-3, eps: 0 });
for (let i = 0; i < 3; i++) {
  const loss = m.forward(draw(1, 3)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step(); // expect G401
  await loss.item();
}
