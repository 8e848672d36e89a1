/** Everything is read for the log, before and during training. */

import { AdamW, HostRandom, Linear, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const enc = new MLP([3, 8, 4], random), head = new Linear(4, 1, random);
const opt = new AdamW([...enc.parameters(), ...head.parameters()], { lr: 1e-2 });
const x = draw(16, 3), y = x.sum(1, true);
console.debug(await enc.forward(x).data(), await head.weight.toList());
for (let i = 0; i < 20; i++) {
  const h = enc.forward(x).tanh();
  console.debug(await h.abs().mean().item(), [...await head.bias!.data()].map((v) => v.toFixed(2)));
  const pred = head.forward(h);
  const acc = pred.sub(y).abs().less(0.1).cast("float32").mean();
  const loss = pred.sub(y).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
  console.debug(await acc.item());
}
