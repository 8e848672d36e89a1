/** A hinge loss, until every margin is met. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const m = new MLP([3, 16, 1], random, { activation: "relu" }), opt = new Adam(m.parameters(), { lr: 1e-2 });
const x = draw(16, 3), y = x.select(1, 0).sign().unsqueeze(1);
for (let i = 0; i < 200; i++) {
  const loss = m.forward(x).mul(y).neg().add(1).relu().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
