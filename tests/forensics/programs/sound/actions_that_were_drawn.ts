/** Actor-critic in one loss: the critic is fitted at actions that were drawn and read, the actor learns by their log-probability. */

import { Adam, concat, HostRandom, MLP, Normal, ones, tensor } from "../../../../mod.ts";

const random = new HostRandom(47);
const actor = new MLP([2, 16, 1], random), critic = new MLP([3, 16, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 60; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const policy = new Normal(actor.forward(s), ones([32, 1]).mul(0.3));
  const drawn = policy.sample(random.key());
  const action = tensor(await drawn.data(), { shape: [32, 1] });
  const reward = action.sub(s.sum(1, true)).square().neg();
  const value = critic.forward(concat([s, action], 1));
  const fit = value.sub(reward).square().mean();
  const loss = fit.sub(policy.logProb(drawn).mul(value.detach()).mean());
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await fit.item() as number);
}
