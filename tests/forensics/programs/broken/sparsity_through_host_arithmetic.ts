/** An auxiliary network's activity is penalised, in numbers of the host. */

import { HostRandom, Linear, Module, SGD, type Tensor, tensor } from "../../../../mod.ts";

class Encoder extends Module {
  hidden: Linear;
  code: Linear;

  constructor(random: HostRandom) {
    super();
    this.hidden = new Linear(6, 12, random);
    this.code = new Linear(12, 3, random);
  }

  override forward(x: Tensor): Tensor {
    return this.code.forward(this.hidden.forward(x).relu());
  }
}

async function sparsity(encoder: Encoder, x: Tensor): Promise<number> {
  const activity = await encoder.forward(x).abs().mean().item() as number; // expect warning G101
  return 0.1 * (3 * activity + 1);
}

const random = new HostRandom(1);
const [encoder, classifier] = [new Encoder(random), new Linear(6, 2, random)];
const optimizer = new SGD([...encoder.parameters(), ...classifier.parameters()], { lr: 0.05, momentum: 0.9 });
const x = tensor(random.uniform(60, -1, 1), { shape: [10, 6] });
const y = tensor(random.uniform(20, -1, 1), { shape: [10, 2] });

for (let epoch = 0; epoch < 5; epoch++) {
  optimizer.zeroGrad();
  const fit = classifier.forward(x).sub(y).square().mean();
  const loss = fit.add(await sparsity(encoder, x));
  loss.backward();
  optimizer.step();
}
