/** A double where() keeps a log finite, a mask of -Infinity a softmax; an empty mask comes first. */

import { compile, HostRandom, MLP, SGD, type Tensor, tensor, where } from "../../../../mod.ts";

const random = new HostRandom(18);
const model = new MLP([3, 16, 4], random);
const optimizer = new SGD(model.parameters(), { lr: 0.3 });
export const losses: number[] = [];

const step = compile((x: Tensor, allowed: Tensor, count: Tensor) => {
  const p = where(allowed, model.forward(x), -Infinity).softmax(-1);
  const seen = count.greater(0);
  const logs = where(seen, where(seen, p, 1).log(), 0);
  const loss = count.mul(logs).sum(-1).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, optimizer] });

for (let i = 0; i < 30; i++) {
  const x = tensor(random.uniform(24, -1, 1), { shape: [8, 3] });
  const allowed = tensor([true, true, false, true]).unsqueeze(0).expand(8, 4);
  await step(x, allowed, tensor([0, 0, 0, 0]).unsqueeze(0).expand(8, 4));
  losses.push(await (await step(x, allowed, tensor([3, 1, 0, 0]).unsqueeze(0).expand(8, 4))).item() as number);
}
