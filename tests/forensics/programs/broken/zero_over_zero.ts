/** Masked mean of sequences, one of which is empty. */

import { HostRandom, LSTM, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(49);
const lstm = new LSTM(2, 4, random);
const optimizer = new SGD(lstm.parameters(), { lr: 0.1 });
const sequences = tensor(random.uniform(5 * 3 * 2, -1, 1), { shape: [5, 3, 2] });
const mask = tensor([[1, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]]);

for (let i = 0; i < 3; i++) {
  const hidden = lstm.forward(sequences).mean(-1);
  const mean = hidden.mul(mask).sum(0).div(mask.sum(0)); // expect G401
  const loss = mean.square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  await loss.item();
}
