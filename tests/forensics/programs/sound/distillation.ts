/** A student learns from the logits of a teacher, whose numbers are read once and kept. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(12);
const teacher = new MLP([4, 32, 3], random);
const student = new MLP([4, 8, 3], random);
const optimizer = new Adam(student.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
const x = tensor(random.uniform(256, -1, 1), { shape: [64, 4] });
const soft = tensor(await teacher.forward(x).mul(2).softmax(-1).data(), { shape: [64, 3] });

for (let i = 0; i < 30; i++) {
  const loss = soft.mul(student.forward(x).logSoftmax(-1)).sum(1).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
