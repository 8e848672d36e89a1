/** A replay buffer of targets that were computed with their graph. */

import { Adam, concat, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const q = new MLP([3, 8, 2], random);
const opt = new Adam(q.parameters(), { lr: 1e-3 });
const replay: { s: Tensor; y: Tensor }[] = [];
for (let i = 0; i < 6; i++) {
  const s = draw(1, 3), s2 = draw(1, 3);
  replay.push({ s, y: q.forward(s2).max(1).mul(0.9).add(1) }); // expect G204
  const batch = replay.slice(-3);
  const loss = q.forward(concat(batch.map((b) => b.s))).max(1).sub(concat(batch.map((b) => b.y))).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
