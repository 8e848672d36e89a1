/** A gate picks one of three experts by argmax: the experts learn, the gate does not. */

import { Adam, HostRandom, MLP, Module, oneHot, stack, type Tensor, tensor } from "../../../../mod.ts";

class Mixture extends Module {
  gate: MLP;
  experts: MLP[];

  constructor(random: HostRandom) {
    super();
    this.gate = new MLP([3, 8, 3], random);
    this.experts = [0, 1, 2].map(() => new MLP([3, 8, 1], random));
  }

  override forward(x: Tensor): Tensor {
    const outputs = stack(this.experts.map((expert) => expert.forward(x).squeeze(-1)), 1);
    const chosen = this.gate.forward(x).argmax(-1); // expect G101
    return outputs.mul(oneHot(chosen, 3)).sum(1);
  }
}

const random = new HostRandom(9);
const mixture = new Mixture(random);
const optimizer = new Adam(mixture.parameters(), { lr: 1e-3 });
const x = tensor(random.uniform(60, -1, 1), { shape: [20, 3] });
const y = x.select(1, 0).abs();

for (let i = 0; i < 10; i++) {
  optimizer.zeroGrad();
  const loss = mixture.forward(x).sub(y).square().mean();
  loss.backward();
  optimizer.step();
}
