/** One optimiser for actor and critic; the critic is warmed up before the actor learns. Actions are read for the simulator. */

import { Adam, Generator, HostRandom, joinsLater, MLP, Normal, onesLike, tensor } from "../../../../mod.ts";

const random = new HostRandom(7), generator = new Generator(7);
const actor = joinsLater(new MLP([2, 16, 1], random)), critic = new MLP([2, 16, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const loc = actor.forward(s);
  const policy = new Normal(loc, onesLike(loc).mul(0.3));
  const action = policy.sample(generator.next());
  const taken = await action.data(), seen = await s.data();
  const reward = tensor(Float32Array.from(taken, (a, k) => -((a - seen[2 * k]!) ** 2)), { shape: [32, 1] });
  const value = critic.forward(s);
  let loss = value.sub(reward).square().mean();
  losses.push(await loss.item() as number);
  if (i >= 10) loss = loss.sub(policy.logProb(action).mul(reward.sub(value.detach("baseline"))).mean());
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
