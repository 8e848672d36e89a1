/** Actor-critic in one loss: the values are read, and are data in the advantage; they are alive in the value loss. */

import { Adam, Categorical, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(18), generator = new Generator(18);
const actor = new MLP([4, 16, 3], random), critic = new MLP([4, 16, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const s = tensor(random.uniform(128, -1, 1), { shape: [32, 4] });
  const policy = new Categorical(actor.forward(s)), action = policy.sample(generator.next());
  const reward = action.equal(s.slice(1, 0, 3).argmax(1)).cast("float32");
  const value = critic.forward(s).squeeze(1);
  const advantage = reward.sub(tensor(await value.data()));
  const loss = value.sub(reward).square().mean().sub(policy.logProb(action).mul(advantage).mean());
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(1 - (await reward.mean().item() as number));
}
