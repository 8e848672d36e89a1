/** TRPO's value function, evaluated without gradient and then regressed on the returns. */

import { Adam, HostRandom, MLP, noGrad, tensor } from "../../../../mod.ts";

const random = new HostRandom(12);
const valueFunction = new MLP([6, 32, 1], random);
const optimizer = new Adam(valueFunction.parameters(), { lr: 1e-3 });
const observations = tensor(random.uniform(96, -1, 1), { shape: [16, 6] });
const returns = tensor(random.uniform(16), { shape: [16, 1] });

for (let i = 0; i < 5; i++) {
  const values = noGrad(() => valueFunction.forward(observations)); // expect G101
  const loss = values.sub(returns).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
