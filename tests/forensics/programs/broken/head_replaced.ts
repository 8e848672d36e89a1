/** Fine-tuning: the head is replaced after the optimiser was made. */

import { Adam, HostRandom, Linear, MLP, Module, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
class Classifier extends Module {
  readonly backbone = new MLP([4, 16, 8], random);
  head = new Linear(8, 10, random);
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.backbone.forward(x).tanh());
  }
}
const model = new Classifier();
const opt = new Adam(model.parameters(), { lr: 1e-3 }); // expect G504
model.head = new Linear(8, 2, random);
for (let i = 0; i < 2; i++) {
  const loss = model.forward(draw(4, 4)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
