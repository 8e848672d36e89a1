/** Running statistics are assigned in forward(), from features with a graph. */

import {
  Adam,
  HostRandom,
  Linear,
  Module,
  ones,
  Parameter,
  type Tensor,
  tensor,
  Variable,
  zeros,
} from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
class Norm extends Module {
  readonly weight = new Parameter(ones([8]), "weight");
  readonly running = new Variable(zeros([8]), "running");
  override forward(x: Tensor): Tensor {
    const mean = x.mean(0);
    this.running.assign(this.running.mul(0.9).add(mean.mul(0.1)));
    return x.sub(mean).div(x.std(0).add(1e-5)).mul(this.weight);
  }
}
class Net extends Module {
  readonly a = new Linear(3, 8, random);
  readonly norm = new Norm();
  readonly b = new Linear(8, 1, random);
  override forward(x: Tensor): Tensor {
    return this.b.forward(this.norm.forward(this.a.forward(x)).tanh());
  }
}
const net = new Net();
const opt = new Adam(net.parameters(), { lr: 2e-2 });
for (let i = 0; i < 30; i++) {
  const x = draw(16, 3);
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
