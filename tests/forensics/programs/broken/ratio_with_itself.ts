/** PPO whose old log-probabilities are those of the same network in the same pass: the ratio is 1, its gradient 0. */

import { Adam, Generator, HostRandom, MLP, Normal, Parameter, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(25);
const generator = new Generator(25);
const policy = new MLP([3, 16, 2], random);
const logStd = new Parameter(zeros([2]), "logStd");
const optimizer = new Adam([...policy.parameters(), logStd], { lr: 1e-3 });

for (let i = 0; i < 4; i++) {
  const states = tensor(random.uniform(36, -1, 1), { shape: [12, 3] });
  const advantage = tensor(random.uniform(12, -1, 1));
  const distribution = new Normal(policy.forward(states), logStd.exp().expand(12, 2));
  const action = distribution.sample(generator.next());
  const logProb = distribution.logProb(action).sum(1);
  const oldLogProb = distribution.logProb(action).sum(1);
  const ratio = logProb.sub(oldLogProb).exp(); // expect warning G110
  const clipped = ratio.clamp(0.8, 1.2);
  const loss = ratio.mul(advantage).minimum(clipped.mul(advantage)).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug(await loss.item());
}
