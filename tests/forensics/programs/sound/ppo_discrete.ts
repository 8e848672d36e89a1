/** PPO on a contextual bandit: old log-probabilities and advantages are data, several epochs, clipping, entropy. */

import { Adam, Categorical, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(0);
const generator = new Generator(0);
const policy = new MLP([4, 32, 3], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

for (let iteration = 0; iteration < 12; iteration++) {
  const states = tensor(random.uniform(64 * 4, -1, 1), { shape: [64, 4] });
  const acting = new Categorical(policy.forward(states));
  const actions = acting.sample(generator.next());
  const oldLogProb = tensor(await acting.logProb(actions).data());
  const right = states.slice(1, 0, 3).argmax(1);
  const reward = actions.equal(right).cast("float32");
  losses.push(1 - (await reward.mean().item() as number));
  const advantage = reward.sub(reward.mean()).div(reward.std().add(1e-8));
  for (let epoch = 0; epoch < 4; epoch++) {
    const now = new Categorical(policy.forward(states));
    const ratio = now.logProb(actions).sub(oldLogProb).exp();
    const surrogate = ratio.mul(advantage).minimum(ratio.clamp(0.8, 1.2).mul(advantage));
    const loss = surrogate.mean().neg().sub(now.entropy().mean().mul(0.01));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.clipGradNorm(0.5);
    optimizer.step();
  }
}
