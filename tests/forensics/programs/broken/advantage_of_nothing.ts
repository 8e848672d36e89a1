/** Advantages are zero, since value and return are the same tensor. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pi = new MLP([3, 8, 2], random), v = new MLP([3, 8, 1], random);
const opt = new Adam(pi.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const s = draw(8, 3);
  const value = v.forward(s).squeeze(-1).detach("data");
  const advantage = value.sub(v.forward(s).squeeze(-1).detach("data")); // expect warning G110
  const lp = pi.forward(s).logSoftmax(-1).select(-1, 0);
  const loss = lp.mul(advantage).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
