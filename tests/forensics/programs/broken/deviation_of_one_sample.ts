/** Advantages are brought to one scale, in a batch of one. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(39);
const critic = new MLP([3, 8, 1], random);
const optimizer = new Adam(critic.parameters(), { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const value = critic.forward(tensor(random.uniform(3), { shape: [1, 3] })).squeeze(-1);
  const spread = value.std(0); // expect G401
  const loss = value.sub(value.mean()).div(spread.add(1e-8)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug("loss", await loss.item());
}
