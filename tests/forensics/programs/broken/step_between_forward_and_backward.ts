/** Two losses of one pass, and a step between their backward passes. */

import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(30);
const shared = new MLP([5, 16, 8], random);
const [classify, regress] = [new Linear(8, 3, random), new Linear(8, 1, random)];
const optimizer = new Adam([shared, classify, regress].flatMap((m) => m.parameters()), { lr: 1e-3 });
const x = tensor(random.uniform(50, -1, 1), { shape: [10, 5] });

for (let i = 0; i < 3; i++) {
  const h = shared.forward(x).relu();
  const first = classify.forward(h).logSumExp(-1).mean().add(regress.forward(h).mean().square());
  const second = regress.forward(h).sub(1).square().mean(); // expect G201
  optimizer.zeroGrad();
  first.backward();
  optimizer.step();
  second.backward();
  optimizer.step();
}
