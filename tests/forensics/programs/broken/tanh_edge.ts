/** The PPO report: the log-density of a squashed action, by atanh without care for the edges. */

import { Adam, compile, HostRandom, MLP, Normal, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(51);
const policy = new MLP([3, 16, 4], random);
const optimizer = new Adam(policy.parameters(), { lr: 3e-4 });

function logProb(observation: Tensor, action: Tensor): Tensor {
  const [loc, raw] = policy.forward(observation).split([2, 2], -1) as [Tensor, Tensor];
  const before = action.add(1).div(action.neg().add(1)).log().mul(0.5); // expect G401
  return new Normal(loc, raw.softplus().add(1e-3)).logProb(before).sum(-1);
}

const update = compile((observation: Tensor, action: Tensor, advantage: Tensor) => {
  const loss = logProb(observation, action).mul(advantage).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [policy, optimizer] });

for (const scale of [1, 3, 30]) {
  const observation = tensor(random.uniform(24, -1, 1), { shape: [8, 3] });
  const action = tensor(random.uniform(16, -scale, scale), { shape: [8, 2] }).tanh();
  await update(observation, action, tensor(random.uniform(8, -1, 1)));
}
