/** How hard the tasks are follows from the success that was read from the policy. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const pi = new MLP([2, 16, 1], random);
const opt = new Adam(pi.parameters(), { lr: 1e-2 });
let difficulty = 0.1;
for (let i = 0; i < 40; i++) {
  const s = draw(32, 2).mul(difficulty);
  const a = pi.forward(s);
  const error = a.sub(s.sum(1, true)).abs();
  const loss = error.mean().div(difficulty);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  const success = await error.less(0.1 * difficulty).cast("float32").mean().item() as number;
  difficulty = Math.min(1, difficulty * (1 + 0.1 * success));
  losses.push(await loss.item() as number);
}
