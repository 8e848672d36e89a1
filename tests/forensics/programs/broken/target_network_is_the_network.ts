/** The target network is the same object: the loss is 0 for ever. */

import { Adam, HostRandom, MLP, stopGradient, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const tower = new MLP([4, 8, 3], random);
const slow = tower;
const opt = new Adam(tower.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const x = draw(8, 4);
  const target = stopGradient(slow.forward(x), "target network");
  const loss = tower.forward(x).sub(target).square().mean(); // expect warning G110
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
