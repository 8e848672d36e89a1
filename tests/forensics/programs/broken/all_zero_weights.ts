/** All weights start at 0, of both layers. */

import { Adam, HostRandom, MLP, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const net = new MLP([4, 8, 2], random, { weightInit: (_, s) => zeros(s), biasInit: (_, s) => zeros(s) });
const opt = new Adam(net.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const loss = net.forward(draw(8, 4)).sub(1).square().mean(); // expect warning G110
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
