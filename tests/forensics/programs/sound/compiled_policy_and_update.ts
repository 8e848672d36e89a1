/** PPO in two compiled functions: what acts gives values and log-probabilities, which the update takes as data. */

import { Adam, Categorical, compile, Generator, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(51);
const keys = new Generator(51);
const actor = new MLP([3, 16, 2], random), critic = new MLP([3, 16, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-2 });
const act = compile((s: Tensor) => {
  const policy = new Categorical(actor.forward(s));
  const action = policy.sample(keys.next());
  return { action, logProb: policy.logProb(action), value: critic.forward(s).squeeze(-1) };
}, { state: [actor, critic, keys] });
const update = compile((s: Tensor, action: Tensor, old: Tensor, value: Tensor, reward: Tensor) => {
  const advantage = reward.sub(value);
  const ratio = new Categorical(actor.forward(s)).logProb(action).sub(old).exp();
  const gain = ratio.mul(advantage).minimum(ratio.clamp(0.8, 1.2).mul(advantage)).mean();
  const valueLoss = critic.forward(s).squeeze(-1).sub(reward).square().mean();
  optimizer.zeroGrad();
  valueLoss.sub(gain).backward();
  optimizer.step();
  return valueLoss;
}, { state: [optimizer] });

export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const s = tensor(random.uniform(96, -1, 1), { shape: [32, 3] });
  const { action, logProb, value } = await act(s);
  // The first action is right where the first number is positive.
  const reward = s.select(1, 0).greater(0).cast("int32").add(action).equal(1).cast("float32");
  const loss = await update(s, action, logProb, value, reward);
  losses.push(await loss.item() as number);
}
