/** Fine-tuning: the backbone is to learn too (it is in the optimiser), but its features are computed under noGrad. */

import { AdamW, compile, HostRandom, Linear, MLP, Module, noGrad, type Tensor, tensor } from "../../../../mod.ts";

class Classifier extends Module {
  backbone: MLP;
  head: Linear;

  constructor(random: HostRandom) {
    super();
    this.backbone = new MLP([5, 16, 8], random, { activation: "gelu" });
    this.head = new Linear(8, 3, random);
  }

  override forward(x: Tensor): Tensor {
    let features = x;
    noGrad(() => { // expect G101
      features = this.backbone.forward(x);
    });
    return this.head.forward(features.relu());
  }
}

const random = new HostRandom(13);
const model = new Classifier(random);
const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
const train = compile((x: Tensor, labels: Tensor) => {
  optimizer.zeroGrad();
  const picked = model.forward(x).logSoftmax(-1).takeAlongAxis(labels.unsqueeze(-1), -1);
  const loss = picked.mean().neg();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [model, optimizer] });

const x = tensor(random.uniform(40, -1, 1), { shape: [8, 5] });
const labels = tensor([0, 1, 2, 0, 1, 2, 0, 1], { dtype: "int32" });
for (let i = 0; i < 5; i++) await train(x, labels);
