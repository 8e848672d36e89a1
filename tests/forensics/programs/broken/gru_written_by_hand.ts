/** A recurrent cell of one's own, which cuts its reset gate off; it runs in a scan, in a module, in a loss. */

import { Adam, concat, HostRandom, Linear, Module, scan, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(32);

class Gru extends Module {
  readonly reset = new Linear(5, 3, random);
  readonly update = new Linear(5, 3, random);
  readonly candidate = new Linear(5, 3, random);

  #step(h: Tensor, x: Tensor): Tensor {
    const both = concat([h, x], 1);
    const r = this.reset.forward(both).sigmoid().detach(); // expect G101
    const z = this.update.forward(both).sigmoid();
    const next = this.candidate.forward(concat([h.mul(r), x], 1)).tanh();
    return h.mul(z).add(next.mul(z.neg().add(1)));
  }

  override forward(xs: Tensor): Tensor {
    const [h] = scan((h: Tensor, x: Tensor) => [this.#step(h, x), x], zeros([4, 3]), xs);
    return h;
  }
}

const gru = new Gru();
const optimizer = new Adam(gru.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const xs = tensor(random.uniform(48, -1, 1), { shape: [6, 4, 2] });
  const loss = gru.forward(xs).sub(1).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
