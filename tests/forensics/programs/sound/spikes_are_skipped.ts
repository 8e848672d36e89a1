/** The norm of the gradient is read; where it is too large the step is skipped. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(16);
const net = new MLP([2, 16, 1], random);
const optimizer = new SGD(net.parameters(), { lr: 0.1, momentum: 0.5 });
export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(32, -1, i % 7 === 3 ? 40 : 1), { shape: [16, 2] });
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  if ((await optimizer.clipGradNorm(1).item() as number) > 5) {
    optimizer.zeroGrad();
    continue;
  }
  optimizer.step();
  losses.push(await loss.item() as number);
}
