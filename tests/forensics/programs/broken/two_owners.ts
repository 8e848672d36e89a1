/** The shared encoder is given to both optimisers. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(61);
const encoder = new MLP([4, 16, 8], random);
const actor = new MLP([8, 8, 2], random);
const critic = new MLP([8, 8, 1], random);
const actorOptimizer = new Adam([...encoder.parameters(), ...actor.parameters()], { lr: 3e-4 });
const criticOptimizer = new Adam([...encoder.parameters(), ...critic.parameters()], { lr: 1e-3 }); // expect G501

const h = encoder.forward(tensor(random.uniform(8), { shape: [2, 4] }));
for (const [net, optimizer] of [[actor, actorOptimizer], [critic, criticOptimizer]] as const) {
  optimizer.zeroGrad();
  net.forward(h).square().mean().backward();
  optimizer.step();
}
