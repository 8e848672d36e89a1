/** A step of gradient descent inside of the loss: the initial weights and the inner learning rate learn. */

import { Adam, gradients, HostRandom, Parameter, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(14);
const slope = new Parameter(tensor(0.1), "slope");
const shift = new Parameter(zeros([]), "shift");
const logRate = new Parameter(tensor(-3), "logRate");
const optimizer = new Adam([slope, shift, logRate], { lr: 5e-2 });
export const losses: number[] = [];

const fit = (a: Tensor, b: Tensor, x: Tensor, y: Tensor): Tensor => x.mul(a).add(b).sub(y).square().mean();

for (let i = 0; i < 40; i++) {
  const tasks = Array.from({ length: 4 }, () => {
    const [a, b] = [2 + random.next(), random.next()];
    const x = tensor(random.uniform(10, -1, 1));
    const y = x.mul(a).add(b);
    const [da, db] = gradients(fit(slope, shift, x, y), [slope, shift]);
    const rate = logRate.exp();
    return fit(slope.sub(da!.mul(rate)), shift.sub(db!.mul(rate)), x, y);
  });
  const loss = tasks.reduce((a, b) => a.add(b)).div(4);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
