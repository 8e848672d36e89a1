/** PPO's early stop: the condition is made before the step, and read after it. Conditions of a log are read at the end. */

import { Adam, Categorical, Generator, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(27), generator = new Generator(27);
const policy = new MLP([4, 32, 3], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
for (let iteration = 0; iteration < 12; iteration++) {
  const states = tensor(random.uniform(256, -1, 1), { shape: [64, 4] });
  const acting = new Categorical(policy.forward(states)), actions = acting.sample(generator.next());
  const old = tensor(await acting.logProb(actions).data());
  const reward = actions.equal(states.slice(1, 0, 3).argmax(1)).cast("float32");
  losses.push(1 - (await reward.mean().item() as number));
  const advantage = reward.sub(reward.mean()).div(reward.std().add(1e-8));
  for (let epoch = 0; epoch < 4; epoch++) {
    const now = new Categorical(policy.forward(states)).logProb(actions), ratio = now.sub(old).exp();
    const isFar: Tensor = old.sub(now).mean().greater(0.05);
    const loss = ratio.mul(advantage).minimum(ratio.clamp(0.8, 1.2).mul(advantage)).mean().neg();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    if (await isFar.item()) break;
  }
}
