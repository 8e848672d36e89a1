/** Attention: the bias of the keys has no effect by design; batch normalisation after a layer with bias. */

import { Adam, HostRandom, Linear, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const q = new Linear(4, 4, random),
  k = new Linear(4, 4, random),
  v = new Linear(4, 4, random),
  out = new Linear(4, 1, random);
const opt = new Adam([q, k, v, out].flatMap((m) => m.parameters()), { lr: 1e-2 });
for (let i = 0; i < 30; i++) {
  const x = draw(8, 5, 4);
  const w = q.forward(x).matmul(k.forward(x).transpose()).div(2).softmax(-1);
  const h = out.forward(w.matmul(v.forward(x)).add(x));
  const loss = h.squeeze(-1).sub(x.sum(-1)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
