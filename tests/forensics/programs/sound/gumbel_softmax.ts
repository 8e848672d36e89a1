/** Hard choices with the Gumbel-softmax trick: argmax forward, softmax backward. */

import { Adam, Generator, HostRandom, MLP, oneHot, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(6);
const generator = new Generator(6);
const gate = new MLP([3, 16, 3], random);
const optimizer = new Adam(gate.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

function choose(logits: Tensor, temperature: number): Tensor {
  const noise = generator.uniform(logits.shape, 1e-6, 1 - 1e-6).log().neg().log().neg();
  const soft = logits.add(noise).div(temperature).softmax(-1);
  const hard = oneHot(soft.argmax(-1), 3);
  return hard.sub(soft.detach()).add(soft);
}

for (let i = 0; i < 60; i++) {
  const x = tensor(random.uniform(192, -1, 1), { shape: [64, 3] });
  const picked = choose(gate.forward(x), 1).mul(x).sum(1);
  const loss = picked.mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
