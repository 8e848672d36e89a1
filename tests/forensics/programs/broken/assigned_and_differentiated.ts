/** A running state is kept in a variable, and the loss is made of the variable. */

import { Adam, HostRandom, MLP, type Tensor, tensor, Variable, zeros } from "../../../../mod.ts";

const random = new HostRandom(37);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const net = new MLP([3, 8, 2], random), head = new MLP([2, 1], random);
const optimizer = new Adam([...net.parameters(), ...head.parameters()], { lr: 1e-3 });
const memory = new Variable(zeros([4, 2]), "memory");

for (let i = 0; i < 3; i++) {
  memory.assign(net.forward(draw(4, 3)).tanh()); // expect G101
  const loss = head.forward(memory).sub(1).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
