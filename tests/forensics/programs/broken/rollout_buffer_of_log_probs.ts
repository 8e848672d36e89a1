/** Log-probabilities with their graph are put into a rollout buffer. */

import { Adam, Categorical, Generator, HostRandom, MLP, RolloutBuffer, tensor } from "../../../../mod.ts";

const random = new HostRandom(33);
const generator = new Generator(33);
const policy = new MLP([4, 16, 3], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-3 });
const buffer = new RolloutBuffer();

for (let t = 0; t < 8; t++) {
  const observation = tensor(random.uniform(4, -1, 1), { shape: [1, 4] });
  const distribution = new Categorical(policy.forward(observation));
  const action = distribution.sample(generator.next());
  buffer.add({ observation, action, logProb: distribution.logProb(action) }); // expect G206
}

const batch = buffer.stack();
for (let epoch = 0; epoch < 4; epoch++) {
  const logProb = new Categorical(policy.forward(batch.observation!.squeeze(1))).logProb(batch.action!.squeeze(1));
  const loss = logProb.sub(batch.logProb!.squeeze(1)).exp().mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
