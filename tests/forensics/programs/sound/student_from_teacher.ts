/** Distillation: the student starts as a copy of the teacher; labels come later. */

import { Adam, frozen, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const teacher = frozen(new MLP([3, 16, 2], random)), student = new MLP([3, 16, 2], random);
student.parameters().forEach((p, i) => p.assign(teacher.parameters()[i]!));
const opt = new Adam(student.parameters(), { lr: 1e-2 });
for (let i = 0; i < 30; i++) {
  const x = draw(16, 3);
  const soft = teacher.forward(x).logSoftmax(-1), own = student.forward(x).logSoftmax(-1);
  const kl = soft.exp().mul(soft.sub(own)).sum(-1).mean();
  const hard = own.select(-1, 0).mean().neg();
  const loss = i < 3 ? kl : kl.mul(0.1).add(hard);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i >= 3) losses.push(await loss.item() as number);
  else await loss.item();
}
