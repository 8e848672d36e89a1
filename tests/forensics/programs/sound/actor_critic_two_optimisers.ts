/** DDPG on a one-step problem: two optimisers, target networks by moving average, the actor through the critic. */

import { Adam, concat, frozen, HostRandom, MLP, type Module, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(1);
const actor = new MLP([2, 16, 1], random);
const critic = new MLP([3, 32, 1], random);
const targetCritic = frozen(new MLP([3, 32, 1], random));
const actorOptimizer = new Adam(actor.parameters(), { lr: 3e-3 });
const criticOptimizer = new Adam(critic.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

function follow(target: Module, source: Module, tau: number): void {
  const [old, now] = [target.parameters(), source.parameters()];
  old.forEach((x, i) => x.assign(x.mul(1 - tau).add(now[i]!.mul(tau))));
}

const q = (net: MLP, state: Tensor, action: Tensor): Tensor => net.forward(concat([state, action], 1));

follow(targetCritic, critic, 1);
for (let i = 0; i < 60; i++) {
  const state = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const action = tensor(random.uniform(32, -1, 1), { shape: [32, 1] });
  const reward = action.sub(state.mean(1, true)).square().neg();
  const target = reward.add(q(targetCritic, state, actor.forward(state).tanh()).mul(0.1)).detach();
  const criticLoss = q(critic, state, action).sub(target).square().mean();
  criticOptimizer.zeroGrad();
  criticLoss.backward();
  criticOptimizer.step();

  const actorLoss = q(critic, state, actor.forward(state).tanh()).mean().neg();
  actorOptimizer.zeroGrad();
  actorLoss.backward();
  actorOptimizer.step();
  criticOptimizer.zeroGrad();
  follow(targetCritic, critic, 0.05);
  losses.push(await criticLoss.item() as number);
}
