/** GAE of several agents: done has one entry for each environment, reward one for each agent. */

import { HostRandom, MLP, SGD, type Tensor, tensor, zeros } from "../../../../mod.ts";

const [envs, time, agents] = [4, 4, 4];
const random = new HostRandom(41);
const critic = new MLP([5, 8, 1], random);
const optimizer = new SGD(critic.parameters(), { lr: 0.01 });

function tdTarget(reward: Tensor, done: Tensor, nextValue: Tensor): Tensor {
  const running = done.neg().add(1);
  return reward.add(nextValue.mul(running).mul(0.99)); // expect G303
}

const axes = ["env", "time", "agent", null];
const observation = tensor(random.uniform(envs * time * agents * 5), { shape: [envs, time, agents, 5], axes });
const reward = tensor(random.uniform(envs * time * agents), { shape: [envs, time, agents, 1], axes });
const done = zeros([envs, time, 1], { axes: ["env", "time", null] });

const value = critic.forward(observation);
const loss = value.sub(tdTarget(reward, done, value.detach("bootstrap"))).square().mean();
optimizer.zeroGrad();
loss.backward();
optimizer.step();
