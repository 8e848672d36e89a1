/** A residual network whose second block is made, and forgotten in forward(). */

import { Adam, HostRandom, LayerNorm, Linear, Module, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(20);

class ResidualNet extends Module {
  readonly input = new Linear(4, 16, random);
  readonly block1 = new Linear(16, 16, random);
  readonly block2 = new Linear(16, 16, random); // expect warning G106
  readonly norm = new LayerNorm(16);
  readonly output = new Linear(16, 1, random);

  override forward(x: Tensor): Tensor {
    let h = this.input.forward(x);
    h = h.add(this.block1.forward(h.tanh()));
    h = h.add(this.block1.forward(h.tanh()));
    return this.output.forward(this.norm.forward(h));
  }
}

const net = new ResidualNet();
const optimizer = new Adam(net.parameters(), { lr: 1e-3 });
const x = tensor(random.uniform(48, -1, 1), { shape: [12, 4] });
const y = x.mean(1, true);

for (let i = 0; i < 5; i++) {
  optimizer.zeroGrad();
  const loss = net.forward(x).sub(y).square().mean();
  loss.backward();
  optimizer.step();
}
