/** Labels of -1, meant to be ignored, are the last class. */

import { Categorical, HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(11),
  net = new MLP([2, 8, 3], random),
  optimizer = new SGD(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 2; i++) {
  const x = tensor(random.uniform(8, -1, 1), { shape: [4, 2] });
  const labels = tensor([0, -1, 2, 1], { dtype: "int32" });
  const loss = new Categorical(net.forward(x)).logProb(labels).mean().neg(); // expect G308
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug(await loss.item());
}
