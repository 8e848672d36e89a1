/** REINFORCE whose first batches have no reward: nothing to learn from, and nothing wrong. */

import { Adam, Categorical, Generator, HostRandom, MLP, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const generator = new Generator(1);
const pi = new MLP([2, 8, 2], random);
const opt = new Adam(pi.parameters(), { lr: 2e-2 });
for (let i = 0; i < 40; i++) {
  const s = draw(32, 2);
  const d = new Categorical(pi.forward(s));
  const a = d.sample(generator.next());
  const reward = i < 3 ? zeros([32]) : a.cast("float32");
  const loss = d.logProb(a).mul(reward).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(1 - (await a.cast("float32").mean().item() as number));
  await loss.item();
}
