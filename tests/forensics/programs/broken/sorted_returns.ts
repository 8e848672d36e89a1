/** Conditional value at risk: the worst quarter of the predicted returns, sorted in JavaScript. */

import { HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(4);
const model = new MLP([5, 16, 1], random);
const optimizer = new SGD(model.parameters(), { lr: 0.1 });
const portfolios = tensor(random.uniform(32 * 5), { shape: [32, 5] });

for (let i = 0; i < 10; i++) {
  const returns = model.forward(portfolios).squeeze(-1);
  const sorted = [...await returns.data()].sort((a, b) => a - b); // expect G101
  const worst = tensor(sorted.slice(0, 8));
  const loss = worst.mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
