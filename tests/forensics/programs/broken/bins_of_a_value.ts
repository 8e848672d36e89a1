/** A value is put in bins, whose embeddings are looked up. */

import { Adam, HostRandom, Linear, MLP, Parameter, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const enc = new MLP([3, 8, 1], random);
const table = new Parameter(draw(10, 4), "table");
const head = new Linear(4, 1, random);
const opt = new Adam([...enc.parameters(), table, ...head.parameters()], { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const v = enc.forward(draw(6, 3)).sigmoid().squeeze(-1);
  const bin = v.mul(9.99).floor().cast("int32"); // expect G101
  const loss = head.forward(table.take(bin, 0)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
