/** The critic gives [B, 1], the returns are [B]: the difference would be [B, B]. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(40);
const critic = new MLP([4, 16, 1], random);
const optimizer = new Adam(critic.parameters(), { lr: 1e-3 });

for (let i = 0; i < 3; i++) {
  const states = tensor(random.uniform(40, -1, 1), { shape: [10, 4] });
  const returns = tensor(random.uniform(10));
  const values = critic.forward(states);
  const advantage = returns.sub(values); // expect G302
  const loss = advantage.square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
