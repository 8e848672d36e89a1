/** Actor and critic on a shared encoder: the actor's loss is made before the critic's step, and differentiated after it. */

import { Adam, HostRandom, MLP, stopGradient, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(31);
const encoder = new MLP([4, 16, 8], random);
const actor = new MLP([8, 8, 1], random);
const critic = new MLP([8, 8, 1], random);
const criticOptimizer = new Adam([...encoder.parameters(), ...critic.parameters()], { lr: 1e-3 });
const actorOptimizer = new Adam(actor.parameters(), { lr: 1e-3 });

function losses(state: Tensor): { actorLoss: Tensor; criticLoss: Tensor } {
  const latent = encoder.forward(state).tanh();
  const value = critic.forward(latent);
  const criticLoss = value.sub(1).square().mean();
  const advantage = stopGradient(value, "the actor does not train the critic");
  const actorLoss = actor.forward(latent).mul(advantage).mean().neg(); // expect G201
  return { actorLoss, criticLoss };
}

for (let i = 0; i < 3; i++) {
  const { actorLoss, criticLoss } = losses(tensor(random.uniform(24, -1, 1), { shape: [6, 4] }));
  criticOptimizer.zeroGrad();
  criticLoss.backward();
  criticOptimizer.step();
  actorOptimizer.zeroGrad();
  actorLoss.backward();
  actorOptimizer.step();
}
