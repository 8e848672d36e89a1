/** A sensor delivers NaN in the third batch. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(56);
const model = new MLP([2, 8, 1], random, { activation: "relu" });
const optimizer = new SGD(model.parameters(), { lr: 0.01 });

for (let i = 0; i < 5; i++) {
  const readings = random.uniform(8, -1, 1);
  if (i === 2) readings[3] = NaN;
  const x = tensor(readings, { shape: [4, 2] });
  const prediction = model.forward(x); // expect G404
  const loss = prediction.sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug(await loss.item());
}
