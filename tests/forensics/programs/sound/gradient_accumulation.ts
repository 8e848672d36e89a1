/** Four small batches for one step, a learning rate that decays, the mean loss logged in numbers. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(10);
const model = new MLP([3, 16, 1], random);
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
export const losses: number[] = [];

for (let step = 0; step < 20; step++) {
  optimizer.setLearningRate(0.1 * 0.95 ** step);
  optimizer.zeroGrad();
  let total = 0;
  for (let micro = 0; micro < 4; micro++) {
    const x = tensor(random.uniform(24, -1, 1), { shape: [8, 3] });
    const loss = model.forward(x).sub(x.sum(1, true)).square().mean().div(4);
    loss.backward();
    total += await loss.item() as number;
  }
  optimizer.step();
  losses.push(total);
}
