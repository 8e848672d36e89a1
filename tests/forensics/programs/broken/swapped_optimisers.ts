/** Actor's and critic's optimisers are swapped. */

import { Adam, Categorical, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const actor = new MLP([4, 8, 2], random), critic = new MLP([4, 8, 1], random);
const actorOpt = new Adam(critic.parameters(), { lr: 3e-4 }); // expect G504
const criticOpt = new Adam(actor.parameters(), { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const s = draw(6, 4);
  const actorLoss = new Categorical(actor.forward(s)).logProb(tensor(Int32Array.of(0, 1, 0, 1, 0, 1))).mean().neg();
  actorOpt.zeroGrad();
  actorLoss.backward();
  actorOpt.step();
  const criticLoss = critic.forward(s).sub(1).square().mean();
  criticOpt.zeroGrad();
  criticLoss.backward();
  criticOpt.step();
}
