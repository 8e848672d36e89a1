/** A centre of the features (DINO's) is a moving average that keeps the graphs of all steps. */

import { Adam, HostRandom, MLP, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(36);
const student = new MLP([4, 16, 8], random);
const optimizer = new Adam(student.parameters(), { lr: 1e-3 });
let centre: Tensor = zeros([8]);

for (let i = 0; i < 4; i++) {
  const views = tensor(random.uniform(40, -1, 1), { shape: [10, 4] });
  const output = student.forward(views);
  const loss = output.sub(centre).square().mean().neg().exp();
  centre = centre.mul(0.9).add(output.mean(0).mul(0.1)); // expect G204
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
