/** The critic has an optimiser of its own, which steps; its loss was never written. */

import { Adam, Categorical, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(2), generator = new Generator(2);
const actor = new MLP([4, 8, 2], random), critic = new MLP([4, 8, 1], random);
const actorOptimizer = new Adam(actor.parameters(), { lr: 1e-3 });
const criticOptimizer = new Adam(critic.parameters(), { lr: 1e-3 }); // expect warning G106
for (let i = 0; i < 3; i++) {
  const s = tensor(random.uniform(24, -1, 1), { shape: [6, 4] });
  const policy = new Categorical(actor.forward(s)), a = policy.sample(generator.next());
  const loss = policy.logProb(a).mul(a.cast("float32").sub(0.5)).mean().neg();
  actorOptimizer.zeroGrad();
  criticOptimizer.zeroGrad();
  loss.backward();
  actorOptimizer.step();
  criticOptimizer.step();
}
