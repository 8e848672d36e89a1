/** Distillation with the teacher's parameters in the optimiser. */

import { HostRandom, MLP, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const teacher = new MLP([3, 16, 3], random), student = new MLP([3, 4, 3], random);
const opt = new SGD(teacher.parameters(), { lr: 0.1 }); // expect G504
for (let i = 0; i < 4; i++) {
  const x = draw(8, 3);
  const soft = teacher.forward(x).softmax(-1).detach("the teacher is given");
  const loss = soft.mul(student.forward(x).logSoftmax(-1)).sum(-1).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
