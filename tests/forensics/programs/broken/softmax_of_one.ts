/** Attention over the wrong axis: each softmax has one element, so every weight is 1. */

import { Adam, HostRandom, Linear, Module, type Tensor, tensor } from "../../../../mod.ts";

class Pooling extends Module {
  score: Linear;
  project: Linear;

  constructor(random: HostRandom) {
    super();
    this.score = new Linear(6, 1, random);
    this.project = new Linear(6, 2, random);
  }

  /** `[batch, time, 6]` to `[batch, 2]`. */
  override forward(x: Tensor): Tensor {
    const weights = this.score.forward(x).softmax(-1); // expect warning G110
    return this.project.forward(x.mul(weights).sum(1));
  }
}

const random = new HostRandom(28);
const pooling = new Pooling(random);
const optimizer = new Adam(pooling.parameters(), { lr: 1e-3 });
const x = tensor(random.uniform(4 * 5 * 6, -1, 1), { shape: [4, 5, 6] });
const y = tensor(random.uniform(8, -1, 1), { shape: [4, 2] });

for (let i = 0; i < 6; i++) {
  optimizer.zeroGrad();
  const loss = pooling.forward(x).sub(y).square().mean();
  loss.backward();
  optimizer.step();
  await loss.item();
}
