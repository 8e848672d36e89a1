/** Two trainings in a row, as in a notebook: the first is sound and logs its loss, the second reads what it should keep. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(40);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const critic = new MLP([3, 8, 1], random);
const criticOptimizer = new Adam(critic.parameters(), { lr: 1e-2 });
for (let i = 0; i < 3; i++) {
  const loss = critic.forward(draw(8, 3)).sub(1).square().mean();
  criticOptimizer.zeroGrad();
  loss.backward();
  criticOptimizer.step();
  console.debug("critic", await loss.item());
}
console.debug("at last", await critic.forward(draw(8, 3)).mean().item());

const value = new MLP([3, 8, 1], random);
const optimizer = new Adam(value.parameters(), { lr: 1e-2 });
const numbers = await value.forward(draw(8, 3)).data() as Float32Array; // expect G101
const loss = tensor(numbers.map((x) => (x - 1) ** 2)).mean();
optimizer.zeroGrad();
loss.backward();
optimizer.step();
