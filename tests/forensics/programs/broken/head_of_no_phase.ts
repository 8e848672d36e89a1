/** Two compiled phases of one optimiser; the third head is in neither. */

import { Adam, compile, HostRandom, Linear, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(14),
  trunk = new MLP([2, 8, 4], random),
  a = new Linear(4, 1, random),
  b = new Linear(4, 1, random);
const c = new Linear(4, 1, random);
const optimizer = new Adam([trunk, a, b, c].flatMap((x) => x.parameters()), { lr: 1e-2 });
const phase = (head: Linear) =>
  compile((x: Tensor) => {
    head.forward(trunk.forward(x)).square().mean().backward(); // expect warning G106
    optimizer.step();
  }, { state: [trunk, a, b, c, optimizer] });
const [first, second] = [phase(a), phase(b)];
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  await first(x);
  await second(x);
}
