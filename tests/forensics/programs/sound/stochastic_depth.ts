/** Stochastic depth: each residual block is left out of a batch with a probability of one half. */

import { Adam, HostRandom, Linear, Module, type Tensor, tensor } from "../../../../mod.ts";

class Deep extends Module {
  readonly input: Linear;
  readonly blocks: Linear[];
  readonly output: Linear;
  constructor(random: HostRandom) {
    super();
    this.input = new Linear(3, 12, random);
    this.blocks = [0, 1, 2, 3].map(() => new Linear(12, 12, random));
    this.output = new Linear(12, 1, random);
  }
  run(x: Tensor, keep: readonly boolean[]): Tensor {
    let h = this.input.forward(x);
    this.blocks.forEach((block, i) => {
      if (keep[i]) h = h.add(block.forward(h.tanh()));
    });
    return this.output.forward(h);
  }
  override forward(x: Tensor): Tensor {
    return this.run(x, [true, true, true, true]);
  }
}
const random = new HostRandom(9);
const net = new Deep(random);
const optimizer = new Adam(net.parameters(), { lr: 5e-3 });
export const losses: number[] = [];
for (let i = 0; i < 50; i++) {
  const x = tensor(random.uniform(48, -1, 1), { shape: [16, 3] });
  const loss = net.run(x, net.blocks.map(() => random.next() < 0.5)).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
