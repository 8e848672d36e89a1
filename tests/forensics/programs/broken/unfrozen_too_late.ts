/** A backbone is unfrozen after its optimiser was made, which has left it out. */

import { Adam, frozen, HostRandom, Linear, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const base = frozen(new Linear(3, 3, random));
const head = new Linear(3, 1, random);
const opt = new Adam([...base.parameters(), ...head.parameters()], { lr: 1e-2 }); // expect warning G503
for (let i = 0; i < 5; i++) {
  if (i === 2) { for (const p of base.parameters()) p.requiresGrad = true; }
  const loss = head.forward(base.forward(draw(4, 3)).tanh()).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  await loss.item();
}
