/** Rewards are normalised by their spread; in the second batch all are equal. */

import { Adam, Categorical, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(52);
const policy = new MLP([2, 8, 2], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-3 });

for (let i = 0; i < 3; i++) {
  const states = tensor(random.uniform(12, -1, 1), { shape: [6, 2] });
  const reward = tensor(i === 1 ? [1, 1, 1, 1, 1, 1] : [...random.uniform(6)]);
  const advantage = reward.sub(reward.mean()).div(reward.std()); // expect G401
  const actions = tensor([0, 1, 0, 1, 0, 1], { dtype: "int32" });
  const loss = new Categorical(policy.forward(states)).logProb(actions).mul(advantage).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.clipGradNorm(1);
  optimizer.step();
  await loss.item();
}
