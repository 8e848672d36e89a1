/** The loss of an epoch is summed with its graph. */

import { HostRandom, MLP, SGD, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(35);
const model = new MLP([3, 8, 1], random);
const optimizer = new SGD(model.parameters(), { lr: 0.05 });

for (let epoch = 0; epoch < 2; epoch++) {
  let epochLoss = zeros([]);
  for (let i = 0; i < 6; i++) {
    const x = tensor(random.uniform(12, -1, 1), { shape: [4, 3] });
    const loss = model.forward(x).sub(x.sum(1, true)).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    epochLoss = epochLoss.add(loss); // expect warning G205
  }
  console.debug("epoch", epoch, await epochLoss.div(6).item());
}
