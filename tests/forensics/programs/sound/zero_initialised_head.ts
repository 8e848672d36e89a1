/** A policy whose last layer starts at zero, and a residual branch whose scale does: both are at rest in the first step. */

import {
  compile,
  HostRandom,
  Linear,
  MLP,
  Module,
  Parameter,
  SGD,
  type Tensor,
  tensor,
  zeros,
} from "../../../../mod.ts";

class Net extends Module {
  readonly trunk: MLP;
  readonly branch: Linear;
  readonly scale = new Parameter(zeros([]), "scale");
  readonly head: Linear;

  constructor(random: HostRandom) {
    super();
    this.trunk = new MLP([3, 16, 8], random);
    this.branch = new Linear(8, 8, random);
    const nought = { weightInit: (_: HostRandom, shape: readonly number[]) => zeros(shape), biasInit: null };
    this.head = new Linear(8, 1, random, nought);
  }

  override forward(x: Tensor): Tensor {
    const h = this.trunk.forward(x).tanh();
    return this.head.forward(h.add(this.branch.forward(h).mul(this.scale)));
  }
}

const random = new HostRandom(8);
const net = new Net(random);
const optimizer = new SGD(net.parameters(), { lr: 0.2, momentum: 0.9 });
export const losses: number[] = [];
const step = compile((x: Tensor, y: Tensor) => {
  const loss = net.forward(x).sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });

for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(48, -1, 1), { shape: [16, 3] });
  losses.push(await (await step(x, x.sum(1, true))).item() as number);
}
