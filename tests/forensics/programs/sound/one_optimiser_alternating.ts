/** Actor and critic in one optimiser, each with a step of its own. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(2);
const actor = new MLP([2, 16, 1], random);
const critic = new MLP([2, 16, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-2 });
export const losses: number[] = [];

for (let i = 0; i < 30; i++) {
  const x = tensor(random.uniform(32, -1, 1), { shape: [16, 2] });
  const criticLoss = critic.forward(x).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  criticLoss.backward();
  optimizer.step();

  const advantage = critic.forward(x).detach("the actor does not move the critic");
  const actorLoss = actor.forward(x).sub(advantage).square().mean();
  optimizer.zeroGrad();
  actorLoss.backward();
  optimizer.step();
  losses.push(await criticLoss.item() as number);
}
