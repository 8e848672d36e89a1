/** An auxiliary head joins at step 3, as was said. */

import { Adam, HostRandom, joinsLater, Linear, MLP, Module, type Tensor, tensor } from "../../../../mod.ts";

class Net extends Module {
  readonly trunk: MLP;
  readonly head: Linear;
  readonly auxiliary: Linear;
  constructor(random: HostRandom) {
    super();
    this.trunk = new MLP([3, 16, 8], random);
    this.head = new Linear(8, 1, random);
    this.auxiliary = new Linear(8, 3, random);
  }
  override forward(x: Tensor): Tensor {
    return this.trunk.forward(x).tanh();
  }
}
const random = new HostRandom(5);
const net = new Net(random);
joinsLater(net.auxiliary);
const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  const x = tensor(random.uniform(48, -1, 1), { shape: [16, 3] });
  const h = net.forward(x);
  const main = net.head.forward(h).sub(x.sum(1, true)).square().mean();
  let loss = main;
  if (i >= 3) loss = loss.add(net.auxiliary.forward(h).sub(x).square().mean().mul(0.1));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await main.item() as number);
}
