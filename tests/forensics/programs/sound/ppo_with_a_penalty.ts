/** PPO with a penalty: how far the policy has moved is the mean of log-probabilities that were read, less what they are now. */

import { Adam, Categorical, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(2);
const policy = new MLP([2, 16, 3], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 12; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const acting = new Categorical(policy.forward(s)), drawn = acting.sample(random.key());
  const before = await acting.logProb(drawn).data(), action = tensor(await drawn.data(), { dtype: "int32" });
  const reward = action.equal(1).cast("float32");
  const advantage = reward.sub(reward.mean());
  for (let epoch = 0; epoch < 3; epoch++) {
    const old = tensor(before), logProb = new Categorical(policy.forward(s)).logProb(action);
    const gain = logProb.sub(old).exp().mul(advantage).mean();
    const loss = old.sub(logProb).mean().mul(0.1).sub(gain);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  losses.push(-Number(await reward.mean().item()));
}
