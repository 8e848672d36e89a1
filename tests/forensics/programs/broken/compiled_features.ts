/** The backbone is compiled by itself; outside, its result is data. */

import { Adam, compile, HostRandom, Linear, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(16);
const backbone = new MLP([4, 16, 8], random);
const head = new Linear(8, 1, random);
const optimizer = new Adam([...backbone.parameters(), ...head.parameters()], { lr: 1e-3 });
const features = compile((x: Tensor) => backbone.forward(x), { state: backbone }); // expect G101
const x = tensor(random.uniform(40, -1, 1), { shape: [10, 4] });
const y = x.square().sum(1, true);

for (let i = 0; i < 5; i++) {
  const loss = head.forward((await features(x)).relu()).sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
