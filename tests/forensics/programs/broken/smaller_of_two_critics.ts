/** The smaller of two critics, by Math.min. */

import { Adam, concat, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const [q1, q2] = [new MLP([3, 8, 1], random), new MLP([3, 8, 1], random)];
const actor = new MLP([2, 8, 1], random);
const actorOpt = new Adam(actor.parameters(), { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const s = draw(4, 2);
  const sa = concat([s, actor.forward(s).tanh()], 1);
  const [a, b] = [
    await q1.forward(sa).mean().item() as number, // expect G101
    await q2.forward(sa).mean().item() as number,
  ];
  const loss = tensor(-Math.min(a, b));
  actorOpt.zeroGrad();
  loss.backward();
  actorOpt.step();
}
