/** A policy that chooses among one action. */

import { Categorical, HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pi = new MLP([3, 8, 1], random);
const opt = new SGD(pi.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const policy = new Categorical(pi.forward(draw(6, 3))); // expect warning G110
  const loss = policy.logProb(tensor([0, 0, 0, 0, 0, 0], { dtype: "int32" })).mul(draw(6)).mean().neg().add(0.5);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  await loss.item();
}
