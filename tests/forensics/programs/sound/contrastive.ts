/** SimCLR's loss with one tower, and BYOL's target by moving average. */

import { Adam, arange, frozen, HostRandom, MLP, noGrad, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(15);
const tower = new MLP([6, 32, 4], random, { activation: "relu" });
const slow = frozen(new MLP([6, 32, 4], random, { activation: "relu" }));
const optimizer = new Adam(tower.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

const unit = (x: Tensor): Tensor => x.div(x.norm(-1, true).add(1e-6));

for (let i = 0; i < 30; i++) {
  const x = tensor(random.uniform(96, -1, 1), { shape: [16, 6] });
  const view = (): Tensor => x.add(tensor(random.uniform(96, -0.1, 0.1), { shape: [16, 6] }));
  const left = unit(tower.forward(view()));
  const right = noGrad(() => unit(slow.forward(view())));
  const logits = left.matmul(right.transpose()).mul(5);
  const loss = logits.logSoftmax(-1).takeAlongAxis(arange(16).unsqueeze(1), 1).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  slow.parameters().forEach((p, k) => p.assign(p.mul(0.9).add(tower.parameters()[k]!.mul(0.1))));
  losses.push(await loss.item() as number);
}
