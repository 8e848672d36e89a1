/** A loss for each sample, differentiated as it is. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(43);
const model = new MLP([3, 8, 2], random);
const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
const x = tensor(random.uniform(30, -1, 1), { shape: [10, 3] });
const y = x.slice(1, 0, 2);

for (let i = 0; i < 3; i++) {
  optimizer.zeroGrad();
  const loss = model.forward(x).sub(y).square().mean(1); // expect G305
  loss.backward();
  optimizer.step();
}
