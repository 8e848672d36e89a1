/** DDPG: the critic learns from the actions that were taken (read for the simulator), the actor through the critic; two losses. */

import { Adam, concat, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(31);
const actor = new MLP([2, 16, 1], random), critic = new MLP([3, 16, 1], random);
const actorOptimizer = new Adam(actor.parameters(), { lr: 1e-2 }),
  criticOptimizer = new Adam(critic.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 60; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const action = actor.forward(s).tanh();
  const taken = tensor(await action.data(), { shape: [32, 1] });
  const reward = taken.sub(s.sum(1, true)).square().neg();
  const criticLoss = critic.forward(concat([s, taken], 1)).sub(reward).square().mean();
  criticOptimizer.zeroGrad();
  criticLoss.backward();
  criticOptimizer.step();
  actorOptimizer.zeroGrad();
  critic.forward(concat([s, action], 1)).mean().neg().backward();
  actorOptimizer.step();
  losses.push(await criticLoss.item() as number);
}
