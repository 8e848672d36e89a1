/** Deep Q-learning: the optimiser was given the target network. */

import { Adam, HostRandom, MLP, noGrad, tensor } from "../../../../mod.ts";

const random = new HostRandom(22);
const q = new MLP([4, 32, 3], random);
const target = new MLP([4, 32, 3], random);
const optimizer = new Adam(target.parameters(), { lr: 1e-3 }); // expect G504

for (let i = 0; i < 5; i++) {
  const state = tensor(random.uniform(32, -1, 1), { shape: [8, 4] });
  const next = tensor(random.uniform(32, -1, 1), { shape: [8, 4] });
  const action = tensor([0, 1, 2, 0, 1, 2, 0, 1], { dtype: "int32" });
  const reward = tensor(random.uniform(8));
  const goal = noGrad(() => target.forward(next).max(1).mul(0.99).add(reward));
  const chosen = q.forward(state).takeAlongAxis(action.unsqueeze(-1), -1).squeeze(-1);
  const loss = chosen.sub(goal).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
