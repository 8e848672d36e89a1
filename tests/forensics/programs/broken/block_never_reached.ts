/** Off by one: the loop over the blocks leaves the last one out. */

import { Adam, HostRandom, Linear, Module, type Tensor, tensor } from "../../../../mod.ts";

class Deep extends Module {
  readonly blocks: Linear[];
  readonly output: Linear;
  constructor(random: HostRandom) {
    super();
    this.blocks = [0, 1, 2].map(() => new Linear(4, 4, random)); // expect warning G106
    this.output = new Linear(4, 1, random);
  }
  override forward(x: Tensor): Tensor {
    for (let i = 0; i < this.blocks.length - 1; i++) x = this.blocks[i]!.forward(x).tanh();
    return this.output.forward(x);
  }
}
const random = new HostRandom(1), net = new Deep(random), optimizer = new Adam(net.parameters(), { lr: 1e-2 });
for (let i = 0; i < 12; i++) {
  const x = tensor(random.uniform(32, -1, 1), { shape: [8, 4] });
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
