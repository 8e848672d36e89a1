/** Features are copied into a parameter of their own, so that they "require a gradient". */

import { Adam, HostRandom, MLP, Parameter, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(34);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const encoder = new MLP([3, 8, 4], random);
const optimizer = new Adam(encoder.parameters(), { lr: 1e-3 });

for (let i = 0; i < 3; i++) {
  const h = encoder.forward(draw(6, 3));
  const features = new Parameter(tensor(await h.toList())); // expect G101
  const loss = features.square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
