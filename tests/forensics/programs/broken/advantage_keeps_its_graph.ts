/** A critic's target that is detached on the wrong side: the critic chases nothing. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(59);
const critic = new MLP([3, 16, 1], random);
const optimizer = new Adam(critic.parameters(), { lr: 1e-3 });

for (let i = 0; i < 3; i++) {
  const [state, next] = [0, 1].map(() => tensor(random.uniform(30, -1, 1), { shape: [10, 3] }));
  const reward = state!.sum(1, true);
  const target = reward.add(critic.forward(next!).detach("bootstrap").mul(0.99));
  const value = critic.forward(state!).detach(); // expect G101
  const loss = value.sub(target).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
