/** A hidden layer in a scan whose relu is dead. */

import { Adam, full, HostRandom, Linear, scan, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const net = new Linear(2, 2, random, { biasInit: (_, s) => full(s, -50) });
const head = new Linear(2, 1, random);
const opt = new Adam([...net.parameters(), ...head.parameters()], { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const [h] = scan((h: Tensor, x: Tensor) => [net.forward(h.add(x)).relu(), x], draw(3, 2), draw(4, 3, 2)); // expect warning G110
  const loss = head.forward(h).sub(1).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
