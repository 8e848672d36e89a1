/** LoRA: B starts at 0, the rest is frozen; ReZero's alpha starts at 0. */

import { Adam, frozen, HostRandom, Linear, MLP, Parameter, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const base = frozen(new Linear(3, 3, random)),
  A = new Parameter(draw(2, 3), "A"),
  B = new Parameter(zeros([3, 2]), "B");
const branch = new MLP([3, 8, 3], random), alpha = new Parameter(tensor(0), "alpha");
const opt = new Adam([A, B, alpha, ...branch.parameters()], { lr: 1e-2 });
for (let i = 0; i < 40; i++) {
  const x = draw(16, 3);
  const y = base.forward(x).add(x.matmul(A.transpose()).matmul(B.transpose())).add(branch.forward(x).mul(alpha));
  const loss = y.sub(x.mul(2)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
