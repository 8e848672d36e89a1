/** A layer in a private field is invisible to parameters(). */

import { Adam, HostRandom, Linear, Module, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
class Net extends Module {
  readonly #gate = new Linear(3, 3, random);
  readonly out = new Linear(3, 1, random);
  override forward(x: Tensor): Tensor {
    return this.out.forward(this.#gate.forward(x).tanh());
  }
}
const net = new Net();
const opt = new Adam(net.parameters(), { lr: 1e-3 }); // expect warning G503
for (let i = 0; i < 3; i++) {
  const loss = net.forward(draw(4, 3)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  await loss.item();
}
