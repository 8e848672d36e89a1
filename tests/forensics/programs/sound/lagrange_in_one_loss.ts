/** Policy and multiplier in one backward(): each is a number in the other's term. */

import { Adam, HostRandom, MLP, Parameter, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(21);
const policy = new MLP([2, 16, 1], random), lambda = new Parameter(tensor(0.37), "lambda");
const optimizer = new Adam(policy.parameters(), { lr: 1e-2 }), dual = new SGD([lambda], { lr: 0.05 });
export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const action = policy.forward(s);
  const task = action.sub(s.sum(1, true)).square().mean(), cost = action.square().mean();
  const weight = await lambda.item() as number, paid = await cost.item() as number;
  const loss = task.add(cost.sub(0.5).mul(weight)).sub(lambda.mul(tensor(paid).sub(0.5)));
  optimizer.zeroGrad();
  dual.zeroGrad();
  loss.backward();
  optimizer.step();
  dual.step();
  losses.push(await task.item() as number);
}
