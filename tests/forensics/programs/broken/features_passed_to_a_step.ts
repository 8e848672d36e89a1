/** The encoder runs outside of the compiled step, which is handed its features. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(36);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const encoder = new MLP([4, 8, 3], random), head = new MLP([3, 1], random);
const optimizer = new Adam([...encoder.parameters(), ...head.parameters()], { lr: 1e-3 });
const update = compile((features: Tensor, target: Tensor) => {
  const loss = head.forward(features).sub(target).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [optimizer] });

for (let i = 0; i < 3; i++) {
  const features = encoder.forward(draw(6, 4)).relu(); // expect G101
  await update(features, draw(6, 1));
}
