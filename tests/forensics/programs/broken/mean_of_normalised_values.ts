/** The mean of a layer norm is 0 whatever comes in (weights 1, bias 0). */

import { Adam, HostRandom, Linear, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const net = new Linear(3, 8, random), opt = new Adam(net.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const h = net.forward(draw(8, 3));
  const normal = h.sub(h.mean(-1, true)).div(h.std(-1, { keepDim: true }).add(1e-5)); // expect warning G110
  const loss = normal.mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
