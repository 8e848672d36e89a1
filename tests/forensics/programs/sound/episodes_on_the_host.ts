/** REINFORCE with a baseline in a world of the host, whose places are plain multiples of the actions that were read. */

import { Adam, Categorical, HostRandom, MLP, stack, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(8);
const policy = new MLP([1, 16, 2], random);
const optimizer = new Adam(policy.parameters(), { lr: 2e-2 });
export const losses: number[] = [];
let baseline = 0;
for (let episode = 0; episode < 40; episode++) {
  const logProbs: Tensor[] = [], rewards: number[] = [];
  let place = 0.5;
  for (let t = 0; t < 6; t++) {
    const choice = new Categorical(policy.forward(tensor([[place]])));
    const action = choice.sample(random.key());
    const side = await action.item() as number;
    place += (side - 0.5) * 0.2;
    logProbs.push(choice.logProb(action));
    rewards.push(-Math.abs(place - 1));
  }
  let sum = 0;
  const returns = rewards.toReversed().map((reward) => sum = reward + 0.9 * sum).reverse();
  const mean = returns.reduce((a, b) => a + b) / returns.length;
  const loss = stack(logProbs.map((x, t) => x.mul(baseline - returns[t]!))).sum();
  baseline += 0.1 * (mean - baseline);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(-mean);
}
