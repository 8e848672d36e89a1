/** A GAN whose fakes went through host arithmetic, before the other optimiser's step. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const G = new MLP([2, 8, 1], random), D = new MLP([1, 8, 1], random);
const og = new Adam(G.parameters(), { lr: 1e-3 }), od = new Adam(D.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const fake = tensor((await G.forward(draw(6, 2)).data()).map((v) => 2 * v), { shape: [6, 1] }); // expect warning G101
  const dl = D.forward(fake).softplus().mean().add(D.forward(draw(6, 1)).neg().softplus().mean());
  od.zeroGrad();
  dl.backward();
  od.step();
  const gl = D.forward(fake).neg().softplus().mean();
  og.zeroGrad();
  gl.backward();
  og.step();
}
